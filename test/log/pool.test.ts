import t from 'tap'
import { leafIndex, unixMillis } from '../../src/kernel/brand.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { patience } from '../../src/log/patience.ts'
import { Pool } from '../../src/log/pool.ts'
import { attachment, lookupKey } from '../contract/feeder.ts'
import { entry } from './support.ts'

const place = { index: leafIndex(4), time: unixMillis(5) }

function offer(pool: Pool, name: string, wait = patience()) {
  const one = entry(name)
  return pool.add(one, leafHash(one.leaf), wait)
}

t.test('equal entries are one, waiting or in flight, until settled', async (t) => {
  const pool = new Pool({ entries: 2, bytes: 1000 })
  const first = offer(pool, 'a')
  const second = offer(pool, 'a')
  t.same([pool.size, pool.waiting], [1, 1])
  const [pending, ...others] = pool.take(10)
  t.same([pool.size, pool.waiting, others.length], [1, 0, 0], 'in flight counts, and does not wait')
  const third = offer(pool, 'a')
  t.equal(pool.waiting, 0, 'it joined the one in flight')
  if (pending !== undefined) pool.settle(pending, place, false)
  t.same(await Promise.all([first, second, third]), [
    { ...place, repeated: false },
    { ...place, repeated: true },
    { ...place, repeated: true },
  ])
  t.equal(pool.size, 0)
  void offer(pool, 'a')
  t.equal(pool.waiting, 1, 'a settled entry is not remembered here')
})

t.test('what the store knew is repeated for all', async (t) => {
  const pool = new Pool({ entries: 2, bytes: 1000 })
  const first = offer(pool, 'a')
  for (const pending of pool.take(1)) pool.settle(pending, place, true)
  t.same(await first, { ...place, repeated: true })
})

t.test('bounds count what is in flight; a join costs nothing', async (t) => {
  const pool = new Pool({ entries: 2, bytes: 1000 })
  const all = [offer(pool, 'a'), offer(pool, 'b')]
  const taken = pool.take(1)
  t.throws(() => offer(pool, 'c'), { code: 'LOG_BUSY' })
  t.doesNotThrow(() => all.push(offer(pool, 'a'), offer(pool, 'b')))
  for (const pending of taken) pool.settle(pending, place, false)
  t.doesNotThrow(() => all.push(offer(pool, 'c')))
  pool.failWaiting(new Error('over'))
  t.same(
    (await Promise.allSettled(all)).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'rejected'],
  )
  t.equal(pool.size, 0)
})

t.test('bytes are those of leaf and attachments, and come back', async (t) => {
  const pool = new Pool({ entries: 100, bytes: 100 })
  const heavy = entry('x', {
    attachments: [{ algorithm: 'sha256', digest: new Uint8Array(32), content: new Uint8Array(93) }],
  })
  const first = pool.add(heavy, leafHash(heavy.leaf), patience()) // 7 + 93
  t.throws(() => offer(pool, ''), { code: 'LOG_BUSY' })
  for (const pending of pool.take(1)) pool.fail(pending, new Error('failed'))
  await t.rejects(first, { message: 'failed' })
  t.doesNotThrow(() => void offer(pool, ''))
})

t.test('a failed entry leaves no trace; failing it twice does not touch its successor', async (t) => {
  const pool = new Pool({ entries: 1, bytes: 1000 })
  const first = offer(pool, 'a')
  const [old] = pool.take(1)
  if (old === undefined) throw new Error('nothing taken')
  pool.settle(old, place, false)
  await first
  const second = offer(pool, 'a')
  pool.fail(old, new Error('the round failed after it had settled this one'))
  t.equal(pool.size, 1)
  for (const pending of pool.take(1)) pool.settle(pending, place, false)
  t.same(await second, { ...place, repeated: false })
})

t.test('a caller that gave up is forgotten, its entry is not', async (t) => {
  const pool = new Pool({ entries: 2, bytes: 1000 })
  const wait = patience()
  void offer(pool, 'a', wait)
  const second = offer(pool, 'a')
  wait.giveUp()
  const [pending] = pool.take(1)
  t.equal(pending?.waiters.size, 1)
  if (pending !== undefined) pool.settle(pending, place, false)
  t.same(await second, { ...place, repeated: true }, 'it had not brought the entry')
})

function bring(pool: Pool, name: string, ...contents: string[]) {
  const keys = [lookupKey(name), ...contents.map((text) => lookupKey(text, 'attachment'))]
  const one = entry(name, { keys, attachments: contents.map((text) => attachment(text)) })
  return pool.add(one, leafHash(one.leaf), patience())
}

t.test('a waiting entry takes on what an equal one brings, each content once, with its keys', async (t) => {
  const pool = new Pool({ entries: 2, bytes: 30 })
  const all = [bring(pool, 'a'), bring(pool, 'a', 'one'), bring(pool, 'a', 'one', 'two'), bring(pool, 'a', 'two')]
  t.same([pool.size, pool.waiting], [1, 1])
  t.throws(() => bring(pool, 'a', 'x'.repeat(18)), { code: 'LOG_BUSY' }, '7 + 3 + 3 + 18')
  t.doesNotThrow(() => all.push(bring(pool, 'a', 'x'.repeat(17))))
  t.throws(() => offer(pool, 'b'), { code: 'LOG_BUSY' })
  const [pending] = pool.take(9)
  if (pending === undefined) throw new Error('nothing taken')
  t.same(
    pending.entry.attachments.map(({ content }) => content.length),
    [3, 3, 17],
  )
  t.same(
    pending.entry.keys.filter(({ source }) => source === 'leaf'),
    [lookupKey('a')],
  )
  pool.settle(pending, place, false)
  t.same(
    (await Promise.all(all)).map(({ repeated }) => repeated),
    [false, true, true, true, true],
  )
  t.doesNotThrow(() => bring(pool, 'b', 'x'.repeat(23)), 'all its bytes came back')
})

t.test('an entry in flight takes nothing on: what an equal one brings goes with the next round', async (t) => {
  const pool = new Pool({ entries: 3, bytes: 1000 })
  const first = bring(pool, 'a', 'one')
  const [inFlight] = pool.take(9)
  const same = bring(pool, 'a', 'one')
  t.equal(pool.waiting, 0, 'it brings nothing that is not on its way')
  const more = bring(pool, 'a', 'one', 'two')
  t.same([pool.size, pool.waiting], [2, 1])
  const bare = offer(pool, 'a')
  t.same([pool.size, pool.waiting], [2, 1], 'the next equal one joins the waiting one')
  if (inFlight === undefined) throw new Error('nothing taken')
  pool.settle(inFlight, place, false)
  t.same([pool.size, pool.waiting], [1, 1])
  t.same(await Promise.all([first, same]), [
    { ...place, repeated: false },
    { ...place, repeated: true },
  ])
  const joined = offer(pool, 'a')
  t.equal(pool.size, 1, 'the waiting one is still the one to join')
  for (const pending of pool.take(9)) pool.settle(pending, place, true)
  t.ok((await Promise.all([more, bare, joined])).every(({ repeated }) => repeated))
  t.equal(pool.size, 0)
})
