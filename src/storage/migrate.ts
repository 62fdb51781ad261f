/** Brings a database's schema forward. Files are numbered, never changed once released, and never undone. */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import Sqlite, { type Database } from 'better-sqlite3'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'

export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
  readonly sha256: Uint8Array
}

export interface Applied {
  readonly number: number
  readonly name: string
  readonly sha256: Uint8Array
}

/** src/storage and dist/storage stand equally deep below the package. */
const FOLDER = fileURLToPath(new URL('../../migrations/sqlite/', import.meta.url))
/** Of a witness's database. */
export const WITNESS_FOLDER = fileURLToPath(new URL('../../migrations/witness/', import.meta.url))
export const POSTGRES_FOLDER = fileURLToPath(new URL('../../migrations/postgres/', import.meta.url))

/** @throws TlogError STORE_SCHEMA unless the files are numbered 0001, 0002, … without a gap. */
export function readMigrations(folder = FOLDER): Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  return names.sort().map((name, at) => {
    if (!/^\d{4}-[a-z0-9-]+\.sql$/.test(name) || Number(name.slice(0, 4)) !== at + 1)
      throw new TlogError('STORE_SCHEMA', `${folder}: ${name} is not migration ${at + 1}; install the package again`)
    const bytes = readFileSync(`${folder}/${name}`)
    return { number: at + 1, name, sql: bytes.toString('utf8'), sha256: createHash('sha256').update(bytes).digest() }
  })
}

/**
 * Applies what is missing, each file in a transaction of its own.
 * @throws TlogError STORE_SCHEMA as checkSchema does.
 */
export function migrate(db: Database, migrations: readonly Migration[]): void {
  const applied = checkSchema(db, migrations)
  for (const migration of migrations.slice(applied)) {
    const apply = db.transaction(() => {
      db.exec(migration.sql)
      const { number, name, sha256 } = migration
      db.prepare('INSERT INTO migration (number, name, sha256) VALUES (?, ?, ?)').run(number, name, sha256)
    })
    apply.immediate()
  }
}

/**
 * The number of migrations the database has; 0 for an empty one.
 * @throws TlogError STORE_SCHEMA when one of them had another text than ours, or is newer than we know.
 */
export function checkSchema(db: Database, migrations: readonly Migration[]): number {
  const applied = appliedTo(db)
  checkApplied(applied, migrations)
  if (applied.length > 0) checkObjects(db, migrations.slice(0, applied.length))
  return applied.length
}

/** @throws TlogError STORE_SCHEMA as checkSchema does. */
export function checkApplied(applied: readonly Applied[], migrations: readonly Migration[]): void {
  for (const [at, { number, name, sha256 }] of applied.entries()) {
    const ours = migrations[at]
    if (ours === undefined)
      throw new TlogError(
        'STORE_SCHEMA',
        `the database has migration ${name}, this program knows ${migrations.length}: it was written by a newer version; run that one`,
      )
    if (ours.number !== number || ours.name !== name || !equal(ours.sha256, sha256))
      throw new TlogError(
        'STORE_SCHEMA',
        `migration ${name} is not the ${ours.name} of this program: the database was made by another build; run the one it came from`,
      )
  }
}

/** Tables and triggers, word for word: with a trigger changed or gone, rows could be. */
function checkObjects(db: Database, migrations: readonly Migration[]): void {
  const model = new Sqlite(':memory:')
  try {
    for (const { sql } of migrations) model.exec(sql)
    const [wanted, found] = [model, db].map(objectsOf)
    const different = [...new Set([...(wanted ?? []), ...(found ?? [])])].find(
      (each) => !(wanted?.includes(each) && found?.includes(each)),
    )
    if (different !== undefined)
      throw new TlogError(
        'STORE_SCHEMA',
        `the schema of the database is not the one its migrations make: ${different.split('\n', 1)[0]?.slice(0, 100)}. It is damaged, or was changed: restore a good copy`,
      )
  } finally {
    model.close()
  }
}

function objectsOf(db: Database): string[] {
  const all = db.prepare<[], string>(
    "SELECT type || ' ' || name || ' ' || tbl_name || ': ' || sql FROM sqlite_schema WHERE sql IS NOT NULL",
  )
  return all.pluck().all()
}

function appliedTo(db: Database): Applied[] {
  const exists = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migration'").get()
  return exists === undefined
    ? []
    : db.prepare<[], Applied>('SELECT number, name, sha256 FROM migration ORDER BY number').all()
}
