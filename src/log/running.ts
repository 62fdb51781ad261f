/** The two loops of one log, joined: what the sequencer made durable the publisher shows, and callers wait for both. */

import { MAX_ENTRY_BYTES } from '../formats/c2sp/bundle.ts'
import type { Promised } from '../formats/sigstore/promise.ts'
import { type Hash, type LeafHash, type LeafIndex, type TreeSize, treeSize } from '../kernel/brand.ts'
import type { Edge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import type { NodeId } from '../kernel/range.ts'
import type { Log, LogIdentity, LogParts, LogState, LogStatus } from './log.ts'
import { Nodes } from './nodes.ts'
import { createPace, type Pace, sleep, wakeOrAge } from './pace.ts'
import { isPassing } from './passing.ts'
import { inTime, type Patience } from './patience.ts'
import { Pool } from './pool.ts'
import type { DigestAlgorithm, Entry, Place, Published } from './ports.ts'
import { prove, type Receipt } from './prover.ts'
import { PublishedTree } from './published-tree.ts'
import { Publisher } from './publisher.ts'
import { refusalOf, undrained } from './refusals.ts'
import { Sequencer } from './sequencer.ts'
import { createSignal } from './signal.ts'

/** Leaves whose nodes stay in memory behind the published head, so that an early repeat needs no read either. */
const KEPT_BEHIND = 4096
const RETRY_MS = 1000

export class RunningLog implements Log {
  readonly #parts: LogParts
  readonly #edge: Edge
  readonly #pool: Pool
  readonly #sequencer: Sequencer
  readonly #publisher: Publisher
  readonly #tree: PublishedTree
  readonly #pace: Pace
  readonly #entriesWait = createSignal()
  readonly #headMoved = createSignal()
  readonly #publishedMoved = createSignal()
  readonly #drainMoved = createSignal()
  readonly #signals = [this.#entriesWait, this.#headMoved, this.#publishedMoved, this.#drainMoved]
  readonly #loops: Promise<unknown>
  readonly #started = Promise.withResolvers<void>()
  #state: LogStatus['state'] = 'running'
  #delayed: LogStatus['delayed'] = null
  #sequenced = false
  #ending = false
  #isLeft = false
  #isAged: boolean
  /** Of the sequencer's `written`, what a checkpoint covers. */
  #covered = 0

  constructor(parts: LogParts, state: LogState) {
    const { store, clock, limits } = parts
    this.#parts = parts
    this.#edge = state.edge
    this.#pool = new Pool(limits.pool)
    this.#sequencer = new Sequencer({ ...parts, pool: this.#pool, edge: state.edge }, state.head)
    const nodes = new Nodes(state.edge, store)
    const { origin } = parts.identity
    this.#publisher = new Publisher({ ...parts, origin, nodes: (ids) => nodes.read(ids) }, state.published)
    this.#isAged = this.#publisher.renewMs !== null
    this.#tree = new PublishedTree(store, state.edge, nodes, () => this.#publishedSize)
    this.#pace = createPace(clock, limits.intervalMs, () => this.#state !== 'running')
    this.#loops = Promise.all([this.#sequence(), this.#publish()].map((loop) => loop.catch((e) => this.#fail(e))))
    void this.#loops.then(() => this.#started.resolve())
    void parts.storeLost.then((reason) => this.#fail(reason))
  }

  get identity(): LogIdentity {
    return this.#parts.identity
  }

  async add(entry: Entry): Promise<Receipt> {
    this.#checkOpen()
    if (entry.leaf.length > MAX_ENTRY_BYTES)
      throw new TlogError(
        'ENTRY_TOO_LARGE',
        `a leaf of ${entry.leaf.length} bytes; at most ${MAX_ENTRY_BYTES} fit in a bundle`,
      )
    const { clock, limits } = this.#parts
    return await inTime(clock, limits.waitMs, (patience) => this.#receipt(entry, patience))
  }

  published(): Published | null {
    return this.#publisher.published
  }

  tile(level: number, index: number, width: number): Promise<Uint8Array | null> {
    return this.#tree.tile(level, index, width)
  }

  bundle(index: number, width: number): Promise<Uint8Array | null> {
    return this.#tree.bundle(index, width)
  }

  entry(index: LeafIndex): Promise<Uint8Array | null> {
    return this.#tree.entry(index)
  }

  nodes(ids: readonly NodeId[]): Promise<readonly Hash[]> {
    return this.#tree.nodes(ids)
  }

  find(hash: LeafHash): Promise<Place | null> {
    return this.#tree.find(hash)
  }

  lookup(key: Uint8Array, after: LeafIndex | null, limit: number): Promise<readonly LeafIndex[]> {
    return this.#tree.lookup(key, after, limit)
  }

  history(after: TreeSize | null, limit: number): Promise<readonly Published[]> {
    return this.#tree.history(after, limit)
  }

  attachment(algorithm: DigestAlgorithm, digest: Uint8Array): Promise<Uint8Array | null> {
    return this.#parts.store.attachment(algorithm, digest)
  }

  async promise(entry: Promised): Promise<Uint8Array | null> {
    const { signer } = this.#parts
    return signer.promise === undefined ? null : await signer.promise(entry)
  }

  status(): LogStatus {
    return {
      durable: this.#sequencer.head.size,
      published: this.#publishedSize,
      pooled: this.#pool.size,
      waiting: this.#publisher.waiting,
      state: this.#state,
      frozen: this.#sequencer.frozen,
      compromised: this.#parts.state === 'compromised',
      delayed: this.#delayed,
    }
  }

  /** A crash between two steps leaves a log that takes entries, or one that is frozen with all of its own public. */
  async freeze(record: (last: Published) => Promise<void>): Promise<Published> {
    this.#checkOpen()
    const { onStep } = this.#parts
    this.#ending = true // 1. memory: nothing new is taken
    try {
      onStep('ending', { entries: 0, size: this.#sequencer.head.size })
      const last = await this.#drained() // 2. what was taken is durable and public
      onStep('drained', { entries: 0, size: last.size })
      await record(last) // 3. durable, for ever
      this.#sequencer.end() // 4. memory follows disk
      onStep('frozen', { entries: 0, size: last.size })
      return last
    } finally {
      this.#ending = false
    }
  }

  started(): Promise<void> {
    return this.#started.promise
  }

  async close(): Promise<void> {
    if (this.#state === 'running') this.#state = 'closing'
    this.#wakeAll()
    await this.#loops
  }

  get #publishedSize(): TreeSize {
    return this.#publisher.published?.size ?? treeSize(0)
  }

  async #receipt(entry: Entry, patience: Patience): Promise<Receipt> {
    const hash = leafHash(entry.leaf)
    const settling = this.#pool.add(entry, hash, patience)
    this.#entriesWait.wake()
    const { index, time, repeated } = await settling
    const published = await this.#publisher.covering(index, patience)
    const path = await prove({ hash, index }, published, (ids) => this.nodes(ids))
    return { index, time, repeated, size: published.size, root: published.root, path, note: published.note }
  }

  async #sequence(): Promise<void> {
    while (this.#state === 'running' || (this.#state === 'closing' && this.#pool.waiting > 0)) {
      if (this.#pool.waiting === 0) await this.#entriesWait.wait()
      else if (this.#state === 'running' && this.#isFarAhead()) await this.#publishedMoved.wait()
      else await this.#pace(() => this.#sequenceRound())
    }
    this.#sequenced = true
    this.#headMoved.wake()
  }

  async #sequenceRound(): Promise<void> {
    await this.#sequencer.round(this.#parts.limits.batch)
    this.#headMoved.wake() // here, not after the pause: an idle log answers at once
    this.#drainMoved.wake()
  }

  /** What is durable without a checkpoint is bounded: witnesses may be gone for days. */
  #isFarAhead(): boolean {
    const { head, written } = this.#sequencer
    const { unpublished, unpublishedBytes } = this.#parts.limits
    return head.size - this.#publishedSize >= unpublished || written - this.#covered >= unpublishedBytes
  }

  async #publish(): Promise<void> {
    const { clock } = this.#parts
    while (this.#state !== 'failed' && !this.#isLeft) {
      if (this.#isRenewed || this.#publisher.isBehind(this.#sequencer.head))
        await this.#pace(() => this.#publishRound())
      else if (this.#sequenced) return
      else {
        this.#started.resolve()
        this.#isAged = await wakeOrAge(this.#headMoved, clock, this.#publisher.renewMs)
      }
    }
  }

  /** The newest head is to be signed anew: at the start, for the policy may be another now, and when it has become old. */
  get #isRenewed(): boolean {
    return this.#isAged && this.#state === 'running' && !this.#sequencer.frozen
  }

  async #publishRound(): Promise<void> {
    const { head, written } = this.#sequencer
    try {
      await this.#publisher.round(head)
    } catch (error) {
      if (!isPassing(error) || this.#state === 'failed') throw error
      return this.#state === 'closing' ? this.#leave(error) : await this.#putOff(error)
    }
    this.#delayed = null
    this.#isAged = false
    this.#covered = written
    const kept = Math.max(this.#edge.from, head.size - KEPT_BEHIND)
    this.#edge.forget(kept as TreeSize)
    this.#publishedMoved.wake()
    this.#drainMoved.wake()
  }

  /** The checkpoint of all that was taken, once there is one. */
  async #drained(): Promise<Published> {
    const { clock, limits } = this.#parts
    let isLate = false
    const cancel = clock.after(limits.drainMs, () => {
      isLate = true
      this.#drainMoved.wake()
    })
    try {
      for (;;) {
        if (this.#state !== 'running') throw this.#refusal()
        const last = this.published()
        if (last !== null && this.#pool.size === 0 && !this.#publisher.isBehind(this.#sequencer.head)) return last
        if (isLate) throw undrained(this.#delayed)
        await this.#drainMoved.wait()
      }
    } finally {
      cancel()
    }
  }

  /** Nothing was shown; callers give up in their own time. */
  async #putOff(error: TlogError): Promise<void> {
    const { clock, onPublishDelayed } = this.#parts
    this.#delayed = { since: this.#delayed?.since ?? clock.now(), reason: `${error.code}: ${error.message}` }
    onPublishDelayed(error)
    this.#started.resolve()
    await sleep(clock, RETRY_MS)
  }

  /** At the end, with nobody to cosign: what is durable is published after the next start. */
  #leave(error: TlogError): void {
    this.#isLeft = true
    this.#parts.onPublishDelayed(error)
    this.#publisher.fail(this.#refusal())
  }

  /** @throws TlogError LOG_FROZEN, LOG_CLOSED, LOG_FAILED */
  #checkOpen(): void {
    if (this.#state !== 'running' || this.#ending || this.#sequencer.frozen) throw this.#refusal()
  }

  #refusal(): TlogError {
    return refusalOf(this.#state, this.#ending)
  }

  /** Fail closed: no round runs after an error whose outcome is unknown. A restart reads the truth from the disk. */
  #fail(error: unknown): void {
    if (this.#state === 'failed') return
    this.#state = 'failed'
    const refusal = this.#refusal()
    this.#pool.failWaiting(refusal)
    this.#publisher.fail(refusal)
    this.#wakeAll()
    this.#started.resolve()
    this.#parts.onFailure(error)
  }

  #wakeAll(): void {
    for (const signal of this.#signals) signal.wake()
  }
}
