/** What a copy of a log writes to: a store that is made as another one is. */

import type { LeafIndex } from '../../kernel/brand.ts'
import type { Attachment, ContentName, Head, LogReader, LookupRow, Published, SealedBatch } from '../ports.ts'

/** What an entry took back. */
export interface Withdrawal extends ContentName {
  readonly index: LeafIndex
}

/** What a log has beside its tree. */
export interface Beside {
  readonly lookups: readonly LookupRow[]
  readonly attachments: readonly Attachment[]
  /** In the order in which they were made. */
  readonly withdrawals: readonly Withdrawal[]
  /** Of the kept history, ascending. */
  readonly checkpoints: readonly Published[]
}

/** Entries as they are in a tree: what is beside it comes by itself. */
export type TreeBatch = Omit<SealedBatch, 'entries'> & {
  readonly entries: readonly Pick<SealedBatch['entries'][number], 'leaf' | 'hash'>[]
}

/** Each call is one transaction. @throws TlogError COPY_REFUSED when no copy is coming in; and as LogStore.append does */
export interface LogTarget {
  readonly reader: LogReader
  /** Leaves, tiles and heads of several batches, each following the one before, the first `expected`. */
  appendAll(expected: Head, batches: readonly TreeBatch[]): Promise<void>
  /** What is there already stays. */
  keep(beside: Partial<Beside>): Promise<void>
  /** The newest checkpoint as it is, and into no history. */
  keepNewest(published: Published): Promise<void>
}
