/** The right edge of a tree as the bytes that are kept of it: its unfinished tiles, lowest first; at most 8 KiB each. */

import { type TreeSize, treeSize } from '../kernel/brand.ts'
import { equal } from '../kernel/bytes.ts'
import { Edge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import type { TreeHead } from '../kernel/proof.ts'
import { nodeFromTile, TILE_WIDTH, tileWidth } from '../kernel/tile.ts'

const HASH_BYTES = 32

/** Empty bytes where a level has no unfinished tile. */
export function edgeTiles(edge: Edge): Uint8Array[] {
  const tiles: Uint8Array[] = []
  for (const { level, index, width } of unfinished(edge.size)) {
    const bytes = width === 0 ? new Uint8Array() : edge.tile(level, index, width)
    if (bytes === undefined) throw new TlogError('RANGE_INVALID', `the edge does not hold tile ${level}/${index}`)
    tiles.push(bytes)
  }
  return tiles
}

/** @throws TlogError STORE_CORRUPT unless they are those of this size */
export function edgeFromTiles(size: TreeSize, tiles: readonly Uint8Array[]): Edge {
  const wanted = [...unfinished(size)]
  const fits = wanted.every(({ width }, level) => tiles[level]?.length === width * HASH_BYTES)
  if (tiles.length !== wanted.length || !fits)
    throw new TlogError('STORE_CORRUPT', `these are not the unfinished tiles of a tree of ${size}`)
  return new Edge(size, (id) => nodeFromTile(tiles[Math.floor(id.level / 8)] ?? new Uint8Array(), id))
}

/** @throws TlogError STORE_CORRUPT, also when their root is another */
export function edgeAt(head: TreeHead, tiles: readonly Uint8Array[]): Edge {
  const edge = edgeFromTiles(head.size, tiles)
  if (!equal(edge.root(), head.root))
    throw new TlogError(
      'STORE_CORRUPT',
      `the tiles that were kept are not of the tree of ${head.size} that was verified`,
    )
  return edge
}

/** One for each level that has a complete hash, also of width 0. */
export function* unfinished(size: number): Generator<{ level: number; index: number; width: number }> {
  for (let level = 0; TILE_WIDTH ** level <= size; level++) {
    const index = Math.floor(size / TILE_WIDTH ** (level + 1))
    yield { level, index, width: tileWidth(level, index, treeSize(size)) }
  }
}
