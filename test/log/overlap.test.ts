/** Rounds that overlap while witnesses look at their heads: how long an entry waits, and what never changes its order. */

import t from 'tap'
import { TlogError } from '../../src/kernel/error.ts'
import type { UnshownHead, Witnesses } from '../../src/log/ports.ts'
import { check, createWorld, entry, inTime, outcome, problems, settle, start, type World } from './support.ts'

const ROUND_MS = 100

/** Witnesses that take their time over each head. */
function witnessesAt(world: World, atOnce: number) {
  const asked: { size: number; underWay: number }[] = []
  let underWay = 0
  const port: Witnesses = {
    atOnce,
    renewMs: null,
    async cosign({ size, note }) {
      underWay += 1
      asked.push({ size, underWay })
      await new Promise<void>((resolve) => void world.clock.after(ROUND_MS, resolve))
      underWay -= 1
      return note
    },
  }
  return { asked, port }
}

t.test('an entry waits for a round and a half at most, for two where they do not overlap', async (t) => {
  for (const [atOnce, most] of [
    [1, 2],
    [2, 1.5],
  ] as const) {
    const world = createWorld()
    const { asked, port } = witnessesAt(world, atOnce)
    const { log } = await start(world, { witnesses: port })
    await inTime(world.clock, log.add(entry('the first')))
    const waits: number[] = []
    const adding: Promise<void>[] = []
    for (let i = 0; i < 120; i++) {
      const began = world.clock.now()
      adding.push(
        log.add(entry(i)).then(async (receipt) => {
          waits.push(world.clock.now() - began)
          await check(world, entry(i), receipt)
        }),
      )
      await world.clock.advance(10)
    }
    await inTime(world.clock, Promise.all(adding))
    const longest = Math.max(...waits)
    t.ok(longest <= most * ROUND_MS + 20, `${longest} ms with ${atOnce} at once`)
    t.ok(longest > (most - 0.5) * ROUND_MS, 'which is what it costs')
    t.equal(Math.max(...asked.map(({ underWay }) => underWay)), atOnce)
    t.same(
      asked.map(({ size }) => size),
      asked.map(({ size }) => size).toSorted((a, b) => a - b),
      'heads in their order',
    )
    await inTime(world.clock, log.close())
  }
})

/** Heads wait until the test answers them, by their number. */
function heldWitnesses() {
  const heads: { readonly head: UnshownHead; answer(error?: TlogError): void }[] = []
  const port: Witnesses = {
    atOnce: 2,
    renewMs: null,
    async cosign(head) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      heads.push({ head, answer: (error) => (error === undefined ? resolve() : reject(error)) })
      await promise
      return head.note
    },
  }
  return { heads, port }
}

/** A log of one entry, and two heads under way that have one more each. */
async function twoUnderWay(world = createWorld()) {
  const { heads, port } = heldWitnesses()
  const running = await start(world, { witnesses: port, limits: { waitMs: 60_000 } })
  heads[0]?.answer()
  const adding = [0, 1, 2].map(async (i) => {
    for (let turn = 0; turn < i; turn++) await world.clock.advance(200)
    return await running.log.add(entry(i))
  })
  adding.forEach((each) => void each.catch(() => undefined))
  for (let turn = 0; turn < 20 && heads.length < 2; turn++) await world.clock.advance(50)
  heads[1]?.answer()
  for (let turn = 0; turn < 20 && heads.length < 4; turn++) await world.clock.advance(50)
  return { ...running, world, heads: heads.slice(2), further: heads, adding }
}

t.test('the newer head answers for the one that it overtook', async (t) => {
  const { log, heads, adding, steps, world, failures } = await twoUnderWay()
  t.same(
    heads.map(({ head }) => head.size),
    [2, 3],
  )
  steps.length = 0
  heads[1]?.answer()
  await settle()
  t.equal(log.published()?.size, 3)
  t.same((await Promise.all(adding)).map(({ size }) => size).slice(1), [3, 3])
  heads[0]?.answer()
  await settle()
  t.equal(log.published()?.size, 3, 'and is not taken back')
  t.same(steps, ['signed', 'published', 'answered'])
  await inTime(world.clock, log.close())
  t.same(failures, [])
  t.same(await problems(world), [])
})

t.test('one that is refused after a newer one was shown is asked for again, and nothing is sealed', async (t) => {
  const { log, heads, further, delays, failures, world } = await twoUnderWay()
  heads[1]?.answer()
  await settle()
  heads[0]?.answer(new TlogError('WITNESS_REFUSED', 'it has cosigned another tree of 2'))
  await settle()
  t.match(log.status().delayed, { reason: /another tree/ })
  const late = log.add(entry('late'))
  await world.clock.advance(1500)
  t.match(log.status(), { durable: 3, pooled: 1 }, 'nothing is sealed')
  t.equal(further.length, 5, 'the newest head is asked for again')
  further[4]?.answer()
  await settle()
  t.equal(log.status().delayed, null)
  for (let turn = 0; turn < 20; turn++) {
    await world.clock.advance(50)
    for (const { answer } of further) answer()
  }
  t.match(await late, { index: 3 })
  t.equal(delays.length, 1)
  await inTime(world.clock, log.close())
  t.same(failures, [])
})

t.test('one that fails leaves the other to go on', async (t) => {
  for (const failing of [0, 1]) {
    const { log, heads, further, adding, delays, failures, world } = await twoUnderWay()
    heads[failing]?.answer(new TlogError('QUORUM_MISSED', 'nobody is there'))
    await settle()
    heads[1 - failing]?.answer()
    await settle()
    t.equal(log.published()?.size, failing === 0 ? 3 : 2)
    t.same(
      delays.map(({ code }) => code),
      ['QUORUM_MISSED'],
    )
    for (let turn = 0; turn < 40; turn++) {
      await world.clock.advance(50)
      for (const { answer } of further) answer()
    }
    t.equal((await Promise.all(adding)).length, 3, 'all have their receipts')
    t.equal(log.published()?.size, 3)
    t.equal(log.status().delayed, null)
    await inTime(world.clock, log.close())
    t.same(failures, [])
  }
})

t.test(
  'one that fails when the newer was shown: a missed quorum is no delay, another history is, and is asked after',
  async (t) => {
    for (const code of ['QUORUM_MISSED', 'WITNESS_REFUSED'] as const) {
      const isRefused = code === 'WITNESS_REFUSED'
      const { log, heads, further, delays, failures, world } = await twoUnderWay()
      heads[1]?.answer()
      await settle()
      heads[0]?.answer(new TlogError(code, 'for a reason'))
      await settle()
      t.equal(log.status().delayed?.reason, isRefused ? `${code}: for a reason` : undefined)
      t.equal(delays.length, isRefused ? 1 : 0)
      const next = log.add(entry('next'))
      for (let turn = 0; turn < 60; turn++) {
        await world.clock.advance(50)
        for (const { answer } of further) answer()
      }
      t.equal((await next).size, 4, `${code}: it goes on`)
      t.equal(log.status().delayed, null)
      await inTime(world.clock, log.close())
      t.same(failures, [])
    }
  },
)

t.test('after a write whose outcome is unknown nothing more is written', async (t) => {
  const world = createWorld()
  const { log, heads, adding, failures } = await twoUnderWay(world)
  const writes: number[] = []
  world.hooks.beforePublish = ({ size }) => {
    writes.push(size)
    throw new Error('the disk is gone')
  }
  heads[0]?.answer()
  heads[1]?.answer()
  await settle(10)
  t.same(writes, [2])
  t.match(failures, [/the disk is gone/])
  t.same(await Promise.all(adding.map(outcome)), ['done', 'LOG_FAILED', 'LOG_FAILED'])
  t.equal(log.published()?.size, 1)
  await inTime(world.clock, log.close())
})

t.test('a log that closes waits for both, and leaves when nobody cosigns', async (t) => {
  for (const isGone of [false, true]) {
    const { log, heads, failures, delays, adding, world } = await twoUnderWay()
    let isClosed = false
    const closing = log.close().then(() => {
      isClosed = true
    })
    await world.clock.advance(500)
    t.equal(isClosed, false)
    const error = isGone ? new TlogError('QUORUM_MISSED', 'nobody is there') : undefined
    heads[0]?.answer(error)
    await world.clock.advance(500)
    t.equal(isClosed, false, 'the other is still under way')
    heads[1]?.answer(error)
    await inTime(world.clock, closing)
    t.same(
      await Promise.all(adding.map(outcome)),
      isGone ? ['done', 'LOG_CLOSED', 'LOG_CLOSED'] : ['done', 'done', 'done'],
    )
    t.equal(log.status().state, 'closing', 'in good order')
    t.same(failures, [])
    t.equal(delays.length, isGone ? 1 : 0)
    const again = await start(world)
    await inTime(world.clock, again.log.started())
    t.equal(again.log.published()?.size, 3, 'nothing is lost')
    await inTime(world.clock, again.log.close())
  }
})
