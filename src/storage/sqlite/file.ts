/** Opens a database file, the same way every time, whatever its schema. */

import { closeSync, fsyncSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Sqlite from 'better-sqlite3'
import { TlogError } from '../../kernel/error.ts'
import { checkSchema, type Migration, migrate } from '../migrate.ts'
import { storeError } from './failure.ts'

export interface OpenOptions {
  /** Makes the file; it must not exist. */
  readonly create?: boolean
  /** For `fsck` and `backup` beside a live server: never writes, never migrates. */
  readonly readonly?: boolean
}

/** What a file must be to be opened, or becomes when it is made. */
export interface Schema {
  /** What its first migration writes into the header of the file. */
  readonly applicationId: number
  /** In words: of what it is a database. */
  readonly name: string
  readonly migrations: () => readonly Migration[]
}

/** How long a statement waits for another process; the event loop stands still meanwhile. */
const BUSY_MS = 1000

/**
 * What `use` makes of the open file; the file is closed when that throws.
 *
 * @throws TlogError STORE_MISSING when there is no such file, LOG_EXISTS when there is one and `create` is set,
 *   STORE_SCHEMA when it is another program's or another version's, STORE_CORRUPT when it cannot be read.
 */
export function openFile<T>(path: string, schema: Schema, options: OpenOptions, use: (db: Sqlite.Database) => T): T {
  const { create = false, readonly = false } = options
  checkPresence(path, create)
  try {
    const db = new Sqlite(path, { fileMustExist: !create, readonly, timeout: BUSY_MS })
    try {
      prepare(db, schema, { create, readonly })
      return use(db)
    } catch (error) {
      db.close()
      throw error
    }
  } catch (error) {
    throw storeError(error, path)
  }
}

function prepare(db: Sqlite.Database, schema: Schema, { create, readonly }: Required<OpenOptions>): void {
  const path = db.name
  if (!create) checkOurs(db, schema)
  configure(db, readonly)
  const migrations = schema.migrations()
  if (!readonly) migrate(db, migrations)
  else if (checkSchema(db, migrations) < migrations.length)
    throw new TlogError('STORE_SCHEMA', `${path}: of an older version; start the server once to bring it forward`)
  if (!create) return
  db.pragma('wal_checkpoint(TRUNCATE)') // a young database that lost its -wal is then still one
  syncDirectory(path)
}

function checkPresence(path: string, create: boolean): void {
  const exists = statSync(path, { throwIfNoEntry: false }) !== undefined
  if (create && exists) throw new TlogError('LOG_EXISTS', `${path} exists already: it is opened, never made anew`)
  if (!create && !exists)
    throw new TlogError(
      'STORE_MISSING',
      `${path} does not exist: restore it, or create a log in an empty data directory`,
    )
}

/** Before anything is written: journal_mode would already change another program's file. */
function checkOurs(db: Sqlite.Database, { applicationId, name }: Schema): void {
  const path = db.name
  if (db.pragma('application_id', { simple: true }) !== applicationId)
    throw new TlogError(
      'STORE_SCHEMA',
      `${path} is not ${name}, or the file ${path}-wal beside it was lost, or its creation was interrupted. Bring back what is lost; only a directory without keys can be started anew`,
    )
}

function configure(db: Sqlite.Database, readonly: boolean): void {
  if (!readonly) db.pragma('journal_mode = WAL')
  const pragmas = {
    synchronous: 'FULL', // a reopened WAL file defaults to NORMAL here: a power cut could drop a signed head
    fullfsync: process.platform === 'darwin' ? 1 : 0, // fsync alone does not reach the platter on macOS
    checkpoint_fullfsync: process.platform === 'darwin' ? 1 : 0,
    foreign_keys: 1,
    recursive_triggers: 1, // REPLACE deletes rows, and the triggers must see it
    trusted_schema: 0,
    cell_size_check: 1,
    mmap_size: 0, // an I/O error would be a SIGBUS
    cache_size: -32_768, // KiB, on each side: the upper levels of hash and lookup stay in memory at 10^7 leaves
    temp_store: 2,
    wal_autocheckpoint: 16_384, // pages: keys are random, and a page collects several rows before it is copied home
    journal_size_limit: 134_217_728, // the -wal file after one huge batch
  }
  for (const [name, value] of Object.entries(pragmas)) db.pragma(`${name} = ${value}`)
}

/** A file whose name is not on the disk is lost with all that was fsynced into it. */
function syncDirectory(path: string): void {
  const dir = openSync(dirname(path), 'r')
  try {
    fsyncSync(dir)
  } finally {
    closeSync(dir)
  }
}
