import t from 'tap'
import { leafHash } from '../../src/kernel/hash.ts'
import { attachment } from '../contract/feeder.ts'
import { check, createWorld, entries, entry, gate, inTime, outcome, problems, settle, start } from './support.ts'

t.test('a frozen log refuses entries up front, is read, publishes what is durable, and closes', async (t) => {
  const world = createWorld()
  const before = await start(world)
  await inTime(world.clock, Promise.all(entries(3).map((one) => before.log.add(one))))
  world.hooks.beforePublish = () => {
    throw new Error('cut off before it is public')
  }
  await inTime(world.clock, outcome(before.log.add(entry('last'))))
  await inTime(world.clock, before.log.close())
  world.hooks.beforePublish = undefined
  await world.freeze()
  const { log, failures, steps } = await start(world, { state: 'frozen' })
  t.match(log.status(), { durable: 4, published: 4, state: 'running', frozen: true })
  world.reads.length = 0
  steps.length = 0
  const known = entry(0, { attachments: [attachment('x')] })
  for (const one of [entry('new'), entry(0), known]) t.equal(await outcome(log.add(one)), 'LOG_FROZEN')
  await world.clock.advance(100)
  t.same([steps, world.reads], [[], []], 'nothing was asked of the store')
  t.equal((await log.tile(0, 0, 4))?.length, 128)
  t.match(await log.find(leafHash(entry('last').leaf)), { index: 3 })
  t.same(failures, [])
  await inTime(world.clock, log.close())
  t.same(await problems(world), [])
})

t.test('frozen while it runs: entries are refused, and the log goes on without them', async (t) => {
  const world = createWorld()
  const { log, failures } = await start(world)
  const old = await inTime(world.clock, log.add(entry('old')))
  await world.clock.advance(10)
  t.equal(log.status().frozen, false)
  await world.freeze()
  const brings = entry('old', { attachments: [attachment('x')] })
  const answers = [entry('old'), entry('new')].map((one) => log.add(one))
  t.equal(await inTime(world.clock, outcome(answers[1] as Promise<unknown>)), 'LOG_FROZEN')
  const receipt = await inTime(world.clock, answers[0] as NonNullable<(typeof answers)[0]>)
  t.match(receipt, { index: 0, time: old.time, repeated: true })
  await check(world, entry('old'), receipt)
  t.match(log.status(), { durable: 1, published: 1, pooled: 0, waiting: 0, state: 'running', frozen: true })
  for (const one of [entry('old'), entry('new'), brings])
    t.match(await log.add(one).catch((error) => error), { code: 'LOG_FROZEN', message: /frozen/ })
  t.equal((await log.tile(0, 0, 1))?.length, 32)
  t.same(failures, [])
  await inTime(world.clock, log.close())
  t.match(await log.add(entry('old')).catch((error) => error), { code: 'LOG_CLOSED', message: /shutting down/ })
  t.same(await problems(world), [])
})

t.test('frozen before an attachment came: its caller hears so, and whoever still waits', async (t) => {
  const world = createWorld()
  const { log, failures } = await start(world, { limits: { batch: 1 } })
  await inTime(world.clock, log.add(entry('old')))
  await world.clock.advance(10)
  const held = gate()
  world.hooks.beforeAttach = () => held.passed
  const adding = [entry('old', { attachments: [attachment('x')] }), entry('next'), entry('later')]
  const answers = adding.map((one) => outcome(log.add(one)))
  await settle()
  await world.freeze()
  held.open()
  t.same(await inTime(world.clock, Promise.all(answers)), ['LOG_FROZEN', 'LOG_FROZEN', 'LOG_FROZEN'])
  t.equal(await log.attachment('sha256', attachment('x').digest), null)
  t.same(failures, [])
  t.match(log.status(), { durable: 1, pooled: 0, state: 'running', frozen: true })
  await inTime(world.clock, log.close())
})
