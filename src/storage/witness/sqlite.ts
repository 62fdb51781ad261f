/** The witness's memory in SQLite: each head is fsynced before its cosignatures leave. */

import type { Database } from 'better-sqlite3'
import type { ListedLog } from '../../formats/c2sp/log-list.ts'
import { formatVkey, parseVkey } from '../../formats/c2sp/vkey.ts'
import { located } from '../../formats/located.ts'
import { hash, treeSize } from '../../kernel/brand.ts'
import { TlogError } from '../../kernel/error.ts'
import { logIdOf } from '../../witness/log-id.ts'
import type { CosignedHead, WitnessStore } from '../../witness/ports.ts'
import { readMigrations, WITNESS_FOLDER } from '../migrate.ts'
import { openFile, type Schema } from '../sqlite/file.ts'
import { createWriter } from '../sqlite/writer.ts'
import { checkExpected, checkForward } from './forward.ts'

/** Who the witness is: its verifier keys, as they were when it was made. */
export interface WitnessIdentity {
  readonly ed25519: string
  readonly mldsa44: string
}

export interface WitnessDatabase extends WitnessStore {
  /** Null: its creation was cut off, and it has cosigned nothing. */
  identity(): WitnessIdentity | null
  /** Once. @throws TlogError as WitnessStore.advance does */
  identify(identity: WitnessIdentity): void
}

interface HeadRow {
  readonly size: number
  readonly root: Uint8Array
  readonly time: number
  readonly note: Uint8Array
}

interface SizeRow {
  readonly origin: string
  readonly size: number
  readonly time: number
}

interface ListedRow {
  readonly origin: string
  readonly vkey: string
  readonly perDay: number
  readonly contact: string
}

const WITNESS: Schema = {
  applicationId: 1131378548, // 'Cowt'
  name: "a Colophon witness's database",
  migrations: () => readMigrations(WITNESS_FOLDER),
}

/** @throws TlogError as openFile does */
export function openWitnessDatabase(path: string, options: { readonly create?: boolean } = {}): WitnessDatabase {
  return openFile(path, WITNESS, options, createWitnessDatabase)
}

function createWitnessDatabase(db: Database): WitnessDatabase {
  const write = createWriter(db)
  const headOf = createHeadReader(db)
  const insert = db.prepare('INSERT INTO head (log, origin, size, root, time_s, note) VALUES (?, ?, ?, ?, ?, ?)')
  const update = db.prepare('UPDATE head SET size = ?, root = ?, time_s = ?, note = ? WHERE log = ?')
  const heads = db.prepare<[], SizeRow>('SELECT origin, size, time_s AS time FROM head')
  const identity = db.prepare<[], WitnessIdentity>('SELECT ed25519, mldsa44 FROM witness')
  return {
    head: async (logId) => headOf(logId),
    async advance(origin, expected, next) {
      const logId = logIdOf(origin)
      write(() => {
        const stored = headOf(logId) // inside the transaction that replaces it
        checkExpected(origin, expected, stored)
        checkForward(origin, stored, next)
        const { size, root, time, note } = next
        if (stored === null) insert.run(logId, origin, size, root, time, note)
        else update.run(size, root, time, note, logId)
      })
    },
    heads: async () => heads.all().map(({ origin, size, time }) => ({ origin, size: treeSize(size), time })),
    listed: async () => readListed(db),
    addListed: async (logs) => write(() => insertListed(db, logs)),
    identity: () => identity.get() ?? null,
    identify: ({ ed25519, mldsa44 }) =>
      write(
        () => void db.prepare('INSERT INTO witness (one, ed25519, mldsa44) VALUES (1, ?, ?)').run(ed25519, mldsa44),
      ),
    close: () => void db.close(),
  }
}

function createHeadReader(db: Database): (logId: Uint8Array) => CosignedHead | null {
  const select = db.prepare<[Uint8Array], HeadRow>('SELECT size, root, time_s AS time, note FROM head WHERE log = ?')
  return (logId) => {
    const row = select.get(logId)
    if (row === undefined) return null
    const { size, root, time, note } = row
    return { size: treeSize(size), root: hash(new Uint8Array(root)), time, note: new Uint8Array(note) }
  }
}

function readListed(db: Database): ListedLog[] {
  const rows = db.prepare<[], ListedRow>('SELECT origin, vkey, per_day AS perDay, contact FROM listed ORDER BY number')
  return rows
    .all()
    .map((row) => ({ ...row, vkey: located('STORE_CORRUPT', `${db.name}: ${row.origin}`, () => parseVkey(row.vkey)) }))
}

function insertListed(db: Database, logs: readonly ListedLog[]): void {
  const insert = db.prepare(
    'INSERT INTO listed (origin, vkey, per_day, contact) VALUES (?, ?, ?, ?) ON CONFLICT (origin) DO NOTHING',
  )
  for (const { origin, vkey, perDay, contact } of logs) insert.run(origin, formatVkey(vkey), perDay, contact)
}

/** @throws TlogError IDENTITY_CHANGED */
export function checkIdentity(path: string, stored: WitnessIdentity, found: WitnessIdentity): void {
  for (const kind of ['ed25519', 'mldsa44'] as const)
    if (stored[kind] !== found[kind])
      throw new TlogError(
        'IDENTITY_CHANGED',
        `${path} is of the witness ${stored[kind].slice(0, 300)}, but name and key files make ${found[kind].slice(0, 300)}: a witness keeps its name and its keys for life`,
      )
}
