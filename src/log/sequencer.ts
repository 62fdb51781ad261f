/** Gives entries their places: seals and appends batch after batch. Never waits for a signature or a witness. */

import { leafIndex, treeSize, unixMillis } from '../kernel/brand.ts'
import { completedTiles, type Edge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import type { Pending, Pool } from './pool.ts'
import type { Clock, Head, LogStore, SealedBatch } from './ports.ts'
import type { OnStep } from './steps.ts'

export interface SequencerParts {
  readonly store: LogStore
  readonly pool: Pool
  /** Ahead of the stored head only while a batch is being written. */
  readonly edge: Edge
  readonly clock: Clock
  readonly onStep: OnStep
}

export class Sequencer {
  readonly #parts: SequencerParts
  #head: Head

  constructor(parts: SequencerParts, head: Head) {
    this.#parts = parts
    this.#head = head
  }

  /** The newest durable head. */
  get head(): Head {
    return this.#head
  }

  /**
   * One round: at most `max` entries out of the pool and into the store. Every one of them is settled or failed when
   * it returns, and when it throws.
   *
   * @throws whatever left the outcome of the write unknown; the log must stop. A round that is known to have left
   *   nothing behind (STORE_FULL) fails its entries and returns.
   */
  async round(max: number): Promise<void> {
    const { pool, onStep } = this.#parts
    const batch = pool.take(max)
    onStep('taken', { entries: batch.length, size: this.#head.size })
    try {
      const fresh = await this.#settleKnown(batch)
      if (fresh.length > 0) await this.#append(fresh)
    } catch (error) {
      for (const pending of batch) pool.fail(pending, roundFailed(error))
      if (!(error instanceof TlogError && error.code === 'STORE_FULL')) throw error
    }
  }

  /** Exact deduplication: nothing can be appended between this look and our own append. */
  async #settleKnown(batch: readonly Pending[]): Promise<Pending[]> {
    const { store, pool } = this.#parts
    const places = await store.find(batch.map((pending) => pending.hash))
    return batch.filter((pending, at) => {
      const place = places[at] ?? null
      if (place !== null) pool.settle(pending, place, true)
      return place === null
    })
  }

  async #append(fresh: readonly Pending[]): Promise<void> {
    const { store, edge, pool, onStep } = this.#parts
    const before = this.#head
    const detail = { entries: fresh.length, size: before.size + fresh.length }
    try {
      const batch = this.#seal(fresh) // 1. memory: hashes, tiles, root
      onStep('sealed', detail)
      await store.append(before, batch) // 2. durable, or nothing
      this.#head = batch.head // 3. memory follows disk
      onStep('appended', detail)
    } catch (error) {
      edge.rewind(before.size)
      throw error
    }
    const time = this.#head.time
    for (const [at, pending] of fresh.entries())
      pool.settle(pending, { index: leafIndex(before.size + at), time }, false)
    onStep('settled', detail)
  }

  #seal(fresh: readonly Pending[]): SealedBatch {
    const { edge, clock } = this.#parts
    const before = edge.size
    for (const pending of fresh) edge.append(pending.hash)
    const time = unixMillis(Math.max(this.#head.time, clock.now()))
    return {
      entries: fresh.map(({ entry, hash }) => ({ ...entry, hash })),
      tiles: completedTiles(before, edge),
      head: { size: treeSize(edge.size), root: edge.root(), time },
    }
  }
}

/** What the callers of a failed round hear: the cause is the operator's business. */
function roundFailed(cause: unknown): TlogError {
  if (cause instanceof TlogError && cause.code === 'STORE_FULL')
    return new TlogError('STORE_FULL', 'the log has no room left on its disk', { cause })
  return new TlogError('LOG_FAILED', 'the log stopped while it was writing this entry; its outcome is unknown', {
    cause,
  })
}
