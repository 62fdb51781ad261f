/** What N equal nodes share, beside the store: who sequences a log, and what waits to be sequenced. */

import type { LeafHash, TreeSize } from '../../kernel/brand.ts'
import type { Entry, LogReader, LogStore } from '../ports.ts'

/** Grows by one whenever another node, or the same one anew, takes a lease. A write under an older one is refused. */
export type Fence = bigint

/**
 * Which node sequences and publishes a log. It decides who tries, not who may: a holder may be paused for hours and wake up
 * believing. What keeps it harmless is the fence, which the store compares inside each of its transactions.
 */
export interface Lease {
  /**
   * Takes it when nobody holds it or its time is over, by the clock that all nodes share; keeps it when it is ours. Null
   * while another node holds it.
   * @throws TlogError STORE_UNAVAILABLE
   */
  claim(): Promise<Fence | null>
  /** Gives it up, if it is still ours under this fence, so that another need not wait for its time to pass. */
  release(fence: Fence): Promise<void>
  /** The name of the node that holds it, or null. */
  holder(): Promise<string | null>
}

/** Of an entry that waits: ascending, in about the order in which they came. */
export type Ticket = bigint

export interface Waiting {
  readonly ticket: Ticket
  readonly hash: LeafHash
  readonly entry: Entry
}

export interface TakeLimits {
  readonly entries: number
  /** Of leaves and attachments; one entry is taken whatever its size. */
  readonly bytes: number
}

/** Entries that a node has admitted, durable until they are in the tree. Not in any order that a tree promises. */
export interface Intake {
  /**
   * Keeps them, all in one transaction, and returns a ticket for each: durable once it returns.
   * @throws TlogError LOG_BUSY when too many wait already, STORE_FULL; nothing was kept. STORE_UNAVAILABLE: unknown.
   */
  offer(entries: readonly Omit<Waiting, 'ticket'>[]): Promise<readonly Ticket[]>
  /** The oldest ones, but for those of `except`. */
  take(limits: TakeLimits, except: readonly Ticket[]): Promise<readonly Waiting[]>
  /** Those of `tickets` that still wait. What waits no more is in the tree, with its attachments, or was refused for good. */
  waiting(tickets: readonly Ticket[]): Promise<readonly Ticket[]>
  /** They wait no more. What is gone already is no error. */
  done(tickets: readonly Ticket[]): Promise<void>
}

/** Entries that leave the store because they are elsewhere: readers find them there. What they hash to stays. */
export interface Pruning {
  /** Entries before this may be gone: whole bundles, from the first one on. */
  pruned(): Promise<TreeSize>
  /**
   * Gives up those from `from`, where it has come to, to before `to`, where a bundle of the published tree ends. Whether they are
   * elsewhere is for the caller to know. Durable once it returns; after STORE_UNAVAILABLE it may be done.
   * @throws TlogError LEASE_LOST once the lease has another fence; HEAD_MOVED when it has come to another place than `from`,
   *   RANGE_INVALID when those are no bundles of the published tree: nothing was given up.
   */
  prune(fence: Fence, from: TreeSize, to: TreeSize): Promise<void>
}

/** All that the nodes of one log share. */
export interface SharedLog {
  readonly reader: LogReader
  /** Refuses every write with LEASE_LOST once the lease has another fence. */
  readonly fenced: (fence: Fence) => LogStore
  readonly pruning: Pruning
  readonly lease: Lease
  readonly intake: Intake
}
