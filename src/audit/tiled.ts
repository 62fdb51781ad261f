/** The files of a tiled log: as they are served, and those of them that lead to a signed root. */

import { formatBundle, parseBundle } from '../formats/c2sp/bundle.ts'
import type { Found } from '../formats/evidence.ts'
import { authenticTiles } from '../kernel/authentic.ts'
import { type Hash, hash } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import { proveSubtree, type ReadNodes } from '../kernel/proof.ts'
import { type HashTile, type ReadTile, readFromTiles, TILE_WIDTH, tilePath, tileWidth } from '../kernel/tile.ts'
import type { VerifiedCheckpoint } from '../verify/checkpoint.ts'
import { foldRange, rangeOf } from '../verify/evidence.ts'
import { unfinished } from './edge-tiles.ts'
import type { TiledLog } from './ports.ts'

const HASH_BYTES = 32

/** The bundle as it is served, and its entries; null when they cannot be read. */
export interface ServedBundle {
  readonly bytes: Uint8Array
  readonly entries: readonly Uint8Array[] | null
}

/** A log may have dropped a partial file once the full one is there. @throws TlogError NOT_FOUND when neither is shown */
export async function readBundle(log: TiledLog, index: number, width: number): Promise<ServedBundle> {
  const bytes = await log.file(tilePath({ level: 'entries', index, width }))
  if (bytes !== null) return { bytes, entries: entriesIn(bytes, width) }
  const full = width === TILE_WIDTH ? null : await log.file(tilePath({ level: 'entries', index, width: TILE_WIDTH }))
  if (full === null) throw missing(tilePath({ level: 'entries', index, width }))
  const entries = entriesIn(full, TILE_WIDTH)?.slice(0, width) ?? null
  return { bytes: entries === null ? full : formatBundle(entries), entries }
}

function entriesIn(bytes: Uint8Array, width: number): readonly Uint8Array[] | null {
  try {
    return parseBundle(bytes, width)
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}

/** Of whatever length. @throws TlogError NOT_FOUND */
export async function readTile(log: TiledLog, tile: HashTile): Promise<Uint8Array> {
  const bytes = await log.file(tilePath(tile))
  if (bytes !== null) return bytes
  const full = tile.width === TILE_WIDTH ? null : await log.file(tilePath({ ...tile, width: TILE_WIDTH }))
  if (full === null) throw missing(tilePath(tile))
  return full.length === TILE_WIDTH * HASH_BYTES ? full.slice(0, tile.width * HASH_BYTES) : full
}

function missing(path: string): TlogError {
  return new TlogError('NOT_FOUND', `${path} is not shown, and the checkpoint says that it is there`)
}

/** The tree of a checkpoint, by the tiles that are served. */
export class TreeView {
  readonly head: VerifiedCheckpoint
  readonly #read: ReadTile
  readonly #authentic: ReadTile
  readonly #repaired: ReadonlyMap<string, Uint8Array>

  /** @param repaired tiles that are known better than by what is served, by their paths */
  constructor(log: TiledLog, head: VerifiedCheckpoint, repaired: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.head = head
    this.#repaired = repaired
    this.#read = async (level, index, width) => {
      const tile = { level, index, width }
      return this.#repaired.get(tilePath(tile)) ?? (await readTile(log, tile))
    }
    this.#authentic = authenticTiles(head, this.#read)
  }

  /** @throws TlogError PROOF_INVALID, TILE_MALFORMED where a false tile is in the way; NOT_FOUND; as the log's port does */
  get nodes(): ReadNodes {
    return readFromTiles(this.#authentic, this.head.size)
  }

  /** The hashes of a tile of the tree, or what is wrong with the first tile on the way to it from the root. */
  async hashes(level: number, index: number): Promise<readonly Hash[] | Found> {
    const top = [...unfinished(this.head.size)].length - 1
    for (let at = top; ; at--) {
      const tile = { level: at, index: Math.floor(index / TILE_WIDTH ** (at - level)), width: 0 }
      const width = tileWidth(at, tile.index, this.head.size)
      const found = await this.#check({ ...tile, width })
      if (found !== null) return found
      if (at === level) return split((await this.#authentic(level, index, width)) ?? new Uint8Array())
    }
  }

  /** What a file of the tree's has to be, for evidence that it is not. */
  async proofOf(
    tile: HashTile | (Omit<HashTile, 'level'> & { level: 'entries' }),
  ): Promise<{ proof: readonly Hash[] }> {
    const { start, end } = rangeOf(tile)
    return { proof: await proveSubtree(start, end, this.head.size, this.nodes) }
  }

  /** Null: it leads to the root. Those above it must have been checked. */
  async #check(tile: HashTile): Promise<Found | null> {
    const { level, index, width } = tile
    if (width === 0) return null
    try {
      await this.#authentic(level, index, width)
      return null
    } catch (error) {
      if (!(error instanceof TlogError && FALSE.has(error.code))) throw error
    }
    const { note } = this.head
    if (width < TILE_WIDTH) return await this.#unfinished()
    const above = await this.#authentic(level + 1, Math.floor(index / TILE_WIDTH), (index % TILE_WIDTH) + 1).catch(
      (error: unknown) => {
        if (error instanceof TlogError && FALSE.has(error.code)) return null
        throw error
      },
    )
    if (above === null) return await this.#unfinished()
    const root = hash(above.slice(-HASH_BYTES))
    const bytes = (await this.#read(level, index, width)) ?? new Uint8Array()
    return { kind: 'content', checkpoint: note, place: tile, bytes, root, ...(await this.proofOf(tile)) }
  }

  async #unfinished(): Promise<Found> {
    const tiles = [...unfinished(this.head.size)].filter(({ width }) => width > 0)
    const shown = tiles.map(async (tile) => {
      const bytes = (await this.#read(tile.level, tile.index, tile.width)) ?? new Uint8Array()
      return { tile, bytes }
    })
    return { kind: 'tiles', checkpoint: this.head.note, tiles: await Promise.all(shown) }
  }
}

const FALSE: ReadonlySet<string> = new Set(['PROOF_INVALID', 'TILE_MALFORMED'])

export function split(bytes: Uint8Array): Hash[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    hash(bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES)),
  )
}

export function isFound(value: readonly Hash[] | Found): value is Found {
  return !Array.isArray(value)
}

/** The root that a tile's hashes have. */
export function rootOf(bytes: Uint8Array): Hash {
  return foldRange(split(bytes))
}
