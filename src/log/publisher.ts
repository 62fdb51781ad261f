/** Makes the newest durable head public: one round at a time, however many batches it covers. */

import { parseCheckpoint } from '../formats/c2sp/checkpoint.ts'
import type { Hash, LeafIndex, TreeSize } from '../kernel/brand.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { proveConsistency, type ReadNodes } from '../kernel/proof.ts'
import type { Patience } from './patience.ts'
import type { Clock, Head, LogStore, Published, Ratchet, Signer, UnshownHead, Witnesses } from './ports.ts'
import type { OnStep } from './steps.ts'

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

  /**
   * One round. Nothing is shown to anyone before step 3, and nobody hears of it before step 4.
   * @throws whatever stopped it; the head is then no more public than before.
   */
  async round(head: Head): Promise<void> {
    const { ratchet, store, onStep, nodes } = this.#parts
    const detail = { entries: head.size - (this.#published?.size ?? 0), size: head.size }
    await ratchet.advance({ size: head.size, root: head.root }) // 1. the signer's memory: never back, never sideways
    onStep('ratcheted', detail)
    const growth = (from: TreeSize) => proveGrowth(from, head.size, nodes)
    // 2. as many cosignatures as the policy asks for
    const note = await this.#cosign({ size: head.size, root: head.root, note: await this.#sign(head), growth })
    onStep('signed', detail)
    const published: Published = { size: head.size, root: head.root, time: head.time, note }
    await store.publish(published) // 3. durable and visible
    this.#published = published
    onStep('published', detail)
    this.#answer(published) // 4. callers hear of it last
    onStep('answered', detail)
  }

  async #cosign(head: UnshownHead): Promise<Uint8Array> {
    try {
      const note = await this.#parts.witnesses.cosign(head)
      this.#isRefused = false
      return note
    } catch (error) {
      this.#isRefused = error instanceof TlogError && error.code === 'WITNESS_REFUSED'
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
