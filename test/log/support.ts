/** A log on a memory store and a clock that only tests move, with a hand on every step of a round. */

import { createHash } from 'node:crypto'
import { importEd25519Seed } from '#crypto'
import { parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { createVkey, formatVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import { type UnixMillis, unixMillis } from '../../src/kernel/brand.ts'
import { equal, utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { EMPTY_ROOT, leafHash } from '../../src/kernel/hash.ts'
import { verifyInclusion } from '../../src/kernel/proof.ts'
import { fsck } from '../../src/log/fsck.ts'
import { loadState } from '../../src/log/load.ts'
import { createLog, DEFAULT_LIMITS, type Log, type LogLimits, type Receipt } from '../../src/log/log.ts'
import type {
  Clock,
  Entry,
  LogStore,
  Mark,
  Published,
  Ratchet,
  SealedBatch,
  Signer,
  Supplement,
  UnshownHead,
  Witnesses,
} from '../../src/log/ports.ts'
import { createSigner } from '../../src/log/signer.ts'
import type { Step } from '../../src/log/steps.ts'
import { memoryDatabase } from '../../src/storage/memory.ts'
import { memoryRatchet } from '../../src/storage/ratchet.ts'
import { attachment, lookupKey } from '../contract/feeder.ts'

export const ORIGIN = 'log.example'
export const START = 1_700_000_000_000

export function entry(name: string | number, parts: Partial<Entry> = {}): Entry {
  return { leaf: utf8(`entry ${name}`), keys: [], attachments: [], ...parts }
}

export function entries(count: number, from = 0): Entry[] {
  return Array.from({ length: count }, (_, i) => entry(from + i))
}

/** Lets everything run that waits for neither the clock nor a gate. */
export async function settle(turns = 3): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
}

export class ManualClock implements Clock {
  #now = START
  #timers: { at: number; run: () => void }[] = []

  now(): UnixMillis {
    return unixMillis(this.#now)
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.ceil(ms), run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Runs what is due, in its order, and lets each have its effects. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle(1)
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#now = next.at
      this.#timers = this.#timers.filter((other) => other !== next)
      next.run()
      await settle(1)
    }
    this.#now = end
    await settle()
  }

  /** Sets the time of day without running a timer. */
  set(ms: number): void {
    this.#now = ms
  }

  #next(end: number) {
    return this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
  }
}

/** What a test does around a write: wait, or throw in its place or after it. */
export interface Hooks {
  beforeAppend?: ((batch: SealedBatch) => unknown) | undefined
  afterAppend?: (() => unknown) | undefined
  beforeAttach?: ((supplements: readonly Supplement[]) => unknown) | undefined
  afterAttach?: (() => unknown) | undefined
  beforePublish?: ((published: Published) => unknown) | undefined
  afterPublish?: (() => unknown) | undefined
}

export interface World {
  readonly vkey: string
  readonly signer: Signer
  /** Counts every read by its name. */
  readonly store: LogStore
  readonly reads: string[]
  readonly hooks: Hooks
  readonly ratchet: Ratchet
  readonly clock: ManualClock
  /** In the store, behind the back of a running log. */
  freeze(): Promise<void>
}

const EMPTY: Mark = { size: 0 as Mark['size'], root: EMPTY_ROOT }

export function createWorld(): World {
  const key = importEd25519Seed(new Uint8Array(32).fill(7))
  const vkey = createVkey(ORIGIN, KEY_TYPE.ed25519, key.publicKey)
  const database = memoryDatabase()
  const record = { slug: 'v2', dialect: 'test', origin: ORIGIN, vkey: formatVkey(vkey), createdAt: unixMillis(START) }
  void database.createLog(record) // in memory it is there at once, as number 0
  const hooks: Hooks = {}
  const reads: string[] = []
  const store = hooked(database.store(0), hooks, reads)
  const clock = new ManualClock()
  return {
    vkey: record.vkey,
    signer: createSigner(vkey, key),
    store,
    reads,
    hooks,
    ratchet: memoryRatchet(EMPTY),
    clock,
    freeze: async () => void (await database.freezeLog(0, unixMillis(START))),
  }
}

function hooked(store: LogStore, hooks: Hooks, reads: string[]): LogStore {
  return {
    ...store,
    tile: (...where) => {
      reads.push('tile')
      return store.tile(...where)
    },
    leafHashes: (...where) => {
      reads.push('leafHashes')
      return store.leafHashes(...where)
    },
    bundle: (...where) => {
      reads.push('bundle')
      return store.bundle(...where)
    },
    append: async (expected, batch) => {
      await hooks.beforeAppend?.(batch)
      await store.append(expected, batch)
      await hooks.afterAppend?.()
    },
    attach: async (supplements) => {
      await hooks.beforeAttach?.(supplements)
      await store.attach(supplements)
      await hooks.afterAttach?.()
    },
    publish: async (published) => {
      await hooks.beforePublish?.(published)
      await store.publish(published)
      await hooks.afterPublish?.()
    },
  }
}

export interface Running {
  readonly log: Log
  readonly steps: Step[]
  readonly failures: unknown[]
  readonly delays: TlogError[]
}

export interface StartOptions {
  readonly state?: 'active' | 'frozen'
  readonly limits?: Partial<LogLimits>
  readonly cosign?: (note: Uint8Array) => Promise<Uint8Array>
  readonly witnesses?: Witnesses
  readonly onStep?: (step: Step, detail: { entries: number; size: number }) => void
  readonly storeLost?: Promise<unknown>
}

/** As the server starts one, and past its first round. */
export async function start(world: World, options: StartOptions = {}): Promise<Running> {
  const { vkey, signer, store, ratchet, clock } = world
  const steps: Step[] = []
  const failures: unknown[] = []
  const delays: TlogError[] = []
  const parts = {
    identity: { slug: 'v2', dialect: 'test', origin: ORIGIN, vkey },
    state: options.state ?? 'active',
    store,
    storeLost: options.storeLost ?? new Promise(() => undefined),
    ratchet,
    signer,
    witnesses: options.witnesses ?? {
      cosign: ({ note }: UnshownHead) => (options.cosign ?? (async (plain: Uint8Array) => plain))(note),
      atOnce: 1,
      renewMs: null,
    },
    clock,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    onStep: (step: Step, detail: { entries: number; size: number }) => {
      steps.push(step)
      options.onStep?.(step, detail)
    },
    onPublishDelayed: (error: TlogError) => void delays.push(error),
    onFailure: (error: unknown) => void failures.push(error),
  }
  const log = createLog(parts, await loadState({ origin: ORIGIN, store, ratchet, signer }))
  await settle()
  return { log, steps, failures, delays }
}

/** The answer, with the clock running. */
export async function inTime<T>(clock: ManualClock, work: Promise<T>, stepMs = 5): Promise<T> {
  let open = true
  const done = work.finally(() => {
    open = false
  })
  done.catch(() => undefined)
  await settle(1)
  for (let i = 0; open && i < 4000; i++) await clock.advance(stepMs)
  if (open) throw new Error('no answer')
  return await done
}

/** The error code of a call that fails, or "done". Takes the rejection at once, so that none goes unhandled. */
export function outcome(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: unknown) => (error instanceof TlogError ? error.code : String(error)),
  )
}

/** Fails unless the receipt proves the entry, under a note that this log signed. */
export async function check(world: World, { leaf }: Entry, receipt: Receipt): Promise<void> {
  const { index, size, root, path, note } = receipt
  verifyInclusion(leafHash(leaf), index, { size, root }, path)
  const checkpoint = parseCheckpoint(await world.signer.open(note))
  if (checkpoint.origin !== ORIGIN || checkpoint.size !== size || !equal(checkpoint.root, root))
    throw new Error('the note is about another tree')
}

/** What a full check finds wrong with the store, when each of its leaves may lead to `contents`, and to nothing else. */
export async function problems(world: World, contents: readonly string[] = []): Promise<string[]> {
  const attachments = contents.map((text) => ({
    ...attachment(text),
    key: lookupKey(text).key,
    keysOf: () => [],
    statementOf: () => null,
  }))
  const found: string[] = []
  await fsck({
    origin: ORIGIN,
    store: world.store,
    mark: await world.ratchet.read(),
    open: world.signer.open,
    facts: () => ({ keys: [], attachments }),
    withdraws: () => null,
    digest: (algorithm, content) => createHash(algorithm).update(content).digest(),
    onProblem: (problem) => void found.push(problem),
    onProgress: () => undefined,
  })
  return found
}

export interface Gate {
  /** Resolves when the gate opens. */
  readonly passed: Promise<void>
  open(): void
}

export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { passed: promise, open: resolve }
}
