/**
 * Entries on their way into the tree: waiting, or in flight with the sequencer. Bounded in count and bytes.
 *
 * An equal entry (all 256 bits of the leaf hash) joins the one that is here, and adds its attachments while that one
 * waits; when it is in flight without them, the equal entry waits for the next round. What the store already holds is found by
 * the sequencer, in the same round that would append it, so that no interleaving can store an entry twice. A failed
 * write leaves no trace: its entries are as if they had never been offered.
 */

import type { LeafHash } from '../kernel/brand.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Patience } from './patience.ts'
import type { Attachment, Entry, Place } from './ports.ts'

/** Where an entry went, and whether this call was the one that brought it. */
export interface Settled extends Place {
  readonly repeated: boolean
}

export interface Pending {
  readonly hash: LeafHash
  /** With the attachments of all equal ones that joined while it waited. */
  entry: Entry
  /** Of leaf and attachments. */
  bytes: number
  state: 'waiting' | 'in flight' | 'over'
  readonly key: string
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
  /** The one that an equal entry would join: the waiting one, else the one in flight. */
  readonly #byHash = new Map<string, Pending>()
  #waiting: Pending[] = []
  #entries = 0
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
    return this.#entries
  }

  /**
   * Resolves once the entry is durable at its place. The entry stays when its callers give up.
   * @throws TlogError LOG_BUSY when the pool is full.
   */
  add(entry: Entry, hash: LeafHash, patience: Patience): Promise<Settled> {
    const key = keyOf(hash)
    const known = this.#byHash.get(key)
    const joined = known !== undefined && this.#join(known, entry)
    const { waiters } = joined ? known : this.#enter(key, entry, hash)
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
    for (const pending of taken) pending.state = 'in flight'
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

  #enter(key: string, entry: Entry, hash: LeafHash): Pending {
    const bytes = entry.leaf.length + contentBytes(entry.attachments)
    this.#reserve(1, bytes)
    const pending: Pending = { key, hash, entry, bytes, state: 'waiting', waiters: new Set() }
    this.#byHash.set(key, pending)
    this.#waiting.push(pending)
    return pending
  }

  /** False when `entry` brings something for which the equal one has left too early. */
  #join(pending: Pending, entry: Entry): boolean {
    if (entry.attachments.length === 0) return true
    const more = entry.attachments.filter((attachment) => !isAmong(pending.entry.attachments, attachment))
    if (more.length === 0) return true
    if (pending.state === 'in flight') return false
    const bytes = contentBytes(more)
    this.#reserve(0, bytes)
    pending.bytes += bytes
    const { leaf, keys, attachments } = pending.entry
    const derived = entry.keys.filter(({ source }) => source === 'attachment')
    pending.entry = { leaf, keys: [...keys, ...derived], attachments: [...attachments, ...more] }
    return true
  }

  #reserve(entries: number, bytes: number): void {
    if (this.#entries + entries > this.#limits.entries || this.#bytes + bytes > this.#limits.bytes)
      throw new TlogError('LOG_BUSY', 'too many entries are waiting to be sequenced; try again shortly')
    this.#entries += entries
    this.#bytes += bytes
  }

  /** Once: a round that throws fails also those it had settled, and an equal entry may be waiting anew by then. */
  #drop(pending: Pending): void {
    if (pending.state === 'over') return
    pending.state = 'over'
    this.#entries -= 1
    this.#bytes -= pending.bytes
    if (this.#byHash.get(pending.key) === pending) this.#byHash.delete(pending.key)
  }
}

/** One UTF-16 unit a byte: the cheapest exact key of 32 bytes. */
function keyOf(hash: LeafHash): string {
  return String.fromCharCode(...hash)
}

function isAmong(attachments: readonly Attachment[], { algorithm, digest }: Attachment): boolean {
  return attachments.some((other) => other.algorithm === algorithm && equal(other.digest, digest))
}

function contentBytes(attachments: readonly Attachment[]): number {
  return attachments.reduce((sum, { content }) => sum + content.length, 0)
}
