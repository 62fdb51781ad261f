import t from 'tap'
import { MAX_ENTRY_BYTES } from '../../src/formats/c2sp/bundle.ts'
import { parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { STEPS, type Step } from '../../src/log/steps.ts'
import { check, createWorld, entries, entry, gate, inTime, outcome, problems, START, settle, start } from './support.ts'

const SEQUENCED: readonly Step[] = STEPS.slice(0, 4)
const PUBLISHED: readonly Step[] = STEPS.slice(4)

t.test('an idle log starts at once, takes every step in its order, and answers last', async (t) => {
  const world = createWorld()
  let answered = false
  const seen: [Step, number, boolean][] = []
  const { log } = await start(world, { onStep: (step, { size }) => seen.push([step, size, answered]) })
  t.same(
    seen.map(([step]) => step),
    PUBLISHED,
    'a new log publishes its empty tree',
  )
  t.equal(log.published()?.size, 0)
  await world.clock.advance(10)
  seen.length = 0
  const adding = log.add(entry('a')).then((receipt) => {
    answered = true
    return receipt
  })
  await settle()
  t.ok(answered, 'without the clock having moved')
  await check(world, entry('a'), await adding)
  t.same(
    seen.map(([step]) => step),
    STEPS,
  )
  t.same(
    seen.map(([, size]) => size),
    [0, 1, 1, 1, 1, 1, 1, 1],
  )
  t.ok(seen.every(([, , was]) => !was))
})

t.test('nothing is answered or readable before it is published', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  const held = gate()
  world.hooks.beforePublish = () => held.passed
  await world.clock.advance(10)
  const key = new Uint8Array(32).fill(3)
  const adding = log.add(entry('a', { keys: [{ key, source: 'leaf' }] }))
  let answered = false
  void adding.then(() => {
    answered = true
  })
  await world.clock.advance(100)
  t.match(log.status(), { durable: 1, published: 0, pooled: 0, waiting: 1, state: 'running' })
  t.equal(answered, false)
  t.equal(await log.tile(0, 0, 1), null)
  t.equal(await log.bundle(0, 1), null)
  t.same(await log.lookup(key, null, 10), [])
  t.equal(log.published()?.size, 0)
  held.open()
  await settle()
  t.ok(answered)
  t.equal((await log.tile(0, 0, 1))?.length, 32)
  t.equal((await log.bundle(0, 1))?.length, 2 + utf8('entry a').length)
  t.same(await log.lookup(key, null, 10), [0])
  t.match(log.status(), { durable: 1, published: 1, waiting: 0 })
})

t.test('under load both loops keep their pace', async (t) => {
  const world = createWorld()
  const at: Partial<Record<Step, number[]>> = {}
  const onStep = (step: Step) => {
    at[step] = [...(at[step] ?? []), world.clock.now() - START]
  }
  const { log } = await start(world, { onStep, limits: { intervalMs: 50 } })
  await world.clock.advance(1000)
  at.taken = []
  at.published = []
  const answers = []
  for (let i = 0; i < 200; i++) {
    answers.push(log.add(entry(i)))
    await world.clock.advance(1)
  }
  const receipts = await inTime(world.clock, Promise.all(answers))
  const expected = [1000, 1050, 1100, 1150, 1200]
  t.same(at.taken, expected)
  t.same(at.published, expected)
  t.same(
    receipts.map(({ index }) => index),
    receipts.map((_, i) => i),
    'in the order they came',
  )
})

t.test('one round of the publisher covers many batches', async (t) => {
  const world = createWorld()
  const { log, steps } = await start(world, { limits: { batch: 10 } })
  await world.clock.advance(10)
  steps.length = 0
  const held = gate()
  world.hooks.beforePublish = () => held.passed
  const answers = entries(100).map((one) => log.add(one))
  await world.clock.advance(100)
  held.open()
  const receipts = await inTime(world.clock, Promise.all(answers))
  t.equal(steps.filter((step) => step === 'appended').length, 10)
  t.equal(steps.filter((step) => step === 'published').length, 2)
  t.same([...new Set(receipts.map(({ size }) => size))].sort(), [10, 100])
  for (const [i, receipt] of receipts.entries()) await check(world, entry(i), receipt)
})

t.test('sealing goes on while the witnesses are slow, up to the bound, then pauses and resumes', async (t) => {
  const world = createWorld()
  let held = gate()
  const { log } = await start(world, {
    cosign: async (note) => {
      await held.passed
      return note
    },
    limits: { batch: 10, unpublished: 30, waitMs: 500 },
  })
  held.open()
  await world.clock.advance(10)
  held = gate()
  const answers = entries(100).map((one) => outcome(log.add(one)))
  await world.clock.advance(300)
  t.match(log.status(), { durable: 30, published: 0, pooled: 70, waiting: 30 })
  await world.clock.advance(300)
  t.same(new Set(await Promise.all(answers)), new Set(['LOG_BUSY']), 'no caller waits for ever')
  t.match(log.status(), { durable: 30, pooled: 70, waiting: 0 }, 'their entries stay, and nobody waits for them')
  const late = [entry(3), entry(95)].map((one) => log.add(one))
  held.open()
  const [third, last] = await inTime(world.clock, Promise.all(late))
  t.match(third, { index: 3, repeated: true })
  t.match(last, { index: 95, repeated: true })
  await world.clock.advance(100)
  t.match(log.status(), { durable: 100, published: 100, pooled: 0, waiting: 0 })
})

t.test('no quorum is no end: the next round asks anew, for the newest head', async (t) => {
  const world = createWorld()
  let quorum = true
  const asked: number[] = []
  const { log, failures } = await start(world, {
    cosign: async (note) => {
      asked.push(Number(parseUtf8(note).split('\n')[1]))
      if (!quorum) throw new TlogError('LOG_BUSY', 'too few witnesses answered')
      return note
    },
  })
  await world.clock.advance(10)
  quorum = false
  const first = outcome(log.add(entry('a')))
  await world.clock.advance(500)
  void outcome(log.add(entry('b')))
  await world.clock.advance(4000)
  t.equal(await first, 'LOG_BUSY')
  quorum = true
  t.match(await inTime(world.clock, log.add(entry('a'))), { index: 0, size: 2, repeated: true })
  t.same(failures, [])
  t.same([asked[1], asked.at(-1)], [1, 2])
})

t.test('a full pool refuses at once, in entries and in bytes', async (t) => {
  const world = createWorld()
  const { log } = await start(world, { limits: { pool: { entries: 3, bytes: 40 } } })
  const held = gate()
  world.hooks.beforeAppend = () => held.passed
  await world.clock.advance(10)
  const answers = entries(3).map((one) => log.add(one)) // 7 bytes each
  await settle()
  t.equal(await outcome(log.add(entry(3))), 'LOG_BUSY', 'a fourth')
  const joined = log.add(entry(0))
  held.open()
  await inTime(world.clock, Promise.all([...answers, joined]))
  world.hooks.beforeAppend = undefined
  t.equal(await outcome(log.add(entry('x'.repeat(35)))), 'LOG_BUSY', '41 bytes')
  t.equal(await inTime(world.clock, outcome(log.add(entry('x'.repeat(34))))), 'done', '40 bytes')
})

t.test('a leaf fits a bundle or is refused before it has a place', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  const [fits, over] = [MAX_ENTRY_BYTES, MAX_ENTRY_BYTES + 1].map((length) =>
    entry('', { leaf: new Uint8Array(length) }),
  )
  if (fits === undefined || over === undefined) throw new Error('two entries')
  t.equal(await outcome(log.add(over)), 'ENTRY_TOO_LARGE')
  t.match(await inTime(world.clock, log.add(fits)), { index: 0 })
  t.equal((await log.bundle(0, 1))?.length, MAX_ENTRY_BYTES + 2)
})

t.test('a full disk fails the round, and the log goes on', async (t) => {
  const world = createWorld()
  const { log, failures } = await start(world)
  world.hooks.beforeAppend = () => {
    throw new TlogError('STORE_FULL', 'no room')
  }
  t.equal(await inTime(world.clock, outcome(log.add(entry('a')))), 'STORE_FULL')
  t.match(log.status(), { durable: 0, pooled: 0, waiting: 0, state: 'running' })
  world.hooks.beforeAppend = undefined
  await inTime(world.clock, log.add(entry('b')))
  world.hooks.beforePublish = () => {
    throw new TlogError('STORE_FULL', 'no room')
  }
  const waiting = outcome(log.add(entry('c')))
  await world.clock.advance(2000)
  t.match(log.status(), { durable: 2, published: 1, state: 'running' })
  world.hooks.beforePublish = undefined
  await world.clock.advance(1000)
  t.equal(await waiting, 'done', 'published once there was room again')
  t.same(failures, [])
  await inTime(world.clock, log.close())
  t.same(await problems(world), [])
})

const fatal = [
  { name: 'another writer', hook: 'beforeAppend', error: new TlogError('HEAD_MOVED', 'moved'), durable: 0 },
  { name: 'an unknown outcome before the write', hook: 'beforeAppend', error: new Error('EIO'), durable: 0 },
  { name: 'an unknown outcome after the write', hook: 'afterAppend', error: new Error('EIO'), durable: 1 },
  { name: 'another publisher', hook: 'beforePublish', error: new TlogError('HEAD_MOVED', 'moved'), durable: 1 },
  { name: 'a checkpoint that may be stored or not', hook: 'afterPublish', error: new Error('EIO'), durable: 1 },
] as const

for (const { name, hook, error, durable } of fatal)
  t.test(`the log stops on ${name}`, async (t) => {
    const world = createWorld()
    const { log, failures } = await start(world)
    await world.clock.advance(10)
    world.hooks[hook] = () => {
      throw error
    }
    const waiting = [entry('a'), entry('a')].map((one) => outcome(log.add(one)))
    await settle()
    t.same(await Promise.all(waiting), ['LOG_FAILED', 'LOG_FAILED'])
    t.same(failures, [error], 'told once, and whole')
    t.equal(log.status().state, 'failed')
    t.equal(await outcome(log.add(entry('b'))), 'LOG_FAILED')
    t.equal((await world.store.head())?.size, durable, 'the disk has the truth')
    await inTime(world.clock, log.close())
    t.equal(failures.length, 1)
    world.hooks[hook] = undefined
    const again = await start(world)
    t.equal(again.log.published()?.size, durable, 'a restart goes on from it')
    t.match(await inTime(world.clock, again.log.add(entry('a'))), { index: 0, repeated: durable === 1 })
    await inTime(world.clock, again.log.close())
    t.same(await problems(world), [])
  })

t.test('a ratchet that refuses stops the log before it signs', async (t) => {
  const world = createWorld()
  const { log, failures, steps } = await start(world)
  await world.clock.advance(10)
  steps.length = 0
  await world.ratchet.advance({ size: 1 as never, root: new Uint8Array(32).fill(9) as never }) // the signer saw another tree
  t.equal(await inTime(world.clock, outcome(log.add(entry('a')))), 'LOG_FAILED')
  t.match(failures, [{ code: 'RATCHET_REFUSED' }])
  t.same(steps, SEQUENCED)
  t.equal((await world.store.published())?.size, 0)
})

t.test('both loops fail: told once, and every entry hears of it, wherever it is', async (t) => {
  for (const sequencerFails of [true, false]) {
    const world = createWorld()
    const { log, failures } = await start(world, { limits: { batch: 1 } })
    await world.clock.advance(10)
    const [publishing, appending] = [gate(), gate()]
    world.hooks.beforePublish = async () => {
      await publishing.passed
      throw new Error('the publisher')
    }
    const unpublished = outcome(log.add(entry('a')))
    await world.clock.advance(10)
    world.hooks.afterAppend = async () => {
      await appending.passed
      if (sequencerFails) throw new Error('the sequencer')
    }
    const inFlight = outcome(log.add(entry('b')))
    const waiting = outcome(log.add(entry('c')))
    await world.clock.advance(10)
    t.match(log.status(), { durable: 1, published: 0, pooled: 2, waiting: 1 })
    publishing.open()
    await settle()
    appending.open()
    const all = Promise.all([unpublished, inFlight, waiting])
    t.same(await Promise.race([all, settle(10)]), ['LOG_FAILED', 'LOG_FAILED', 'LOG_FAILED'])
    t.match(failures, [{ message: 'the publisher' }])
    t.equal(failures.length, 1)
    t.match(log.status(), { pooled: 0, waiting: 0, state: 'failed' })
    await inTime(world.clock, log.close())
  }
})

t.test('close publishes everything, answers every waiter, takes nothing new', async (t) => {
  const world = createWorld()
  const { log, failures } = await start(world, { limits: { batch: 10, unpublished: 20 } })
  const held = gate()
  world.hooks.beforePublish = () => held.passed
  await world.clock.advance(10)
  const answers = entries(100).map((one) => log.add(one))
  await world.clock.advance(100)
  t.match(log.status(), { durable: 20, pooled: 80 }, 'sealing has paused')
  const closing = log.close()
  t.equal(await outcome(log.add(entry('late'))), 'LOG_CLOSED')
  t.equal(log.status().state, 'closing')
  held.open()
  await settle(20)
  await closing
  const receipts = await Promise.all(answers)
  for (const [i, receipt] of receipts.entries()) await check(world, entry(i), receipt)
  t.equal((await world.store.published())?.size, 100)
  t.same(failures, [])
  await log.close()
  t.same(await problems(world), [])
})

t.test('close ends and answers although the disk is full', async (t) => {
  for (const hook of ['beforeAppend', 'beforePublish'] as const) {
    const world = createWorld()
    const { log } = await start(world)
    world.hooks[hook] = () => {
      throw new TlogError('STORE_FULL', 'no room')
    }
    const waiting = outcome(log.add(entry('a')))
    const closing = log.close()
    await inTime(world.clock, closing)
    t.equal(await waiting, hook === 'beforeAppend' ? 'STORE_FULL' : 'LOG_CLOSED', hook)
    world.hooks[hook] = undefined
    const again = await start(world)
    t.equal(
      again.log.published()?.size,
      hook === 'beforeAppend' ? 0 : 1,
      'what was durable is published at the restart',
    )
  }
})

t.test('the time of a head never goes back, whatever the clock does', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  await world.clock.advance(1000)
  const first = await inTime(world.clock, log.add(entry('a')))
  await world.clock.advance(1000)
  world.clock.set(START - 5000)
  const second = await inTime(world.clock, log.add(entry('b')))
  t.equal(second.time, first.time)
  t.equal(log.published()?.time, first.time)
})

t.test('tiles and bundles end where the published tree ends', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  await inTime(world.clock, Promise.all(entries(300).map((one) => log.add(one))))
  const held = gate()
  world.hooks.beforePublish = () => held.passed
  await world.clock.advance(10)
  const unpublished = entries(300, 300).map((one) => log.add(one))
  await world.clock.advance(10)
  t.match(log.status(), { durable: 600, published: 300 })
  const there = { 'tile 0/0/256': 8192, 'tile 0/1/44': 1408, 'tile 1/0/1': 32 }
  const beyond = ['tile 0/1/45', 'tile 0/1/256', 'tile 0/2/1', 'tile 1/0/2', 'tile 2/0/1', 'tile 63/0/1', 'tile 0/3/1']
  for (const [name, length] of Object.entries(there)) t.equal((await read(name))?.length, length, name)
  for (const name of beyond) t.equal(await read(name), null, name)
  for (const [index, width, has] of [
    [0, 256, true],
    [1, 44, true],
    [1, 45, false],
    [2, 1, false],
  ] as const)
    t.equal((await log.bundle(index, width)) !== null, has, `bundle ${index} of ${width}`)
  held.open()
  await inTime(world.clock, Promise.all(unpublished))
  t.equal((await read('tile 1/0/2'))?.length, 64)

  function read(name: string): Promise<Uint8Array | null> {
    const [level = 0, index = 0, width = 0] = name.slice(5).split('/').map(Number)
    return log.tile(level, index, width)
  }
})

t.test('attachments are found by their digest', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  const content = utf8('kept')
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content as Uint8Array<ArrayBuffer>))
  await inTime(world.clock, log.add(entry('a', { attachments: [{ algorithm: 'sha256', digest, content }] })))
  t.same(await log.attachment('sha256', digest), content)
  t.equal(await log.attachment('sha384', digest), null)
})

t.test('a store that is lost stops the log at once, though it is idle', async (t) => {
  const world = createWorld()
  const lost = Promise.withResolvers<unknown>()
  const { log, failures } = await start(world, { storeLost: lost.promise })
  await inTime(world.clock, log.add(entry('a')))
  t.equal(log.status().state, 'running')
  const reason = new TlogError('STORE_CORRUPT', 'the thread that writes has ended')
  lost.resolve(reason)
  await settle()
  t.same(failures, [reason])
  t.equal(log.status().state, 'failed')
  t.equal(await outcome(log.add(entry('b'))), 'LOG_FAILED')
  t.match(log.published(), { size: 1 }, 'what is public is still read')
})
