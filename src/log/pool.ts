/**
 * Entries on their way into the tree: waiting, or in flight with the sequencer. Bounded in count and bytes.
 *
 * An equal entry (all 256 bits of the leaf hash) joins the one that is here; what the store already holds is found by
 * the sequencer, in the same round that would append it, so that no interleaving can store an entry twice. A failed
 * round leaves no trace: its entries are as if they had never been offered.
 */

import type { LeafHash } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import type { Patience } from './patience.ts'
import type { Entry, Place } from './ports.ts'

/** Where an entry went, and whether this call was the one that brought it. */
export interface Settled extends Place {
  readonly repeated: boolean
}

export interface Pending {
  readonly entry: Entry
  readonly hash: LeafHash
  readonly bytes: number
  readonly waiters: Set<Waiter>
}

interface Waiter {
  /** The entry was here already. */
  readonly joined: boolean
  resolve(settled: Settled): void
  reject(error: unknown): void
}

export interface PoolLimits {
  readonly entries: number
  readonly bytes: number
}

export class Pool {
  readonly #limits: PoolLimits
  readonly #byHash = new Map<string, Pending>()
  #waiting: Pending[] = []
  #bytes = 0

  constructor(limits: PoolLimits) {
    this.#limits = limits
  }

  /** Entries waiting, not counting those in flight. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Entries waiting or in flight. */
  get size(): number {
    return this.#byHash.size
  }

  /**
   * Resolves once the entry is durable at its place. The entry stays when its callers give up.
   * @throws TlogError LOG_BUSY when the pool is full.
   */
  add(entry: Entry, hash: LeafHash, patience: Patience): Promise<Settled> {
    const key = keyOf(hash)
    let pending = this.#byHash.get(key)
    const joined = pending !== undefined
    if (pending === undefined) {
      pending = { entry, hash, bytes: weigh(entry), waiters: new Set() }
      if (this.#byHash.size >= this.#limits.entries || this.#bytes + pending.bytes > this.#limits.bytes)
        throw new TlogError('LOG_BUSY', 'too many entries are waiting to be sequenced; try again shortly')
      this.#byHash.set(key, pending)
      this.#waiting.push(pending)
      this.#bytes += pending.bytes
    }
    const { waiters } = pending
    return new Promise((resolve, reject) => {
      const waiter = { joined, resolve, reject }
      waiters.add(waiter)
      patience.giveUp = () => waiters.delete(waiter)
    })
  }

  /** The oldest entries, at most `max`. They stay known, so that equal ones join them, until settled or failed. */
  take(max: number): Pending[] {
    const taken = this.#waiting.slice(0, max)
    this.#waiting = this.#waiting.slice(max)
    return taken
  }

  /** The entry is durable at `place`; `known` when it was so before this round. */
  settle(pending: Pending, place: Place, known: boolean): void {
    this.#drop(pending)
    for (const waiter of pending.waiters) waiter.resolve({ ...place, repeated: known || waiter.joined })
  }

  fail(pending: Pending, error: unknown): void {
    this.#drop(pending)
    for (const waiter of pending.waiters) waiter.reject(error)
  }

  /** Gives up on everything that waits. What is in flight is the caller's to settle or fail. */
  failWaiting(error: unknown): void {
    for (const pending of this.take(this.#waiting.length)) this.fail(pending, error)
  }

  /** Once: a round that throws fails also those it had settled, and an equal entry may be waiting anew by then. */
  #drop(pending: Pending): void {
    const key = keyOf(pending.hash)
    if (this.#byHash.get(key) !== pending) return
    this.#byHash.delete(key)
    this.#bytes -= pending.bytes
  }
}

/** One UTF-16 unit a byte: the cheapest exact key of 32 bytes. */
function keyOf(hash: LeafHash): string {
  return String.fromCharCode(...hash)
}

function weigh(entry: Entry): number {
  return entry.attachments.reduce((sum, attachment) => sum + attachment.content.length, entry.leaf.length)
}
