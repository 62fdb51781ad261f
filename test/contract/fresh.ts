/** A new log in a new database. */

import type { Test } from 'tap'
import { unixMillis } from '../../src/kernel/brand.ts'
import type { Head, LogStore } from '../../src/log/ports.ts'
import type { LogDatabase, NewLog } from '../../src/storage/database.ts'
import { Feeder } from './feeder.ts'

export const NEW_LOG: NewLog = {
  slug: 'v2',
  dialect: 'rekor-v2',
  origin: 'log.example',
  vkey: 'log.example+00000000+AAAA',
  createdAt: unixMillis(1000),
}

export type OpenDatabase = (t: Test) => Promise<LogDatabase>

export async function freshStore(
  database: LogDatabase,
  slug = 'v2',
): Promise<{ store: LogStore; feeder: Feeder; number: number }> {
  const { number } = await database.createLog({ ...NEW_LOG, slug, vkey: slug })
  const store = database.store(number)
  return { store, feeder: await Feeder.after(store), number }
}

export async function appendPlain(store: LogStore, feeder: Feeder, count: number, time?: number): Promise<Head> {
  const { head } = feeder // before the feeder moves on
  const batch = feeder.plain(count, unixMillis(time ?? head.time))
  await store.append(head, batch)
  return batch.head
}
