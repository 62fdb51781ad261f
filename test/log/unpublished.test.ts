import t from 'tap'
import { TlogError } from '../../src/kernel/error.ts'
import { attachment } from '../contract/feeder.ts'
import { createWorld, entry, gate, inTime, outcome, settle, start } from './support.ts'

t.test('the tail without a checkpoint is bounded in bytes, those of attachments too', async (t) => {
  const world = createWorld()
  const { log } = await start(world, { limits: { batch: 1, unpublishedBytes: 300, waitMs: 60_000 } })
  await world.clock.advance(10)
  const held = gate()
  world.hooks.beforePublish = () => held.passed
  const big = (name: number) => entry(name, { attachments: [attachment(`${name}`.repeat(93))] }) // 7 + 93
  const answers = [0, 1, 2, 3, 4, 5].map((name) => log.add(name % 2 === 0 ? big(name) : entry(name)))
  await world.clock.advance(1000)
  t.match(log.status(), { durable: 5, published: 0, pooled: 1 }, '3 · 100 + 2 · 7 bytes')
  held.open()
  await inTime(world.clock, Promise.all(answers))
  t.match(log.status(), { durable: 6, published: 6, pooled: 0 })
})

t.test('bytes are given back by the checkpoint that covers them, and by no other', async (t) => {
  const world = createWorld()
  let held = gate()
  const { log } = await start(world, {
    cosign: async (note) => {
      await held.passed
      return note
    },
    limits: { batch: 1, unpublishedBytes: 14, waitMs: 60_000 },
  })
  held.open()
  await world.clock.advance(10)
  held = gate()
  const answers = [0, 1, 2, 3, 4].map((name) => log.add(entry(name))) // 7 bytes each
  const sizes: number[][] = []
  for (let i = 0; i < 4; i++) {
    await world.clock.advance(100)
    const { durable, published } = log.status()
    sizes.push([durable, published])
    const passed = held
    held = gate()
    passed.open()
  }
  t.same(sizes, [
    [2, 0],
    [3, 1],
    [4, 2],
    [5, 3],
  ])
  held.open()
  await inTime(world.clock, Promise.all(answers))
})

t.test('a publication that is put off is told each time, and says since when and why', async (t) => {
  const world = createWorld()
  let reason: string | null = null
  const { log, delays, failures } = await start(world, {
    cosign: async (note) => {
      if (reason !== null) throw new TlogError('LOG_BUSY', reason)
      return note
    },
    limits: { waitMs: 60_000 },
  })
  await world.clock.advance(10)
  t.equal(log.status().delayed, null)
  reason = '1 of 2 witnesses answered'
  const since = world.clock.now()
  const adding = log.add(entry('a'))
  await settle()
  t.same(log.status().delayed, { since, reason: 'LOG_BUSY: 1 of 2 witnesses answered' })
  await world.clock.advance(2500)
  reason = '0 of 2 witnesses answered'
  await world.clock.advance(1000)
  t.same(log.status().delayed, { since, reason: 'LOG_BUSY: 0 of 2 witnesses answered' })
  t.same(
    delays.map(({ message }) => message.slice(0, 1)),
    ['1', '1', '1', '0'],
  )
  reason = null
  t.match(await inTime(world.clock, adding), { index: 0 })
  t.equal(log.status().delayed, null)
  world.hooks.beforePublish = () => {
    world.hooks.beforePublish = undefined
    throw new TlogError('STORE_FULL', 'no room')
  }
  await inTime(world.clock, log.add(entry('b')))
  t.equal(delays.at(-1)?.code, 'STORE_FULL')
  t.equal(delays.length, 5)
  t.same(failures, [])
  t.ok(structuredClone(log.status()))
  await inTime(world.clock, log.close())
})

t.test(
  'an end without a quorum is an end in good order: what is durable is published after the next start',
  async (t) => {
    const world = createWorld()
    let isGone = false
    const { log, delays, failures } = await start(world, {
      cosign: async (note) => {
        if (isGone) throw new TlogError('QUORUM_MISSED', 'nobody is there')
        return note
      },
      limits: { waitMs: 60_000 },
    })
    await world.clock.advance(10)
    isGone = true
    const adding = outcome(log.add(entry('a')))
    await world.clock.advance(100)
    t.match(log.status(), { durable: 1, published: 0 })
    await inTime(world.clock, log.close())
    t.equal(await adding, 'LOG_CLOSED', 'who waits is told to come again')
    t.equal(delays.at(-1)?.code, 'QUORUM_MISSED', 'and the operator why')
    t.same(failures, [])
    t.equal(log.status().state, 'closing')
    const again = await start(world)
    await world.clock.advance(10)
    t.match(again.log.status(), { durable: 1, published: 1 })
    t.match(await inTime(world.clock, again.log.add(entry('a'))), { index: 0, repeated: true })
    await inTime(world.clock, again.log.close())
  },
)
