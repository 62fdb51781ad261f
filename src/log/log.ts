/** One log: takes entries, answers with receipts, serves tiles. Plain data in and out; see docs/design.md for the order of steps. */

import { MAX_ENTRY_BYTES } from '../formats/c2sp/bundle.ts'
import type { LeafIndex, TreeSize } from '../kernel/brand.ts'
import type { Edge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { type Patience, patience } from './patience.ts'
import { Pool, type PoolLimits } from './pool.ts'
import type {
  Attachment,
  Clock,
  DigestAlgorithm,
  Entry,
  Head,
  LogStore,
  Published,
  Ratchet,
  Signer,
  Witnesses,
} from './ports.ts'
import { prove, type Receipt } from './prover.ts'
import { Publisher } from './publisher.ts'
import { Sequencer } from './sequencer.ts'
import { createSignal } from './signal.ts'
import type { OnStep } from './steps.ts'

export type { Receipt } from './prover.ts'

export interface LogLimits {
  readonly pool: PoolLimits
  /** Entries in one sealed batch. */
  readonly batch: number
  /** Durable entries that no checkpoint covers yet, before sealing pauses. */
  readonly unpublished: number
  /** How long a caller of `add` waits for its receipt. */
  readonly waitMs: number
  /** The least time between two rounds of the same loop under load. */
  readonly intervalMs: number
}

export const DEFAULT_LIMITS: LogLimits = {
  pool: { entries: 4096, bytes: 64 * 2 ** 20 },
  batch: 1024,
  unpublished: 65_536,
  waitMs: 4000, // sigstore-js gives up at 5 s
  intervalMs: 5,
}

/** Leaves whose nodes stay in memory behind the published head, so that an early repeat needs no read either. */
const KEPT_BEHIND = 4096
const RETRY_MS = 1000

export interface LogIdentity {
  readonly slug: string
  readonly dialect: string
  readonly origin: string
  /** The C2SP verifier key of the log's first signature line. */
  readonly vkey: string
}

export interface LogParts {
  readonly identity: LogIdentity
  readonly store: LogStore
  readonly ratchet: Ratchet
  readonly signer: Signer
  readonly witnesses: Witnesses
  readonly clock: Clock
  readonly limits: LogLimits
  readonly onStep: OnStep
  /** The log has stopped for good; `error` says why. Called once. */
  readonly onFailure: (error: unknown) => void
}

/** What the start found: verified, and the place to go on from. */
export interface LogState {
  readonly head: Head
  readonly edge: Edge
  readonly published: Published | null
}

export interface LogStatus {
  readonly durable: TreeSize
  readonly published: TreeSize
  readonly pooled: number
  readonly waiting: number
  readonly state: 'running' | 'closing' | 'failed'
}

export interface Log {
  readonly identity: LogIdentity
  /**
   * Resolves with a receipt once a published checkpoint covers the entry.
   * @throws TlogError ENTRY_TOO_LARGE; LOG_BUSY when the pool is full or the wait is over (the entry may still be
   *   logged: offering it again gives its receipt); STORE_FULL; STORE_CORRUPT when no valid proof comes out of the
   *   store; LOG_CLOSED; LOG_FAILED.
   */
  add(entry: Entry): Promise<Receipt>
  /** The newest published checkpoint; null for an instant after the log's creation. */
  published(): Published | null
  /** The first `width` hashes of a tile inside the published tree, or null. */
  tile(level: number, index: number, width: number): Promise<Uint8Array | null>
  /** The first `width` entries of a bundle inside the published tree, or null. */
  bundle(index: number, width: number): Promise<Uint8Array | null>
  /** Entries of the published tree under a lookup key, ascending, above `after`, at most `limit`. */
  lookup(key: Uint8Array, after: LeafIndex | null, limit: number): Promise<readonly LeafIndex[]>
  attachment(algorithm: DigestAlgorithm, digest: Uint8Array): Promise<Attachment['content'] | null>
  status(): LogStatus
  /** Takes nothing new, sequences and publishes what it has, answers every waiter. */
  close(): Promise<void>
}

/** Starts both loops. `state` must come from `loadState`, which verified it. */
export function createLog(parts: LogParts, state: LogState): Log {
  return new RunningLog(parts, state)
}

class RunningLog implements Log {
  readonly #parts: LogParts
  readonly #edge: Edge
  readonly #pool: Pool
  readonly #sequencer: Sequencer
  readonly #publisher: Publisher
  readonly #entriesWait = createSignal()
  readonly #headMoved = createSignal()
  readonly #publishedMoved = createSignal()
  readonly #loops: Promise<unknown>
  #state: LogStatus['state'] = 'running'
  #sequenced = false

  constructor(parts: LogParts, state: LogState) {
    this.#parts = parts
    this.#edge = state.edge
    this.#pool = new Pool(parts.limits.pool)
    this.#sequencer = new Sequencer({ ...parts, pool: this.#pool, edge: state.edge }, state.head)
    this.#publisher = new Publisher({ ...parts, origin: parts.identity.origin }, state.published)
    this.#loops = Promise.all([this.#sequence(), this.#publish()].map((loop) => loop.catch((e) => this.#fail(e))))
  }

  get identity(): LogIdentity {
    return this.#parts.identity
  }

  async add(entry: Entry): Promise<Receipt> {
    if (this.#state !== 'running') throw this.#refusal()
    if (entry.leaf.length > MAX_ENTRY_BYTES)
      throw new TlogError(
        'ENTRY_TOO_LARGE',
        `a leaf of ${entry.leaf.length} bytes; at most ${MAX_ENTRY_BYTES} fit in a bundle`,
      )
    return await this.#inTime((patience) => this.#receipt(entry, patience))
  }

  published(): Published | null {
    return this.#publisher.published
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array | null> {
    if (!this.#isPublished(level, index, width)) return null
    return this.#edge.tile(level, index, width) ?? (await this.#parts.store.tile(level, index, width))
  }

  async bundle(index: number, width: number): Promise<Uint8Array | null> {
    return this.#isPublished(0, index, width) ? await this.#parts.store.bundle(index, width) : null
  }

  async lookup(key: Uint8Array, after: LeafIndex | null, limit: number): Promise<readonly LeafIndex[]> {
    const found = await this.#parts.store.lookup(key, after, limit)
    return found.filter((index) => index < (this.#publisher.published?.size ?? 0))
  }

  attachment(algorithm: DigestAlgorithm, digest: Uint8Array): Promise<Uint8Array | null> {
    return this.#parts.store.attachment(algorithm, digest)
  }

  status(): LogStatus {
    return {
      durable: this.#sequencer.head.size,
      published: this.#publisher.published?.size ?? (0 as TreeSize),
      pooled: this.#pool.size,
      waiting: this.#publisher.waiting,
      state: this.#state,
    }
  }

  async close(): Promise<void> {
    if (this.#state === 'running') this.#state = 'closing'
    this.#entriesWait.wake()
    this.#headMoved.wake()
    this.#publishedMoved.wake()
    await this.#loops
  }

  async #receipt(entry: Entry, patience: Patience): Promise<Receipt> {
    const hash = leafHash(entry.leaf)
    const settling = this.#pool.add(entry, hash, patience)
    this.#entriesWait.wake()
    const { index, time, repeated } = await settling
    const published = await this.#publisher.covering(index, patience)
    const path = await prove({ hash, index }, published, this.#edge, this.#parts.store)
    return { index, time, repeated, size: published.size, root: published.root, path, note: published.note }
  }

  async #sequence(): Promise<void> {
    const { limits } = this.#parts
    while (this.#state === 'running' || (this.#state === 'closing' && this.#pool.waiting > 0)) {
      if (this.#pool.waiting === 0) await this.#entriesWait.wait()
      else if (this.#tail() >= limits.unpublished && this.#state === 'running') await this.#publishedMoved.wait()
      else await this.#paced(() => this.#sequenceRound())
    }
    this.#sequenced = true
    this.#headMoved.wake()
  }

  async #sequenceRound(): Promise<void> {
    await this.#sequencer.round(this.#parts.limits.batch)
    this.#headMoved.wake() // here, not after the pause: an idle log answers at once
  }

  async #publish(): Promise<void> {
    while (this.#state !== 'failed') {
      const { head } = this.#sequencer
      if (this.#publisher.isBehind(head)) await this.#paced(() => this.#publishRound(head))
      else if (this.#sequenced) return
      else await this.#headMoved.wait()
    }
  }

  async #publishRound(head: Head): Promise<void> {
    try {
      await this.#publisher.round(head)
    } catch (error) {
      if (!isPassing(error) || this.#state !== 'running') throw error
      await this.#sleep(RETRY_MS) // nothing was shown; callers give up in their own time
      return
    }
    const kept = Math.max(this.#edge.from, head.size - KEPT_BEHIND)
    this.#edge.forget(kept as TreeSize)
    this.#publishedMoved.wake()
  }

  /** At once when idle, and at most one round every `intervalMs` under load. */
  async #paced(round: () => Promise<void>): Promise<void> {
    const pause = this.#sleep(this.#parts.limits.intervalMs)
    await round()
    if (this.#state === 'running') await pause
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#parts.clock.after(ms, resolve))
  }

  #inTime<T>(work: (wait: Patience) => Promise<T>): Promise<T> {
    const wait = patience()
    return new Promise((resolve, reject) => {
      const late = () => {
        wait.giveUp()
        reject(new TlogError('LOG_BUSY', 'no checkpoint covered the entry in time; offer it again for its receipt'))
      }
      const cancel = this.#parts.clock.after(this.#parts.limits.waitMs, late)
      work(wait).then(resolve, reject).finally(cancel)
    })
  }

  #tail(): number {
    return this.#sequencer.head.size - (this.#publisher.published?.size ?? 0)
  }

  #isPublished(level: number, index: number, width: number): boolean {
    const held = Math.floor((this.#publisher.published?.size ?? 0) / 256 ** level)
    return index * 256 + width <= held
  }

  #refusal(): TlogError {
    return this.#state === 'closing'
      ? new TlogError('LOG_CLOSED', 'the log is shutting down; try again shortly')
      : new TlogError('LOG_FAILED', 'the log has stopped and takes no entries')
  }

  /** Fail closed: no round runs after an error whose outcome is unknown. A restart reads the truth from the disk. */
  #fail(error: unknown): void {
    if (this.#state === 'failed') return
    this.#state = 'failed'
    const refusal = this.#refusal()
    this.#pool.failWaiting(refusal)
    this.#publisher.fail(refusal)
    for (const signal of [this.#entriesWait, this.#headMoved, this.#publishedMoved]) signal.wake()
    this.#parts.onFailure(error)
  }
}

/** No room, or no quorum: the round is tried again with the head that is newest then. */
function isPassing(error: unknown): boolean {
  return error instanceof TlogError && (error.code === 'STORE_FULL' || error.code === 'LOG_BUSY')
}
