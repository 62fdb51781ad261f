import t from 'tap'
import { utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import type { Entry, Supplement } from '../../src/log/ports.ts'
import { attachment, lookupKey } from '../contract/feeder.ts'
import { check, createWorld, entry, gate, inTime, outcome, problems, settle, start, type World } from './support.ts'

/** The same leaf as entry(name), with content, and a key that only the content yields. */
function whole(name: string | number, contents: readonly string[] = [`content of ${name}`]): Entry {
  return entry(name, {
    keys: contents.map((text) => lookupKey(text, 'attachment')),
    attachments: contents.map((text) => attachment(text)),
  })
}

async function isKept(world: World, index: number, text: string): Promise<boolean> {
  const content = await world.store.attachment('sha256', attachment(text).digest)
  const [found] = await world.store.lookup(lookupKey(text).key, null, 1)
  return content !== null && new TextDecoder().decode(content) === text && found === index
}

/** Every call of attach, as it came. */
function watch(world: World): Supplement[][] {
  const calls: Supplement[][] = []
  world.hooks.beforeAttach = (supplements) => void calls.push([...supplements])
  return calls
}

const full = () => {
  throw new TlogError('STORE_FULL', 'no room')
}
const unknown = () => {
  throw new Error('EIO')
}

const PLACES = [
  { name: 'waiting', hook: undefined, calls: 0 },
  { name: 'in flight, not yet durable', hook: 'beforeAppend', calls: 1 },
  { name: 'durable, not yet settled', hook: 'afterAppend', calls: 1 },
  { name: 'settled, not yet published', hook: 'beforePublish', calls: 1 },
] as const

for (const { name, hook, calls } of PLACES)
  t.test(`a repeat brings its content to an entry that is ${name}`, async (t) => {
    const world = createWorld()
    const { log } = await start(world)
    const attached = watch(world)
    const held = gate()
    if (hook !== undefined) {
      await world.clock.advance(20)
      world.hooks[hook] = () => held.passed
    }
    const first = log.add(entry('a'))
    if (hook !== undefined) await settle()
    const repeats = [log.add(whole('a')), log.add(whole('a')), log.add(entry('a'))]
    await world.clock.advance(50)
    if (hook !== undefined) world.hooks[hook] = undefined
    held.open()
    const receipts = await inTime(world.clock, Promise.all([first, ...repeats]))
    t.ok(await isKept(world, 0, 'content of a'), 'kept before the receipt')
    t.same(
      receipts.map(({ index, repeated }) => [index, repeated]),
      [
        [0, false],
        [0, true],
        [0, true],
        [0, true],
      ],
    )
    t.equal(new Set(receipts.map(({ time }) => time)).size, 1)
    t.equal(attached.length, calls)
    for (const receipt of receipts) await check(world, entry('a'), receipt)
    t.match(log.status(), { durable: 1, pooled: 0, waiting: 0 })
    await inTime(world.clock, log.close())
    t.same(await problems(world, ['content of a']), [])
  })

t.test('a repeat brings its content to an entry that is published, also after a restart', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  for (const name of ['a', 'b']) await inTime(world.clock, log.add(entry(name)))
  const attached = watch(world)
  t.match(await inTime(world.clock, log.add(whole('b'))), { index: 1, repeated: true, size: 2 })
  t.ok(await isKept(world, 1, 'content of b'))
  await inTime(world.clock, log.close())
  const again = await start(world)
  t.match(await inTime(world.clock, again.log.add(whole('a'))), { index: 0, repeated: true, size: 2 })
  t.ok(await isKept(world, 0, 'content of a'))
  t.equal(attached.length, 2)
  t.same(await again.log.attachment('sha256', attachment('content of a').digest), utf8('content of a'))
})

t.test('the receipt waits until the content is durable', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  await inTime(world.clock, log.add(entry('a')))
  const held = gate()
  world.hooks.beforeAttach = () => held.passed
  let answered = false
  const adding = log.add(whole('a')).then(() => {
    answered = true
  })
  await world.clock.advance(100)
  t.notOk(answered)
  t.notOk(await isKept(world, 0, 'content of a'))
  held.open()
  await inTime(world.clock, adding)
  t.ok(await isKept(world, 0, 'content of a'))
})

t.test('fresh entries, and repeats without content, cost no call', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  const attached = watch(world)
  const all = [whole('a'), whole('b'), entry('c')]
  await inTime(world.clock, Promise.all(all.map((one) => log.add(one))))
  await inTime(world.clock, Promise.all(['a', 'b', 'c'].map((name) => log.add(entry(name)))))
  t.same(attached, [])
  t.ok(await isKept(world, 1, 'content of b'))
})

t.test('one call a round, whatever it brings; different contents of one entry are all kept', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  await inTime(world.clock, Promise.all(['a', 'b'].map((name) => log.add(entry(name)))))
  await world.clock.advance(10)
  const attached = watch(world)
  const held = gate()
  world.hooks.beforeAppend = () => held.passed
  const adding = [log.add(entry('busy'))]
  await settle()
  for (const one of [whole('a', ['x']), whole('b'), whole('a', ['x', 'y']), entry('a'), whole('c')])
    adding.push(log.add(one))
  held.open()
  await inTime(world.clock, Promise.all(adding))
  t.same(
    attached.map((call) => call.map(({ index, keys, attachments }) => [index, keys.length, attachments.length])),
    [
      [
        [0, 3, 2],
        [1, 1, 1],
      ],
    ],
  )
  for (const text of ['x', 'y']) t.ok(await isKept(world, 0, text))
  t.ok(await isKept(world, 1, 'content of b'))
  t.ok(await isKept(world, 3, 'content of c'), 'appended in the same round')
})

t.test('content that joins a waiting entry counts against the pool', async (t) => {
  const world = createWorld()
  const { log } = await start(world, { limits: { pool: { entries: 9, bytes: 100 } } })
  await world.clock.advance(10)
  const held = gate()
  world.hooks.beforeAppend = () => held.passed
  const adding = [log.add(entry('busy'))] // 10 bytes
  await settle()
  adding.push(log.add(entry('a'))) // 7 bytes
  t.equal(await outcome(log.add(whole('a', ['x'.repeat(84)]))), 'LOG_BUSY')
  adding.push(log.add(whole('a', ['x'.repeat(83)])))
  t.equal(await outcome(log.add(entry('b'))), 'LOG_BUSY')
  held.open()
  await inTime(world.clock, Promise.all(adding))
  t.notOk(await isKept(world, 1, 'x'.repeat(84)))
  t.ok(await isKept(world, 1, 'x'.repeat(83)))
})

/** A round with a fresh entry, a plain repeat, and a repeat that brings content; then a crash or a failure, and a restart. */
const FAILURES = [
  { name: 'no room to attach', hook: 'beforeAttach', error: full, told: ['done', 'done', 'STORE_FULL'], kept: false },
  { name: 'no room to append', hook: 'beforeAppend', error: full, told: ['STORE_FULL', 'done', 'done'], kept: true },
  {
    name: 'an unknown outcome before attaching',
    hook: 'beforeAttach',
    error: unknown,
    told: ['LOG_FAILED', 'done', 'LOG_FAILED'],
    kept: false,
  },
  {
    name: 'an unknown outcome after attaching',
    hook: 'afterAttach',
    error: unknown,
    told: ['LOG_FAILED', 'done', 'LOG_FAILED'],
    kept: true,
  },
  {
    name: 'an unknown outcome of the append before it',
    hook: 'afterAppend',
    error: unknown,
    told: ['LOG_FAILED', 'done', 'LOG_FAILED'],
    kept: false,
  },
] as const

for (const { name, hook, error, told, kept } of FAILURES)
  t.test(`${name}: nobody is promised what is not kept`, async (t) => {
    const world = createWorld()
    const { log, failures } = await start(world)
    await inTime(world.clock, Promise.all(['a', 'b'].map((one) => log.add(entry(one)))))
    await world.clock.advance(10)
    world.hooks[hook] = error
    const answers = [entry('fresh'), entry('a'), whole('b')].map((one) => outcome(log.add(one)))
    t.same(await inTime(world.clock, Promise.all(answers)), told)
    t.equal(await isKept(world, 1, 'content of b'), kept)
    const fatal = error === unknown
    t.equal(failures.length, fatal ? 1 : 0)
    t.match(log.status(), { state: fatal ? 'failed' : 'running', pooled: 0, waiting: 0 })
    world.hooks[hook] = undefined
    if (!fatal) t.match(await inTime(world.clock, log.add(whole('b'))), { index: 1, repeated: true })
    await inTime(world.clock, log.close())
    const again = await start(world)
    t.match(await inTime(world.clock, again.log.add(whole('b'))), { index: 1, repeated: true })
    t.ok(await isKept(world, 1, 'content of b'), 'a retry brings it')
    await inTime(world.clock, again.log.close())
    t.same(await problems(world, ['content of b']), [])
  })

t.test('content for an entry in flight whose round fails is appended with the retry', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  await world.clock.advance(10)
  const held = gate()
  world.hooks.beforeAppend = async () => {
    await held.passed
    world.hooks.beforeAppend = undefined
    full()
  }
  const first = outcome(log.add(entry('a')))
  await settle()
  const repeat = log.add(whole('a'))
  held.open()
  t.equal(await first, 'STORE_FULL')
  t.match(await inTime(world.clock, repeat), { index: 0, repeated: false }, 'it is the one that brought the entry')
  t.ok(await isKept(world, 0, 'content of a'))
  t.match(log.status(), { durable: 1, pooled: 0 })
})

t.test('close keeps the content that waits behind an entry in flight', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  await world.clock.advance(10)
  const held = gate()
  world.hooks.beforeAppend = () => held.passed
  const first = log.add(entry('a'))
  await settle()
  const repeat = log.add(whole('a'))
  const closing = log.close()
  held.open()
  await inTime(world.clock, closing)
  t.match(await Promise.all([first, repeat]), [
    { index: 0, repeated: false },
    { index: 0, repeated: true },
  ])
  t.ok(await isKept(world, 0, 'content of a'))
  t.same(await problems(world, ['content of a']), [])
})
