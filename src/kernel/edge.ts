/**
 * The right edge of a growing tree. Mutable on purpose: the sequencer owns one, appends a batch to it, and rewinds it
 * when the write fails. From it come roots, proofs of fresh leaves and the tiles that filled up, without any reading.
 */

import { type Hash, type LeafHash, type TreeSize, treeSize } from './brand.ts'
import { concat } from './bytes.ts'
import { TlogError } from './error.ts'
import { nodeHash } from './hash.ts'
import { fold, type NodeId, peaks } from './range.ts'
import { nodeFromTile, perfectRoot, type ReadTile, readWhole, TILE_WIDTH, tileWidth } from './tile.ts'

/** The hashes of one binary level; the first is that of node `offset`, and no complete node follows the last. */
interface Level {
  offset: number
  hashes: Hash[]
}

/**
 * Every perfect subtree that a tree of `from` leaves, or a larger one, still needs: for its root, for inclusion proofs
 * of leaves at or after `from`, for consistency proofs between sizes from `from` on, and for its unfinished tiles.
 *
 * Holds about 2 · (size − from) hashes, and at most 255 a tile level, 15 halfway between two of them and one a binary
 * level more.
 */
export class Edge {
  #from: TreeSize
  #size: TreeSize
  readonly #levels: Level[] = []

  /** An edge at `size`, with nothing in memory before it but what `node` is asked for. Without arguments, an empty tree. */
  constructor(size: TreeSize = treeSize(0), node: (id: NodeId) => Hash = notHeld) {
    this.#from = size
    this.#size = size
    for (let level = 0; 2 ** level <= size; level++) {
      const offset = firstKept(level, size)
      const count = Math.floor(size / 2 ** level) - offset
      this.#levels.push({ offset, hashes: Array.from({ length: count }, (_, i) => node({ level, index: offset + i })) })
    }
  }

  /** The smallest size that roots and proofs can still be made for. */
  get from(): TreeSize {
    return this.#from
  }

  get size(): TreeSize {
    return this.#size
  }

  /** Two pushes and one hash, amortised. */
  append(leaf: LeafHash): void {
    const grown = treeSize(this.#size + 1)
    let node: Hash = leaf
    for (let level = 0; ; level++) {
      const { offset, hashes } = this.#level(level)
      const left = hashes.at(-1)
      const index = offset + hashes.length
      hashes.push(node)
      if (index % 2 === 0) break
      node = nodeHash(left ?? notHeld({ level, index: index - 1 }), node)
    }
    this.#size = grown
  }

  /**
   * Back to an earlier size, as if nothing had been appended since.
   * @throws TlogError RANGE_INVALID unless from ≤ size ≤ this.size.
   */
  rewind(size: TreeSize): void {
    this.#mustHold(size)
    this.#levels.forEach((held, level) => {
      held.hashes.length = Math.floor(size / 2 ** level) - held.offset
    })
    this.#size = size
  }

  /**
   * Raises `from`: drops what only smaller trees need.
   * @throws TlogError RANGE_INVALID unless from ≤ size ≤ this.size.
   */
  forget(size: TreeSize): void {
    this.#mustHold(size)
    this.#levels.forEach((held, level) => {
      const offset = firstKept(level, size)
      held.hashes.splice(0, offset - held.offset)
      held.offset = offset
    })
    this.#from = size
  }

  /** @throws TlogError RANGE_INVALID unless from ≤ size ≤ this.size. */
  root(size: TreeSize = this.#size): Hash {
    this.#mustHold(size)
    return fold(peaks(size).map((id) => this.node(id) ?? notHeld(id)))
  }

  /** A node that is complete at this size, or undefined when it is not, or no longer held. */
  node(id: NodeId): Hash | undefined {
    const held = this.#levels[id.level]
    const at = id.index - (held?.offset ?? 0)
    return at < 0 ? undefined : held?.hashes[at] // an index below zero would be looked up as a name, slowly
  }

  /** The first `width` (1 … 256) hashes of a tile, 32 bytes each, or undefined unless all of them are held. */
  tile(level: number, index: number, width: number): Uint8Array | undefined {
    if (!(width >= 1 && width <= TILE_WIDTH)) throw new TlogError('RANGE_INVALID', `a tile of ${width} hashes`)
    const held = this.#levels[level * 8]
    const start = index * TILE_WIDTH - (held?.offset ?? 0)
    const hashes = start < 0 ? undefined : held?.hashes.slice(start, start + width)
    return hashes?.length === width ? concat(...hashes) : undefined
  }

  /** A level that is not there yet has no complete node, so it starts at node 0. */
  #level(level: number): Level {
    const held = this.#levels[level] ?? { offset: 0, hashes: [] }
    this.#levels[level] = held
    return held
  }

  #mustHold(size: TreeSize): void {
    if (size < this.#from || size > this.#size)
      throw new TlogError('RANGE_INVALID', `size ${size} is outside the edge, ${this.#from} to ${this.#size}`)
  }
}

/**
 * The first node that a tree of `from` leaves keeps at a binary level. Where tiles have their hashes, and halfway up, the
 * start of the unfinished tile, so that no node in it is far from what is held; elsewhere the last complete node if it is
 * a left child (a peak, and the sibling of what comes next).
 */
function firstKept(level: number, from: TreeSize): number {
  const complete = Math.floor(from / 2 ** level)
  if (level % 8 === 0) return complete - (complete % TILE_WIDTH)
  if (level % 8 === 4) return complete - (complete % 16)
  return complete - (complete % 2)
}

function notHeld(id: NodeId): never {
  throw new TlogError('RANGE_INVALID', `node ${id.index} of level ${id.level} is not held`)
}

/**
 * The edge of a stored tree, made of full tiles and the level-0 partial one; partial tiles above are recomputed from
 * the full tiles below them. Reads at most 255 tiles a level (four levels at 2^32 leaves). The caller compares its root.
 * @throws TlogError TILE_MALFORMED when a tile is missing or has another length than its width.
 */
export async function loadEdge(size: TreeSize, readTile: ReadTile): Promise<Edge> {
  const unfinished: Uint8Array[] = []
  for (let level = 0; TILE_WIDTH ** level <= size; level++) unfinished.push(await unfinishedTile(level, size, readTile))
  return new Edge(size, (id) => nodeFromTile(unfinished[Math.floor(id.level / 8)] ?? new Uint8Array(), id))
}

async function unfinishedTile(level: number, size: TreeSize, readTile: ReadTile): Promise<Uint8Array> {
  const index = Math.floor(size / TILE_WIDTH ** (level + 1))
  const width = tileWidth(level, index, size)
  if (width === 0) return new Uint8Array()
  if (level === 0) return readWhole(readTile, { level, index, width })
  const below = Array.from({ length: width }, (_, i) => ({
    level: level - 1,
    index: index * TILE_WIDTH + i,
    width: TILE_WIDTH,
  }))
  return concat(...(await Promise.all(below.map(async (tile) => perfectRoot(await readWhole(readTile, tile))))))
}

/** A full tile of level 1 or above: 256 hashes, 8192 bytes. */
export interface CompletedTile {
  readonly level: number
  readonly index: number
  readonly bytes: Uint8Array
}

/**
 * The tiles of level 1 and above that filled up while the tree grew from `before` to the edge's size, lowest level first.
 * @throws TlogError RANGE_INVALID when the edge does not reach back to `before`.
 */
export function completedTiles(before: TreeSize, edge: Edge): CompletedTile[] {
  const tiles: CompletedTile[] = []
  for (let level = 1; TILE_WIDTH ** (level + 1) <= edge.size; level++) {
    const leaves = TILE_WIDTH ** (level + 1)
    for (let index = Math.floor(before / leaves); index < Math.floor(edge.size / leaves); index++) {
      const bytes = edge.tile(level, index, TILE_WIDTH)
      if (bytes === undefined) throw new TlogError('RANGE_INVALID', `the edge starts at ${edge.from}, after ${before}`)
      tiles.push({ level, index, bytes })
    }
  }
  return tiles
}
