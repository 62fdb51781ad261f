/** Damage to a data directory, and the running servers that make one worth damaging. */

import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { command, type Outcome } from '../cli/support.ts'

/** What a refused start must leave as it was: everything that was signed, and what remembers it. */
export function signedState(dir: string): unknown {
  const ratchets = readdirSync(join(dir, 'ratchet')).map((name) => readFileSync(join(dir, 'ratchet', name), 'hex'))
  return { ratchets, notes: notesOf(join(dir, 'log.db')) }
}

function notesOf(path: string): unknown {
  try {
    const db = new Sqlite(path, { readonly: true, fileMustExist: true })
    try {
      return db.prepare('SELECT log, size, hex(note) FROM newest_checkpoint').all()
    } finally {
      db.close()
    }
  } catch (error) {
    return (error as Error).message // as unreadable after as before
  }
}

/** Starts, and stops at once when it is not refused. */
export async function tryServe(dir: string, ...flags: readonly string[]): Promise<Outcome> {
  const argv = ['serve', '--listen', '127.0.0.1:0', '--data', dir, '--log-level', 'silent', ...flags]
  return await command(argv, {}, 'at once')
}

export function fsck(dir: string): Promise<Outcome> {
  return command(['fsck', '--data', dir])
}

export function copyOf(dir: string, to: string): string {
  cpSync(dir, to, { recursive: true })
  return to
}

export function flipBit(path: string, at: number, bit = 0): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
  writeFileSync(path, bytes)
}

/** Changes rows as someone with the file in hand can: the triggers that forbid it are put back afterwards. */
export function edit(dir: string, sql: string): void {
  const db = new Sqlite(join(dir, 'log.db'))
  const triggers = db
    .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    .all()
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`)
  db.exec(sql)
  for (const trigger of triggers) db.exec(trigger.sql)
  db.close()
}

/** What nothing else in a log implies, and so nothing can check. */
const UNCHECKED = ['time_ms', 'created_ms', 'source']

/** Every row of every table, but for UNCHECKED: two databases with the same answer say the same. */
export function rowsOf(dir: string): unknown {
  const db = new Sqlite(join(dir, 'log.db'), { readonly: true })
  try {
    const tables = [
      'log',
      'leaf',
      'leaf_hash',
      'lookup',
      'tile',
      'head',
      'newest_checkpoint',
      'checkpoint',
      'attachment',
      'retirement',
      'compromise',
    ]
    return tables.map((table) => {
      const columns = db.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck().all(table)
      const shown = columns.filter((column) => !UNCHECKED.includes(column))
      return db.prepare(`SELECT ${shown} FROM ${table}`).raw().all()
    })
  } finally {
    db.close()
  }
}
