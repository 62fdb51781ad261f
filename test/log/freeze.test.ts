/** The end of a log in good order, and a crash at each of its steps. */

import t from 'tap'
import { TlogError } from '../../src/kernel/error.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import type { Published } from '../../src/log/ports.ts'
import type { Step } from '../../src/log/steps.ts'
import { check, createWorld, entries, entry, gate, inTime, outcome, problems, settle, start } from './support.ts'

const END: readonly Step[] = ['ending', 'drained', 'frozen']
const ofItsEnd = (steps: readonly Step[]) => steps.filter((step) => END.includes(step))

t.test('what was taken gets its receipts, what comes meanwhile is put off, what comes later refused', async (t) => {
  const world = createWorld()
  const { log, steps, failures } = await start(world, { limits: { batch: 2 } })
  const held = gate()
  world.hooks.beforeAppend = () => held.passed
  const taken = entries(5).map((one) => log.add(one))
  await settle()
  const recorded: Published[] = []
  const freezing = log.freeze(async (last) => {
    recorded.push(last)
    await world.freeze()
  })
  t.match(await log.add(entry('late')).catch((error) => error), { code: 'LOG_CLOSED', message: /coming to its end/ })
  t.equal(await outcome(log.freeze(async () => void t.fail('two ends'))), 'LOG_CLOSED')
  t.match(log.status(), { state: 'running', frozen: false })
  held.open()
  const last = await inTime(world.clock, freezing)
  for (const [at, receipt] of (await inTime(world.clock, Promise.all(taken))).entries())
    await check(world, entry(at), receipt)
  t.same(recorded, [last])
  t.same(log.published(), last, 'which is final')
  t.match([last.size, log.status()], [5, { durable: 5, published: 5, pooled: 0, waiting: 0, frozen: true }])
  t.same(ofItsEnd(steps), END)
  for (const one of [entry('late'), entry(0)])
    t.match(await log.add(one).catch((error) => error), { code: 'LOG_FROZEN', message: /frozen/ })
  t.equal(await outcome(log.freeze(async () => void t.fail('an end after the end'))), 'LOG_FROZEN')
  t.match(await log.find(leafHash(entry(4).leaf)), { index: 4 })
  t.same(failures, [])
  await inTime(world.clock, log.close())
  t.same(await problems(world), [])
})

t.test('an idle log, an empty one too', async (t) => {
  for (const count of [0, 3]) {
    const world = createWorld()
    const { log } = await start(world)
    await inTime(world.clock, Promise.all(entries(count).map((one) => log.add(one))))
    t.match(await inTime(world.clock, log.freeze(world.freeze)), { size: count })
    await inTime(world.clock, log.close())
  }
})

t.test('an end that cannot be recorded is none', async (t) => {
  const world = createWorld()
  const { log, steps } = await start(world)
  await t.rejects(
    log.freeze(async () => {
      throw new Error('a disk that is full')
    }),
    /a disk that is full/,
  )
  t.same(ofItsEnd(steps), ['ending', 'drained'])
  t.match(log.status(), { state: 'running', frozen: false })
  await check(world, entry('next'), await inTime(world.clock, log.add(entry('next'))))
  await inTime(world.clock, log.close())
})

t.test('without a quorum it goes on, after a while', async (t) => {
  const world = createWorld()
  let isSilent = false
  const cosign = async (note: Uint8Array) => {
    if (isSilent) throw new TlogError('LOG_BUSY', 'nobody cosigns')
    return note
  }
  const { log } = await start(world, { cosign, limits: { drainMs: 3000, waitMs: 20_000 } })
  isSilent = true
  const waiting = outcome(log.add(entry('unseen')))
  await settle()
  const freezing = log
    .freeze(async () => void t.fail('recorded, though no checkpoint covers all'))
    .catch((error) => error)
  await world.clock.advance(2900)
  t.equal(await outcome(log.add(entry('late'))), 'LOG_CLOSED')
  await world.clock.advance(200)
  t.match(await freezing, { code: 'LOG_BUSY', message: /not published in time \(LOG_BUSY: nobody cosigns\)/ })
  isSilent = false
  await check(world, entry('late'), await inTime(world.clock, log.add(entry('late'))))
  t.equal(await waiting, 'done')
  t.match(await inTime(world.clock, log.freeze(world.freeze)), { size: 2 })
  await inTime(world.clock, log.close())
})

t.test('closed while it is coming to its end', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  const held = gate()
  world.hooks.beforePublish = () => held.passed
  const answer = log.add(entry('last'))
  await world.clock.advance(10)
  const freezing = outcome(log.freeze(async () => void t.fail('recorded by a log that closes')))
  const closing = log.close()
  held.open()
  t.equal(await inTime(world.clock, freezing), 'LOG_CLOSED')
  await inTime(world.clock, closing)
  await check(world, entry('last'), await answer)
})

t.test('a crash at any step', async (t) => {
  for (const crash of END) {
    const world = createWorld()
    const before = await start(world, {
      onStep: (step) => {
        if (step === crash) throw new Error('crash')
      },
    })
    await inTime(world.clock, Promise.all(entries(3).map((one) => before.log.add(one))))
    let isRecorded = false
    const record = async () => {
      isRecorded = true
      await world.freeze()
    }
    await t.rejects(inTime(world.clock, before.log.freeze(record)), /crash/, crash)
    t.equal(isRecorded, crash === 'frozen')
    const { log } = await start(world, { state: isRecorded ? 'frozen' : 'active' })
    t.match(log.status(), { durable: 3, published: 3, frozen: isRecorded })
    t.equal(await outcome(inTime(world.clock, log.add(entry('next')))), isRecorded ? 'LOG_FROZEN' : 'done', crash)
    if (!isRecorded) t.match(await inTime(world.clock, log.freeze(world.freeze)), { size: 4 }, 'and then it ends')
    await inTime(world.clock, log.close())
    t.same(await problems(world), [], crash)
  }
})
