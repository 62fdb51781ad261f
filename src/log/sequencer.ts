/** Gives entries their places: seals and appends batch after batch. Never waits for a signature or a witness. */

import { leafIndex, treeSize, unixMillis } from '../kernel/brand.ts'
import { completedTiles, type Edge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import type { Pending, Pool } from './pool.ts'
import type { Clock, Head, LogStore, Place, SealedBatch, Supplement } from './ports.ts'
import type { OnStep } from './steps.ts'

export interface SequencerParts {
  readonly state: 'active' | 'frozen' | 'compromised'
  readonly store: LogStore
  readonly pool: Pool
  /** Ahead of the stored head only while a batch is being written. */
  readonly edge: Edge
  readonly clock: Clock
  readonly onStep: OnStep
}

/** An entry that the store holds, and what this repeat of it brings. */
interface Repeat {
  readonly pending: Pending
  readonly place: Place
}

export class Sequencer {
  readonly #parts: SequencerParts
  #head: Head
  #written = 0
  #frozen: boolean

  constructor(parts: SequencerParts, head: Head) {
    this.#parts = parts
    this.#head = head
    this.#frozen = parts.state !== 'active'
  }

  /** The newest durable head. */
  get head(): Head {
    return this.#head
  }

  /** Bytes of entries and their attachments that were appended since the start. */
  get written(): number {
    return this.#written
  }

  /** The store takes no entries any more, for ever. */
  get frozen(): boolean {
    return this.#frozen
  }

  /** The store has been told, and the pool is empty. */
  end(): void {
    this.#frozen = true
  }

  /**
   * One round: at most `max` entries out of the pool and into the store. Every one of them is settled or failed when
   * it returns, and when it throws.
   *
   * @throws whatever left the outcome of a write unknown; the log must stop. A write that is known to have left
   *   nothing behind (STORE_FULL, LOG_FROZEN) fails the entries it was for, and the round goes on.
   */
  async round(max: number): Promise<void> {
    const { pool, onStep } = this.#parts
    const batch = pool.take(max)
    onStep('taken', { entries: batch.length, size: this.#head.size })
    await this.#attempt(batch, async () => {
      const { fresh, bringing } = await this.#settleKnown(batch)
      if (fresh.length > 0) await this.#attempt(fresh, () => this.#append(fresh))
      if (bringing.length > 0) await this.#attach(bringing)
    })
  }

  /** Fails `part`, but for what of it is settled, when `work` fails. */
  async #attempt(part: readonly Pending[], work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      for (const pending of part) this.#parts.pool.fail(pending, roundFailed(error))
      if (codeOf(error) === 'LOG_FROZEN') this.#frozen = true
      else if (codeOf(error) !== 'STORE_FULL') throw error
    }
  }

  /** Exact deduplication: nothing can be appended between this look and our own append. */
  async #settleKnown(batch: readonly Pending[]): Promise<{ fresh: Pending[]; bringing: Repeat[] }> {
    const { store, pool } = this.#parts
    const places = await store.find(batch.map((pending) => pending.hash))
    const fresh: Pending[] = []
    const bringing: Repeat[] = []
    for (const [at, pending] of batch.entries()) {
      const place = places[at] ?? null
      if (place === null) fresh.push(pending)
      else if (pending.entry.attachments.length > 0) bringing.push({ pending, place })
      else pool.settle(pending, place, true)
    }
    return { fresh, bringing }
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
      this.#written += fresh.reduce((sum, { bytes }) => sum + bytes, 0)
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

  /** An entry first logged by its digest alone, and now with the content: kept before the receipt (ADR 0004). */
  async #attach(repeats: readonly Repeat[]): Promise<void> {
    const { store, pool } = this.#parts
    await store.attach(repeats.map(supplement))
    for (const { pending, place } of repeats) pool.settle(pending, place, true)
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

function supplement({ pending: { entry }, place: { index } }: Repeat): Supplement {
  const derived = entry.keys.filter(({ source }) => source === 'attachment')
  return { index, keys: derived.map(({ key }) => key), attachments: entry.attachments }
}

/** What the callers of a failed round hear: the cause is the operator's business. */
function roundFailed(cause: unknown): TlogError {
  switch (codeOf(cause)) {
    case 'STORE_FULL':
      return new TlogError('STORE_FULL', 'the log has no room left on its disk', { cause })
    case 'LOG_FROZEN':
      return new TlogError('LOG_FROZEN', 'the log was frozen and takes no entries', { cause })
    default:
      return new TlogError('LOG_FAILED', 'the log stopped while it was writing this entry; its outcome is unknown', {
        cause,
      })
  }
}

function codeOf(error: unknown): TlogError['code'] | null {
  return error instanceof TlogError ? error.code : null
}
