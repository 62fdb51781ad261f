import fc from 'fast-check'
import t from 'tap'
import { parseBundle } from '../../src/formats/c2sp/bundle.ts'
import { hex } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import type { Receipt } from '../../src/log/log.ts'
import type { Entry } from '../../src/log/ports.ts'
import { attachment, lookupKey } from '../contract/feeder.ts'
import {
  check,
  createWorld,
  entries,
  entry,
  gate,
  inTime,
  outcome,
  problems,
  type Running,
  settle,
  start,
  type World,
} from './support.ts'

/** Waits in the middle of a round, at whichever of its steps a test names. */
const PHASES: readonly { readonly name: string; readonly hook: 'beforeAppend' | 'afterAppend' | 'beforePublish' }[] = [
  { name: 'in flight, not yet durable', hook: 'beforeAppend' },
  { name: 'durable, not yet settled', hook: 'afterAppend' },
  { name: 'settled, not yet published', hook: 'beforePublish' },
]

for (const { name, hook } of PHASES)
  t.test(`an equal entry that is ${name} is joined`, async (t) => {
    const world = createWorld()
    const { log } = await start(world)
    const held = gate()
    world.hooks[hook] = () => held.passed
    const first = log.add(entry('a'))
    await world.clock.advance(20)
    const others = Array.from({ length: 1000 }, () => log.add(entry('a')))
    await world.clock.advance(20)
    held.open()
    world.hooks[hook] = undefined
    const receipts = await inTime(world.clock, Promise.all([first, ...others]))
    t.ok(receipts.every(({ index, time }) => index === 0 && time === receipts[0]?.time))
    t.same(
      receipts.map(({ repeated }) => repeated),
      [false, ...others.map(() => true)],
    )
    t.equal((await world.store.head())?.size, 1)
    for (const receipt of new Set(receipts)) await check(world, entry('a'), receipt)
    await inTime(world.clock, log.close())
    t.same(await problems(world), [])
  })

t.test('1000 equal entries at once are one; later ones get its index and time, also after a restart', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  const at = world.clock.now()
  const together = await inTime(world.clock, Promise.all(Array.from({ length: 1000 }, () => log.add(entry('a')))))
  t.equal(together.filter(({ repeated }) => !repeated).length, 1)
  t.ok(together.every(({ index, time }) => index === 0 && time === at))
  await world.clock.advance(60_000)
  const later = await inTime(world.clock, log.add(entry('a')))
  t.match(later, { index: 0, time: at, repeated: true })
  await inTime(world.clock, Promise.all(entries(10).map((one) => log.add(one))))
  await inTime(world.clock, log.close())
  const again = await start(world)
  const afterRestart = await inTime(world.clock, again.log.add(entry('a')))
  t.match(afterRestart, { index: 0, time: at, repeated: true, size: 11 })
  await check(world, entry('a'), afterRestart)
  await inTime(world.clock, again.log.close())
  t.equal((await world.store.head())?.size, 11)
})

t.test('a failed round is not remembered: its retry is appended', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  world.hooks.beforeAppend = () => {
    throw new TlogError('STORE_FULL', 'no room')
  }
  const failed = [log.add(entry('a')), log.add(entry('a'))].map(outcome)
  t.same(await inTime(world.clock, Promise.all(failed)), ['STORE_FULL', 'STORE_FULL'])
  t.equal(log.status().pooled, 0)
  world.hooks.beforeAppend = undefined
  const retried = await inTime(world.clock, log.add(entry('a')))
  t.match(retried, { index: 0, repeated: false, size: 1 })
  await check(world, entry('a'), retried)
})

t.test('known and new entries of one batch', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  await inTime(world.clock, Promise.all(entries(3).map((one) => log.add(one))))
  const batch = [entry(1), entry('new'), entry(0), entry('newer')]
  const receipts = await inTime(world.clock, Promise.all(batch.map((one) => log.add(one))))
  t.same(
    receipts.map(({ index, repeated }) => [index, repeated]),
    [
      [1, true],
      [3, false],
      [0, true],
      [4, false],
    ],
  )
  for (const [i, receipt] of receipts.entries()) await check(world, batch[i] ?? entry(''), receipt)
})

t.test('the known entries of a batch that fails keep their receipts', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  await inTime(world.clock, log.add(entry('known')))
  world.hooks.beforeAppend = () => {
    throw new TlogError('STORE_FULL', 'no room')
  }
  await world.clock.advance(10)
  const [known, fresh] = [log.add(entry('known')), outcome(log.add(entry('fresh')))]
  t.equal(await inTime(world.clock, fresh), 'STORE_FULL')
  t.match(await inTime(world.clock, known), { index: 0, repeated: true })
})

const MAX_NAME = 15

type Act =
  | { readonly do: 'add'; readonly name: number; readonly content: boolean }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'fault'; readonly fault: Fault }
  | { readonly do: 'stall'; readonly hook: Stall }
  | { readonly do: 'release' }
  | { readonly do: 'restart' }

type Stall = 'beforeAppend' | 'afterAppend' | 'beforeAttach' | 'afterAttach' | 'beforePublish'
const STALLS: readonly Stall[] = ['beforeAppend', 'afterAppend', 'beforeAttach', 'afterAttach', 'beforePublish']

interface Fault {
  readonly hook: keyof World['hooks']
  readonly code: 'STORE_FULL' | undefined
}

/** Full is known to have left nothing; any other failure may come before the write or after it. */
const faults: readonly Fault[] = [
  { hook: 'beforeAppend', code: 'STORE_FULL' },
  { hook: 'beforePublish', code: 'STORE_FULL' },
  { hook: 'beforeAttach', code: 'STORE_FULL' },
  { hook: 'beforeAttach', code: undefined },
  { hook: 'afterAttach', code: undefined },
  { hook: 'beforeAppend', code: undefined },
  { hook: 'afterAppend', code: undefined },
  { hook: 'beforePublish', code: undefined },
  { hook: 'afterPublish', code: undefined },
]

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('add' as const), name: fc.nat(MAX_NAME), content: fc.boolean() }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(1, 5, 20, 1500) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fault' as const), fault: fc.constantFrom(...faults) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('stall' as const), hook: fc.constantFrom(...STALLS) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'release' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
)

interface Offer {
  readonly name: number
  /** Offered with its attachment, or by the digest alone: the same leaf. */
  readonly content: boolean
}

const textOf = (name: number) => `content of ${name}`
const CONTENTS = Array.from({ length: MAX_NAME + 1 }, (_, name) => textOf(name))
const contentOf = (name: number) => attachment(textOf(name))
const keyOf = (name: number) => lookupKey(textOf(name), 'attachment')

function offered({ name, content }: Offer): Entry {
  return content ? entry(name, { keys: [keyOf(name)], attachments: [contentOf(name)] }) : entry(name)
}

async function checkContent(world: World, name: number, index: number): Promise<void> {
  const { algorithm, digest } = contentOf(name)
  if ((await world.store.attachment(algorithm, digest)) === null) throw new Error(`${name}: its content was not kept`)
  const found = await world.store.lookup(keyOf(name).key, null, 2)
  if (found.length !== 1 || found[0] !== index) throw new Error(`${name}: not found by its content`)
}

/** Drives one log, over its restarts, through a random story. */
class Story {
  readonly world = createWorld()
  readonly answers: Promise<(Offer & { receipt: Receipt }) | (Offer & { code: string })>[] = []
  #running: Running | undefined
  #held: ReturnType<typeof gate>[] = []

  async play(story: readonly Act[]): Promise<void> {
    for (const act of story) {
      if (this.#running === undefined || this.#running.failures.length > 0) await this.#restart()
      await this.#act(act)
    }
    await this.#restart()
    await this.#stop()
  }

  async #act(act: Act): Promise<void> {
    if (act.do === 'add') this.#add(act)
    else if (act.do === 'advance') await this.world.clock.advance(act.ms)
    else if (act.do === 'fault') this.#arm(act.fault)
    else if (act.do === 'stall') this.#stall(act.hook)
    else if (act.do === 'release') this.#release()
    else await this.#restart()
  }

  #add({ name, content }: Offer): void {
    const answer = this.#running?.log.add(offered({ name, content })) ?? Promise.reject(new Error('not running'))
    const noted = answer.then(
      (receipt) => ({ name, content, receipt }),
      (error: unknown) => ({ name, content, code: error instanceof TlogError ? error.code : String(error) }),
    )
    this.answers.push(noted)
  }

  #arm({ hook, code }: Fault): void {
    this.world.hooks[hook] = () => {
      this.world.hooks[hook] = undefined
      throw code === undefined ? new Error('the outcome is unknown') : new TlogError(code, 'no room')
    }
  }

  #stall(hook: Stall): void {
    const held = gate()
    this.#held.push(held)
    this.world.hooks[hook] = () => held.passed
  }

  #release(): void {
    for (const held of this.#held) held.open()
    this.#held = []
  }

  async #restart(): Promise<void> {
    await this.#stop()
    this.#running = await start(this.world, {
      limits: { batch: 4, unpublished: 6, unpublishedBytes: 120, pool: { entries: 10, bytes: 1000 } },
    })
  }

  async #stop(): Promise<void> {
    this.#release()
    for (const hook of Object.keys(this.world.hooks) as (keyof World['hooks'])[]) this.world.hooks[hook] = undefined
    if (this.#running !== undefined) await inTime(this.world.clock, this.#running.log.close())
    this.#running = undefined
  }
}

async function storedLeaves(world: World): Promise<string[]> {
  const size = (await world.store.head())?.size ?? 0
  const bundle = size === 0 ? null : await world.store.bundle(0, size)
  return bundle === null ? [] : parseBundle(bundle, size).map(hex)
}

t.test('any story: what was acknowledged is there once, with its content, where the receipt says', async (t) => {
  let receipts = 0
  const property = fc.asyncProperty(fc.array(acts, { minLength: 10, maxLength: 40 }), async (story) => {
    const told = new Story()
    await told.play(story)
    await settle()
    const leaves = await storedLeaves(told.world)
    if (new Set(leaves).size !== leaves.length) throw new Error('a leaf is stored twice')
    const answers = await Promise.race([Promise.all(told.answers), settle(10)])
    if (answers === undefined) throw new Error('a caller is still waiting after close')
    for (const answer of answers) {
      if ('code' in answer) {
        if (!['LOG_BUSY', 'LOG_FAILED', 'STORE_FULL'].includes(answer.code)) throw new Error(answer.code)
        continue
      }
      receipts++
      await check(told.world, entry(answer.name), answer.receipt)
      if (answer.content) await checkContent(told.world, answer.name, answer.receipt.index)
      if (leaves[answer.receipt.index] !== hex(entry(answer.name).leaf)) throw new Error('not where the receipt says')
    }
    const found = await problems(told.world, CONTENTS)
    if (found.length > 0) throw new Error(found.join('; '))
    if ((await told.world.store.published())?.size !== leaves.length) throw new Error('not all of it was published')
  })
  await fc.assert(property, { numRuns: 100, seed: 20261123 })
  t.ok(receipts > 300, `${receipts} receipts were checked`)
})
