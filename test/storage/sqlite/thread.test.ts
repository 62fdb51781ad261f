/** The store whose writes are on another thread: the same contract, and what is new about it. */

import { rmSync } from 'node:fs'
import t from 'tap'
import type { LogStore } from '../../../src/log/ports.ts'
import { openDatabase } from '../../../src/storage/sqlite/open.ts'
import { startWriterThread } from '../../../src/storage/sqlite/thread.ts'
import { attachment, entry, lookupKey, published } from '../../contract/feeder.ts'
import { storeContract } from '../../contract/log-store.ts'
import { filledDatabase } from './support.ts'

storeContract('sqlite, on a thread', async (t) => {
  const path = `${t.testdir({})}/log.db`
  const database = openDatabase(path, { create: true })
  const thread = startWriterThread(path)
  t.teardown(async () => {
    await thread.close()
    await database.close()
  })
  const stores = new Map<number, LogStore>()
  return {
    ...database,
    store: (number) => {
      const store = stores.get(number) ?? thread.store(number, database.store(number))
      stores.set(number, store)
      return store
    },
  }
})

t.test('the caller keeps its batch, whatever is moved to the thread', async (t) => {
  const { path, store, feeder } = await filledDatabase(t)
  const thread = startWriterThread(path)
  t.teardown(() => thread.close())
  const { head } = feeder
  const batch = feeder.batch([entry('kept', [lookupKey('key')], [attachment('content')])])
  const before = structuredClone(batch)
  await thread.store(0, store).append(head, batch)
  t.same(batch, before)
})

t.test('close waits for what is under way, and nothing is taken after it', async (t) => {
  const { path, store, feeder } = await filledDatabase(t)
  const thread = startWriterThread(path)
  const threaded = thread.store(0, store)
  const { head } = feeder
  const batch = feeder.plain(1000)
  const appending = threaded.append(head, batch)
  await thread.close()
  await appending
  t.same(await store.head(), batch.head)
  await t.rejects(threaded.publish(published(batch.head)), { code: 'STORE_CORRUPT', message: /has ended/ })
  await thread.close()
})

t.test('a thread that cannot open the file fails what it is asked', async (t) => {
  const { path, store, database, feeder } = await filledDatabase(t)
  await database.close()
  rmSync(path)
  const thread = startWriterThread(path)
  t.match(await thread.died, { code: 'STORE_MISSING' }, 'noticed, though nobody asked for anything')
  const { head } = feeder
  const batch = feeder.plain(1)
  await t.rejects(thread.store(0, store).append(head, batch), { code: 'STORE_MISSING', message: /log.db/ })
  await thread.close()
})

t.test('a thread that is closed has not died', async (t) => {
  const { path } = await filledDatabase(t)
  const thread = startWriterThread(path)
  await thread.close()
  t.equal(await Promise.race([thread.died, Promise.resolve('alive')]), 'alive')
})

t.test('one place is found here, many there', async (t) => {
  const { path, store, feeder } = await filledDatabase(t)
  const thread = startWriterThread(path)
  const threaded = thread.store(0, store)
  const two = feeder.hashes.slice(0, 2)
  const places = await threaded.find(two)
  t.same(places, await store.find(two))
  await thread.close()
  t.same(await threaded.find(two.slice(0, 1)), places.slice(0, 1))
  await t.rejects(threaded.find(two), { code: 'STORE_CORRUPT' })
})
