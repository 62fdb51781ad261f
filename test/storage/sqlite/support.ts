/** A database file with some of everything in it. */

import Sqlite from 'better-sqlite3'
import type { Test } from 'tap'
import type { LogStore } from '../../../src/log/ports.ts'
import type { LogDatabase } from '../../../src/storage/database.ts'
import { openDatabase } from '../../../src/storage/sqlite/open.ts'
import { attachment, entry, Feeder, lookupKey, published } from '../../contract/feeder.ts'
import { NEW_LOG } from '../../contract/fresh.ts'

export interface Filled {
  readonly path: string
  readonly database: LogDatabase
  readonly store: LogStore
  readonly feeder: Feeder
}

/** Three entries, the first with a lookup key and an attachment, and a published checkpoint. Closed at teardown. */
export async function filledDatabase(t: Test): Promise<Filled> {
  const path = `${t.testdir({})}/log.db`
  const database = openDatabase(path, { create: true })
  t.teardown(() => database.close())
  const store = database.store((await database.createLog(NEW_LOG)).number)
  const feeder = await Feeder.after(store)
  const { head } = feeder
  const first = entry('entry zero', [lookupKey('key')], [attachment('content')])
  await store.append(head, feeder.batch([first, entry('entry one'), entry('entry two')]))
  await store.publish(published(feeder.head))
  return { path, database, store, feeder }
}

/** The file as SQL sees it, with or without its triggers. */
export function rawDatabase(t: Test, path: string, { triggers = true } = {}): Sqlite.Database {
  const db = new Sqlite(path)
  t.teardown(() => db.close())
  db.pragma('recursive_triggers = ON')
  db.pragma('foreign_keys = ON')
  const names = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all()
  if (!triggers) for (const name of names) db.exec(`DROP TRIGGER ${name}`)
  return db
}
