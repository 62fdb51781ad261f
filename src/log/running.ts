/** The two loops of one log, joined: what the sequencer made durable the publisher shows, and callers wait for both. */

import { type LeafHash, type TreeSize, treeSize } from '../kernel/brand.ts'
import type { Edge } from '../kernel/edge.ts'
import type { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import type { LogParts, LogState, LogStatus, SequencedLog } from './log.ts'
import { Nodes } from './nodes.ts'
import { createPace, type Pace, sleep, wakeOrAge } from './pace.ts'
import { isPassing } from './passing.ts'
import { inTime, type Patience, patience } from './patience.ts'
import { Pool, type Settled } from './pool.ts'
import type { Entry, Published } from './ports.ts'
import { prove, type Receipt } from './prover.ts'
import { PublishedTree } from './published-tree.ts'
import { Publisher } from './publisher.ts'
import { checkLength, refusalOf, undrained } from './refusals.ts'
import { Rounds } from './rounds.ts'
import { Sequencer } from './sequencer.ts'
import { ServedLog } from './served.ts'
import { createSignal } from './signal.ts'

/** Leaves whose nodes stay in memory behind the published head, so that an early repeat needs no read either. */
const KEPT_BEHIND = 4096
const RETRY_MS = 1000

export class RunningLog extends ServedLog implements SequencedLog {
  readonly #parts: LogParts
  readonly #edge: Edge
  readonly #pool: Pool
  readonly #sequencer: Sequencer
  readonly #publisher: Publisher
  protected readonly tree: PublishedTree
  readonly #pace: Pace
  readonly #rounds: Rounds
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
  /** The newest head that a round is under way for, or that is published. */
  #begun: TreeSize | null

  constructor(parts: LogParts, state: LogState) {
    super(parts)
    const { store, clock, limits } = parts
    this.#parts = parts
    this.#edge = state.edge
    this.#pool = new Pool(limits.pool)
    this.#sequencer = new Sequencer({ ...parts, pool: this.#pool, edge: state.edge }, state.head)
    const nodes = new Nodes(state.edge, store)
    const published = { ...parts, origin: parts.identity.origin, nodes: nodes.read.bind(nodes) }
    this.#publisher = new Publisher(published, state.published)
    this.#begun = state.published?.size ?? null
    this.#isAged = this.#publisher.renewMs !== null
    this.#rounds = new Rounds(clock)
    this.tree = new PublishedTree(store, state.edge, nodes, () => this.#publishedSize)
    this.#pace = createPace(clock, limits.intervalMs, () => this.#state !== 'running')
    this.#loops = Promise.all([this.#sequence(), this.#publish()].map((loop) => loop.catch((e) => this.#fail(e))))
    void this.#loops.then(() => this.#started.resolve())
    void parts.storeLost.then((reason) => this.#fail(reason))
  }

  async add(entry: Entry): Promise<Receipt> {
    this.#checkOpen()
    checkLength(entry)
    const { clock, limits } = this.#parts
    return await inTime(clock, limits.waitMs, (patience) => this.#receipt(entry, patience))
  }

  async sequence(entry: Entry): Promise<Settled> {
    this.#checkOpen()
    checkLength(entry)
    return await this.#settled(entry, leafHash(entry.leaf), patience())
  }

  published(): Published | null {
    return this.#publisher.published
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
      leads: this.#state === 'running',
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
    const { index, time, repeated } = await this.#settled(entry, hash, patience)
    const published = await this.#publisher.covering(index, patience)
    const path = await prove({ hash, index }, published, (ids) => this.nodes(ids))
    return { index, time, repeated, size: published.size, root: published.root, path, note: published.note }
  }

  #settled(entry: Entry, hash: LeafHash, patience: Patience): Promise<Settled> {
    const settling = this.#pool.add(entry, hash, patience)
    this.#entriesWait.wake()
    return settling
  }

  async #sequence(): Promise<void> {
    while (this.#state === 'running' || (this.#state === 'closing' && this.#pool.waiting > 0)) {
      if (this.#state === 'closing' && this.#publisher.refused) this.#pool.failWaiting(this.#refusal())
      else if (this.#pool.waiting === 0) await this.#entriesWait.wait()
      else if (this.#state === 'running' && this.#isHeldUp()) await this.#publishedMoved.wait()
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

  /**
   * What is durable without a checkpoint is bounded: witnesses may be gone for days. While one has seen another history
   * nothing is added: the tail that this log may have lost fits on what is there, and on nothing else.
   */
  #isHeldUp(): boolean {
    const { head, written } = this.#sequencer
    const { unpublished, unpublishedBytes } = this.#parts.limits
    if (this.#publisher.refused) return true
    return head.size - this.#publishedSize >= unpublished || written - this.#covered >= unpublishedBytes
  }

  async #publish(): Promise<void> {
    const { clock } = this.#parts
    while (this.#state !== 'failed' && !this.#isLeft) {
      const atOnce = this.#delayed === null ? this.#publisher.atOnce : 1
      if (this.#isDue) await this.#pace(() => this.#rounds.begin(() => this.#publishRound(), atOnce))
      else if (this.#sequenced && this.#rounds.underWay === 0) return
      else if (this.#sequenced) await this.#rounds.ended()
      else {
        if (this.#rounds.underWay === 0) this.#started.resolve()
        if (await wakeOrAge(this.#headMoved, clock, this.#publisher.renewMs)) this.#isAged = true
      }
    }
    while (this.#rounds.underWay > 0) await this.#rounds.ended()
  }

  get #isDue(): boolean {
    return this.#isRenewed || this.#begun === null || this.#begun < this.#sequencer.head.size
  }

  /** The newest head is to be signed anew: at the start, for the policy may be another now, and when it has become old. */
  get #isRenewed(): boolean {
    return this.#isAged && this.#state === 'running' && !this.#sequencer.frozen
  }

  async #publishRound(): Promise<void> {
    const { head, written } = this.#sequencer
    const isAged = this.#isAged
    this.#begun = head.size
    this.#isAged = false
    try {
      await this.#publisher.round(head)
    } catch (error) {
      if (this.#isLeft) return // with the round that failed before
      if (!isPassing(error) || this.#state === 'failed') return this.#fail(error)
      if (this.#state === 'closing') return this.#leave(error)
      await this.#putOff(error)
      this.#begun = this.#publisher.published?.size ?? null
      this.#isAged ||= isAged || this.#publisher.refused // a newer head may be public, and the next waits for this
      return this.#headMoved.wake()
    }
    this.#delayed = null
    this.#started.resolve()
    this.#covered = Math.max(this.#covered, written)
    this.#edge.forget(Math.max(this.#edge.from, head.size - KEPT_BEHIND) as TreeSize)
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
