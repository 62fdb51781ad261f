/**
 * Makes the newest durable head public, however many batches it covers. Rounds may overlap while witnesses look at their heads;
 * each of the other steps is taken by one at a time, in the order in which the rounds began.
 */

import { parseCheckpoint } from '../formats/c2sp/checkpoint.ts'
import type { Hash, LeafIndex, TreeSize } from '../kernel/brand.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { proveConsistency, type ReadNodes } from '../kernel/proof.ts'
import { inTurn } from './in-turn.ts'
import { isPassing } from './passing.ts'
import type { Patience } from './patience.ts'
import type { Clock, Head, LogStore, Published, Ratchet, Signer, UnshownHead, Witnesses } from './ports.ts'
import type { OnStep, StepDetail } from './steps.ts'

export interface PublisherParts {
  readonly origin: string
  readonly store: LogStore
  readonly ratchet: Ratchet
  readonly signer: Signer
  readonly witnesses: Witnesses
  readonly clock: Pick<Clock, 'now'>
  readonly onStep: OnStep
  /** Nodes that are complete in the durable tree. */
  readonly nodes: ReadNodes
}

interface Waiter {
  readonly index: LeafIndex
  resolve(published: Published): void
  reject(error: unknown): void
}

export class Publisher {
  readonly #parts: PublisherParts
  #published: Published | null
  readonly #waiters = new Set<Waiter>()
  /** In seconds. */
  #signedAt: number
  #stopped: { readonly error: unknown } | null = null
  #isRefused = false
  readonly #signing = inTurn()
  readonly #showing = inTurn()
  /** Of the rounds that have signed, and of the newest that was shown: what it overtook is of no use any more. */
  #signed = 0
  #shown = 0

  constructor(parts: PublisherParts, published: Published | null) {
    this.#parts = parts
    this.#published = published
    this.#signedAt = published === null ? 0 : parts.signer.signedAt(published.note)
  }

  /** The newest published checkpoint; null until the first round after the log's creation. */
  get published(): Published | null {
    return this.#published
  }

  /** After so long the newest head is to be made public anew; null: what is signed does not age. */
  get renewMs(): number | null {
    const { witnesses, signer } = this.#parts
    return witnesses.renewMs ?? signer.renewMs
  }

  /** A witness has seen another history than this, and has not taken it back. */
  get refused(): boolean {
    return this.#isRefused
  }

  get waiting(): number {
    return this.#waiters.size
  }

  isBehind(head: Head): boolean {
    return this.#published === null || this.#published.size < head.size
  }

  /** A published checkpoint that covers `index`: the newest, at once when it does. */
  async covering(index: LeafIndex, patience: Patience): Promise<Published> {
    const published = this.#published
    if (published !== null && index < published.size) return published
    if (this.#stopped !== null) throw this.#stopped.error
    return await new Promise((resolve, reject) => {
      const waiter = { index, resolve, reject }
      this.#waiters.add(waiter)
      patience.giveUp = () => this.#waiters.delete(waiter)
    })
  }

  /** How many rounds may overlap. */
  get atOnce(): number {
    return this.#parts.witnesses.atOnce
  }

  /**
   * One round. Nothing is shown to anyone before step 3, and nobody hears of it before step 4.
   * @param head not older than that of the round before
   * @throws whatever stopped it; the head is then no more public than before.
   */
  async round(head: Head): Promise<void> {
    const { size, root, time } = head
    const { turn, note } = await this.#signing(() => this.#unlessStopped(() => this.#begin(head))) // 1.
    const cosigned = await this.#cosign(turn, { size, root, note, growth: this.#growthTo(size) }) // 2.
    if (cosigned === null) return
    await this.#showing(() => this.#unlessStopped(() => this.#show(turn, { size, root, time, note: cosigned })))
  }

  /** A write whose outcome is unknown is the last one. */
  async #unlessStopped<T>(work: () => Promise<T>): Promise<T> {
    if (this.#stopped !== null) throw this.#stopped.error
    try {
      return await work()
    } catch (error) {
      if (!isPassing(error)) this.#stopped ??= { error }
      throw error
    }
  }

  async #begin(head: Head): Promise<{ turn: number; note: Uint8Array }> {
    const { ratchet, onStep } = this.#parts
    await ratchet.advance({ size: head.size, root: head.root }) // the signer's memory: never back, never sideways
    onStep('ratcheted', this.#detail(head))
    const note = await this.#sign(head)
    this.#signed += 1
    return { turn: this.#signed, note }
  }

  async #show(turn: number, published: Published): Promise<void> {
    if (turn < this.#shown) return // who waited for it has been answered with more
    const { store, onStep } = this.#parts
    const detail = this.#detail(published)
    onStep('signed', detail) // with as many cosignatures as the policy asks for
    await store.publish(published) // 3. durable and visible
    this.#shown = turn
    this.#published = published
    onStep('published', detail)
    this.#answer(published) // 4. callers hear of it last
    onStep('answered', detail)
  }

  #detail({ size }: { readonly size: TreeSize }): StepDetail {
    return { entries: Math.max(0, size - (this.#published?.size ?? 0)), size }
  }

  #growthTo(size: TreeSize): UnshownHead['growth'] {
    return (from) => proveGrowth(from, size, this.#parts.nodes)
  }

  /** Null: nobody has anything against it, and a newer one was shown meanwhile. */
  async #cosign(turn: number, head: UnshownHead): Promise<Uint8Array | null> {
    try {
      const note = await this.#parts.witnesses.cosign(head)
      this.#isRefused = false
      return note
    } catch (error) {
      this.#isRefused = error instanceof TlogError && error.code === 'WITNESS_REFUSED'
      if (turn < this.#shown && isPassing(error) && !this.#isRefused) return null
      throw error
    }
  }

  /** The one place where a checkpoint is signed: the newest durable head, and never with an earlier time than before. */
  async #sign({ size, root, time }: Head): Promise<Uint8Array> {
    const { origin, signer, clock } = this.#parts
    this.#signedAt = Math.max(this.#signedAt, Math.floor(Math.max(time, clock.now()) / 1000), 1)
    return await signer.sign({ origin, size, root, extensions: [] }, this.#signedAt)
  }

  /** The log has stopped: whoever waits gets the error, and so does whoever would wait from now on. */
  fail(error: unknown): void {
    this.#stopped = { error }
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters.clear()
  }

  #answer(published: Published): void {
    for (const waiter of this.#waiters) {
      if (waiter.index >= published.size) continue
      this.#waiters.delete(waiter)
      waiter.resolve(published)
    }
  }
}

async function proveGrowth(from: TreeSize, to: TreeSize, read: ReadNodes): Promise<readonly Hash[]> {
  return from === 0 || from === to ? [] : await proveConsistency(from, to, read)
}

/**
 * That a stored checkpoint is one that this log's key signed, for this origin, with the size and root it is filed under.
 * @throws TlogError STORE_CORRUPT, naming what differs.
 */
export async function checkPublished(published: Published, origin: string, open: Signer['open']): Promise<void> {
  const { size, root } = published
  try {
    const checkpoint = parseCheckpoint(await open(published.note))
    const same = checkpoint.origin === origin && checkpoint.size === size && equal(checkpoint.root, root)
    if (!same) throw new TlogError('CHECKPOINT_MALFORMED', 'it names another origin, size or root')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TlogError('STORE_CORRUPT', `the stored checkpoint of size ${size} is not what this log signed: ${why}`, {
      cause,
    })
  }
}
