/** The logs of a SQLite database. */

import type { Database } from 'better-sqlite3'
import type { UnixMillis } from '../../kernel/brand.ts'
import { TlogError } from '../../kernel/error.ts'
import { EMPTY_ROOT } from '../../kernel/hash.ts'
import type { LogStore } from '../../log/ports.ts'
import { checkSlug, type LogRecord, MAX_LOGS, type MovableDatabase, type NewLog } from '../database.ts'
import { storeError } from './failure.ts'
import { createStandings } from './standing.ts'
import { createStore } from './store.ts'
import { createTarget } from './target.ts'
import { createWriter } from './writer.ts'

const RECORDS = `
  SELECT number, slug, dialect, origin, log.vkey, ecdsa_key.spki AS ecdsaKey, ml_dsa_key.vkey AS mlDsaVkey,
         created_ms AS createdAt, state, retirement.time_ms AS retiredAt, compromise.since_ms AS compromisedSince
  FROM log LEFT JOIN retirement ON retirement.log = number LEFT JOIN compromise ON compromise.log = number
           LEFT JOIN ecdsa_key ON ecdsa_key.log = number LEFT JOIN ml_dsa_key ON ml_dsa_key.log = number`

/** `db` is configured and migrated; it is closed with what this returns. */
export function createLogDatabase(db: Database): MovableDatabase {
  const all = db.prepare<[], LogRecord>(`${RECORDS} ORDER BY number`)
  const one = db.prepare<[number], LogRecord>(`${RECORDS} WHERE number = ?`)
  const stores = new Map<number, LogStore>()
  const write = createWriter(db)

  const known = (number: number): LogRecord => {
    const record = one.get(number)
    if (record === undefined) throw new TlogError('LOG_UNKNOWN', `${db.name}: there is no log number ${number}`)
    return record
  }

  const store = (number: number): LogStore => {
    known(number)
    const store = stores.get(number) ?? createStore(db, number, write)
    stores.set(number, store)
    return store
  }

  return {
    logs: async () => all.all(),
    createLog: async (record) => write(() => known(insertLog(db, record))),
    freezeLog: async (number, at) =>
      write(() => {
        freeze(db, known(number), at)
        return known(number)
      }),
    compromiseLog: async (number, at, since) =>
      write(() => {
        freeze(db, known(number), at)
        if (known(number).compromisedSince === null)
          db.prepare('INSERT INTO compromise (log, since_ms) VALUES (?, ?)').run(number, since)
        return known(number)
      }),
    store,
    target: (number) => createTarget(db, number, write, store(number)),
    ...createStandings(db, write, () => all.all()),
    checkFile: async () => checkFile(db),
    close: async () => void db.close(),
  }
}

function insertLog(db: Database, record: NewLog): number {
  const { slug, dialect, origin, vkey, createdAt, ecdsaKey = null, mlDsaVkey = null } = record
  checkSlug(slug)
  const taken = db.prepare<[string, string], string>('SELECT slug FROM log WHERE slug = ? OR vkey = ?').pluck()
  const other = taken.get(slug, vkey)
  if (other !== undefined)
    throw new TlogError('LOG_EXISTS', `log ${other} has that ${other === slug ? 'name' : 'verifier key'} already`)
  const number = db.prepare<[], number>('SELECT count(*) FROM log').pluck().get() ?? 0
  if (number >= MAX_LOGS) throw new TlogError('LOG_EXISTS', `there are ${MAX_LOGS} logs already`)
  db.prepare(
    "INSERT INTO log (number, slug, dialect, origin, vkey, created_ms, state) VALUES (?, ?, ?, ?, ?, ?, 'active')",
  ).run(number, slug, dialect, origin, vkey, createdAt)
  if (ecdsaKey !== null) db.prepare('INSERT INTO ecdsa_key (log, spki) VALUES (?, ?)').run(number, ecdsaKey)
  if (mlDsaVkey !== null) db.prepare('INSERT INTO ml_dsa_key (log, vkey) VALUES (?, ?)').run(number, mlDsaVkey)
  db.prepare('INSERT INTO head (log, size, root, time_ms) VALUES (?, 0, ?, ?)').run(number, EMPTY_ROOT, createdAt)
  return number
}

function freeze(db: Database, { number, state }: LogRecord, at: UnixMillis): void {
  if (state === 'frozen') return
  db.prepare("UPDATE log SET state = 'frozen' WHERE number = ?").run(number)
  db.prepare('INSERT INTO retirement (log, time_ms) VALUES (?, ?)').run(number, at)
}

/** @throws TlogError STORE_CORRUPT with the first things SQLite found. */
function checkFile(db: Database): void {
  let found: string[]
  try {
    found = db.prepare<[], string>('PRAGMA integrity_check(5)').pluck().all()
  } catch (error) {
    throw storeError(error, db.name)
  }
  if (found.join() !== 'ok')
    throw new TlogError('STORE_CORRUPT', `${db.name}: ${found.join('; ')}. Restore it from a good copy`)
}
