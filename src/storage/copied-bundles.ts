/**
 * Bundles whose entries left a database, from the copy that has them. What comes from there is believed no more than a mirror's: each entry
 * is hashed and compared with the leaf hash that the database kept.
 */

import { parseBundle } from '../formats/c2sp/bundle.ts'
import { TlogError } from '../kernel/error.ts'
import { TILE_WIDTH, tilePath } from '../kernel/tile.ts'
import { MAX_BUNDLE_BYTES, type ReadResource } from '../log/copy.ts'
import type { Clock } from '../log/ports.ts'
import { checkLeaf } from './sealed.ts'

export interface CopiedBundlesParts {
  /** The copy of a log, by its name; null: nobody has said where one is. */
  readonly copyOf: (slug: string) => ReadResource | null
  readonly clock: Pick<Clock, 'after'>
}

/** As its database has it. */
export interface PrunedLog {
  readonly slug: string
  readonly leafHashes: (first: number, count: number) => Promise<Uint8Array>
}

interface Held {
  readonly entries: readonly Uint8Array[]
  readonly bytes: number
}

/** Kept in memory, of all logs: some 80 bundles of usual entries. */
const HELD_BYTES = 32 * 2 ** 20
/** Under way, and so in memory too: 16 MiB each at most. */
const AT_ONCE = 8
const MOST_IN_LINE = 256
/** From asking to answer, with the time in line: clients wait little longer. */
const PATIENCE_MS = 10_000

export class CopiedBundles {
  readonly #parts: CopiedBundlesParts
  /** By log and index; the one that was asked for last stands last. */
  readonly #held = new Map<string, Held>()
  #heldBytes = 0
  readonly #reading = new Map<string, Promise<readonly Uint8Array[]>>()
  readonly #line = new Set<() => void>()
  #inside = 0

  constructor(parts: CopiedBundlesParts) {
    this.#parts = parts
  }

  /**
   * `count` entries of one bundle; views into a buffer that others have too. Who asks for the same bundle meanwhile shares the answer.
   * @throws TlogError STORE_UNAVAILABLE when the copy does not answer, STORE_CORRUPT when it lacks the bundle or has another;
   *   CONFIG_INVALID when nobody has said where it is
   */
  async read({ slug, leafHashes }: PrunedLog, first: number, count: number): Promise<readonly Uint8Array[]> {
    const index = Math.floor(first / TILE_WIDTH)
    const entries = await this.#bundle(slug, index, () => leafHashes(index * TILE_WIDTH, TILE_WIDTH))
    return entries.slice(first % TILE_WIDTH, (first % TILE_WIDTH) + count)
  }

  async #bundle(slug: string, index: number, hashes: () => Promise<Uint8Array>): Promise<readonly Uint8Array[]> {
    const key = `${slug}/${index}`
    const held = this.#held.get(key)
    if (held !== undefined) {
      this.#hold(key, held)
      return held.entries
    }
    const reading = this.#reading.get(key) ?? this.#fetch(slug, index, hashes).finally(() => this.#reading.delete(key))
    this.#reading.set(key, reading)
    return await reading
  }

  async #fetch(slug: string, index: number, leafHashes: () => Promise<Uint8Array>): Promise<readonly Uint8Array[]> {
    const where = `${slug}: ${tilePath({ level: 'entries', index, width: TILE_WIDTH })}`
    const read = this.#parts.copyOf(slug)
    if (read === null)
      throw new TlogError(
        'CONFIG_INVALID',
        `${where} has left the database: --publish must say which object store has it (s3://BUCKET/PREFIX)`,
      )
    const late = Promise.withResolvers<never>()
    const tooLate = () => late.reject(unavailable(where, `no answer within ${PATIENCE_MS} ms`))
    const cancel = this.#parts.clock.after(PATIENCE_MS, tooLate)
    late.promise.catch(() => undefined) // when all is done in time
    try {
      await this.#enter(where, late.promise)
      try {
        const [bytes, hashes] = await Promise.race([
          Promise.all([this.#get(read, index, where), leafHashes()]),
          late.promise,
        ])
        const entries = check(bytes, hashes, index, where)
        this.#hold(`${slug}/${index}`, { entries, bytes: bytes?.length ?? 0 })
        return entries
      } finally {
        this.#leave()
      }
    } finally {
      cancel()
    }
  }

  async #get(read: ReadResource, index: number, where: string): Promise<Uint8Array | null> {
    try {
      return await read(tilePath({ level: 'entries', index, width: TILE_WIDTH }), MAX_BUNDLE_BYTES)
    } catch (cause) {
      if (!(cause instanceof TlogError) || cause.code === 'CONFIG_INVALID') throw cause
      throw unavailable(where, cause.message, cause)
    }
  }

  /** In line while `late` allows it. */
  async #enter(where: string, late: Promise<never>): Promise<void> {
    if (this.#inside < AT_ONCE) {
      this.#inside++
      return
    }
    if (this.#line.size >= MOST_IN_LINE) throw unavailable(where, 'too many others wait for the copy')
    const turn = Promise.withResolvers<void>()
    this.#line.add(turn.resolve)
    try {
      await Promise.race([turn.promise, late])
    } catch (error) {
      if (!this.#line.delete(turn.resolve)) this.#leave() // its turn came in the same moment
      throw error
    }
  }

  /** The place goes to the first in line. */
  #leave(): void {
    const [next] = this.#line
    if (next === undefined) this.#inside--
    else {
      this.#line.delete(next)
      next()
    }
  }

  #hold(key: string, held: Held): void {
    this.#heldBytes += held.bytes - (this.#held.get(key)?.bytes ?? 0)
    this.#held.delete(key)
    this.#held.set(key, held)
    for (const [oldest, { bytes }] of this.#held) {
      if (this.#heldBytes <= HELD_BYTES) break
      this.#held.delete(oldest)
      this.#heldBytes -= bytes
    }
  }
}

/** Where no copy is known. */
export const NOWHERE = new CopiedBundles({ copyOf: () => null, clock: { after: () => () => undefined } })

function check(bytes: Uint8Array | null, hashes: Uint8Array, index: number, where: string): readonly Uint8Array[] {
  if (bytes === null) throw new TlogError('STORE_CORRUPT', `${where} has left the database, and the copy lacks it`)
  try {
    const entries = parseBundle(bytes, TILE_WIDTH)
    for (const [i, entry] of entries.entries())
      checkLeaf(index * TILE_WIDTH + i, entry, hashes.subarray(32 * i, 32 * i + 32))
    return entries
  } catch (cause) {
    throw new TlogError('STORE_CORRUPT', `${where} is another in the copy: ${(cause as Error).message}`, { cause })
  }
}

function unavailable(where: string, why: string, cause?: unknown): TlogError {
  return new TlogError('STORE_UNAVAILABLE', `${where} has left the database: ${why}`, { cause })
}
