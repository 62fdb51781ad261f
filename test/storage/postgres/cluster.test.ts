/** What nodes share in PostgreSQL: the lease, what waits, and writes that are held to a fence. */

import t, { type Test } from 'tap'
import { leafIndex } from '../../../src/kernel/brand.ts'
import { TlogError } from '../../../src/kernel/error.ts'
import type { LogStore } from '../../../src/log/ports.ts'
import { supplement } from '../../contract/attach.ts'
import { attachment, entry, leafHash, lookupKey, published } from '../../contract/feeder.ts'
import { freshStore, NEW_LOG } from '../../contract/fresh.ts'
import { intakeContract } from '../../contract/intake.ts'
import { leaseContract } from '../../contract/lease.ts'
import { fileServer, filledDatabase, freshDatabase, rawClient } from './support.ts'

const server = await fileServer()
const HOUR = 3_600_000

intakeContract('postgres', async (t, most) => {
  const { database } = await freshDatabase(t, server)
  await database.createLog(NEW_LOG)
  return database.intake({ log: 0, node: 'a', most })
})

leaseContract('postgres', async (t) => {
  const { url, database } = await freshDatabase(t, server)
  await database.createLog(NEW_LOG)
  const raw = await rawClient(t, url)
  return {
    node: (name) => database.lease(0, name, HOUR),
    expire: async () => void (await raw.query('UPDATE lease SET until = clock_timestamp()')),
  }
})

async function scene(t: Test) {
  const { url, database, store, feeder } = await filledDatabase(t, server)
  const raw = await rawClient(t, url)
  const [a, b] = ['a', 'b'].map((node) => database.lease(0, node, HOUR))
  if (a === undefined || b === undefined) throw new Error('two nodes')
  const fence = await a.claim()
  if (fence === null) throw new Error('nobody held it')
  const expire = async () => void (await raw.query('UPDATE lease SET until = clock_timestamp()'))
  return { database, store, feeder, raw, a, b, fence, expire }
}

t.test('no write passes a fence that is not the lease’s', async (t) => {
  const { database, store, feeder, b, fence, expire } = await scene(t)
  const held = database.store(0, fence)
  await held.append(feeder.head, feeder.plain(1))
  await held.publish(published(feeder.head))
  await held.attach([supplement(0, ['k'], ['x'])])
  await expire()
  await held.index([{ index: leafIndex(1), keys: [lookupKey('k').key] }])
  const next = await b.claim()
  const { head } = feeder
  const batch = feeder.plain(1)
  const writes: Record<string, (store: LogStore) => Promise<void>> = {
    append: (store) => store.append(head, batch),
    'append of what is wrong': (store) => store.append(head, { ...batch, entries: [] }),
    publish: (store) => store.publish(published(head, 'late')),
    attach: (store) => store.attach([supplement(0, ['late'], ['late'])]),
    index: (store) => store.index([{ index: leafIndex(0), keys: [lookupKey('late').key] }]),
  }
  for (const [what, write] of Object.entries(writes))
    for (const stale of [held, database.store(0, fence + 7n)])
      await t.rejects(write(stale), { code: 'LEASE_LOST', message: /another node leads/ }, what)
  t.same(await store.head(), head)
  t.same(await store.published(), published(head))
  t.same(await store.lookup(lookupKey('late').key, null, 9), [])
  if (next === null) throw new Error('b leads')
  await database.store(0, next).append(head, batch)
})

t.test('a claim waits for the write that is under way, and the write for no client', async (t) => {
  const { database, store, feeder, raw, b, fence, expire } = await scene(t)
  await expire()
  await raw.query('BEGIN')
  await raw.query('SELECT enter(0::smallint, $1, true)', [fence])
  let isClaimed = false
  const claiming = b.claim().then((claimed) => {
    isClaimed = true
    return claimed
  })
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.equal(isClaimed, false)
  await raw.query('COMMIT')
  t.equal(await claiming, fence + 1n)
  const writes = await Promise.allSettled([
    database.store(0, fence + 1n).append(feeder.head, feeder.plain(1)),
    database.store(0, fence).append(feeder.head, feeder.plain(1)),
  ])
  t.match(writes, [{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'LEASE_LOST' } }])
  t.equal((await store.head())?.size, 4)
})

t.test('rows that are not ours are not taken for entries', async (t) => {
  const { url, database } = await freshDatabase(t, server)
  await database.createLog(NEW_LOG)
  const intake = database.intake({ log: 0, node: 'a', most: 10 })
  const raw = await rawClient(t, url)
  const key = `00${'11'.repeat(32)}`
  const bad: readonly (readonly [keys: string, attachments: string, withdraws: string])[] = [
    [key.slice(2), '', ''],
    [`02${key.slice(2)}`, '', ''],
    ['', `03${'00'.repeat(60)}`, ''],
    ['', '00000000', ''],
    ['', `0000000001${'00'.repeat(32)}`, ''],
    ['', `0000000000${'00'.repeat(31)}`, ''],
    ['', '', `03${'00'.repeat(32)}`],
    ['', '', `00${'00'.repeat(31)}`],
  ]
  for (const columns of bad) {
    await raw.query(
      `INSERT INTO pending (log, node, bytes, hash, leaf, keys, attachments, withdraws)
       VALUES (0, 'x', 0, decode(repeat('00', 32), 'hex'), '', decode($1, 'hex'), decode($2, 'hex'), decode($3, 'hex'))`,
      [...columns],
    )
    const error = await intake.take({ entries: 1, bytes: 1 }, []).catch((error: unknown) => error)
    t.ok(error instanceof TlogError && error.code === 'STORE_CORRUPT', columns.join())
    await raw.query('DELETE FROM pending')
  }
})

t.test('nodes count what waits for all of them', async (t) => {
  const { database } = await freshDatabase(t, server)
  await database.createLog(NEW_LOG)
  const [a, b] = ['a', 'b'].map((node) => database.intake({ log: 0, node, most: 80 }))
  if (a === undefined || b === undefined) throw new Error('two nodes')
  const some = (count: number, name: string) =>
    Array.from({ length: count }, (_, i) => {
      const one = entry(`${name} ${i}`)
      return { hash: leafHash(one.leaf), entry: one }
    })
  await a.offer(some(5, 'a'))
  await b.offer(some(70, 'b'))
  await a.offer(some(5, 'more'))
  await t.rejects(a.offer(some(9, 'too many')), { code: 'LOG_BUSY', message: /^80 entries wait/ })
  await t.rejects(b.offer(some(1, 'too many')), { code: 'LOG_BUSY' })
})

t.test('content that another log is just keeping goes too', async (t) => {
  const { url, database } = await freshDatabase(t, server)
  const [a, b] = [await freshStore(database, 'a'), await freshStore(database, 'b')]
  const raw = await rawClient(t, url)
  const bad = attachment('bad')
  await raw.query('BEGIN')
  await raw.query('SELECT keep_attachments(0::smallint, $1, $2, $3, $4)', [
    [bad.algorithm],
    [bad.digest],
    [bad.content.length],
    bad.content,
  ])
  const { head } = b.feeder
  const withdrawing = b.store.append(head, b.feeder.batch([{ ...entry('taken back'), withdraws: bad }]))
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.same(await b.store.head(), head, 'it waits')
  await raw.query('COMMIT')
  await withdrawing
  t.equal(await a.store.attachment('sha256', bad.digest), null)
  await a.store.append(a.feeder.head, a.feeder.batch([entry('brings it', [], [bad])]))
  t.equal(await a.store.attachment('sha256', bad.digest), null)
})
