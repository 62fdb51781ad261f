/** Tiles from a source that nobody vouches for, believed once they lead to a root that somebody does (c2sp.org/tlog-tiles). */

import { equal } from './bytes.ts'
import { TlogError } from './error.ts'
import type { TreeHead } from './proof.ts'
import { fold, peaks } from './range.ts'
import { nodeFromTile, perfectRoot, type ReadTile, readWhole, TILE_WIDTH, tilePath, tileWidth } from './tile.ts'

const HASH_BYTES = 32

/**
 * A reader of the tiles of `tree`. The unfinished tiles are read first, all of them: every hash in them enters the fold
 * that must give the root. A full tile is compared with the hash that stands for it one level up, whatever its place.
 * In order, a tile costs one read: of each level the newest full one is kept.
 *
 * The reader answers null outside the tree. It throws TlogError PROOF_INVALID when a tile does not lead to the root,
 * TILE_MALFORMED when one is missing or has another length than its width.
 */
export function authenticTiles(tree: TreeHead, readTile: ReadTile): ReadTile {
  const newest = new Map<number, { readonly index: number; readonly bytes: Uint8Array }>()
  let unfinished: Promise<ReadonlyMap<number, Uint8Array>> | undefined

  const full = async (level: number, index: number): Promise<Uint8Array> => {
    const held = newest.get(level)
    if (held?.index === index) return held.bytes
    const tile = { level, index, width: TILE_WIDTH }
    const at = index % TILE_WIDTH
    const [bytes, above] = await Promise.all([
      readWhole(readTile, tile),
      within(level + 1, Math.floor(index / TILE_WIDTH)),
    ])
    if (!equal(perfectRoot(bytes), above.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)))
      throw new TlogError('PROOF_INVALID', `${tilePath(tile)} is not in the tree of ${tree.size}`)
    newest.set(level, { index, bytes })
    return bytes
  }

  /** A tile of the tree at the width that it has there. */
  const within = async (level: number, index: number): Promise<Uint8Array> => {
    unfinished ??= readUnfinished(tree, readTile)
    const partial = (await unfinished).get(level)
    const isLast = tileWidth(level, index, tree.size) < TILE_WIDTH
    return isLast && partial !== undefined ? partial : await full(level, index)
  }

  return async (level, index, width) =>
    width > tileWidth(level, index, tree.size) ? null : (await within(level, index)).slice(0, width * HASH_BYTES)
}

/** By level. @throws TlogError PROOF_INVALID unless they fold to the root. */
async function readUnfinished(tree: TreeHead, readTile: ReadTile): Promise<ReadonlyMap<number, Uint8Array>> {
  const tiles = new Map<number, Uint8Array>()
  for (let level = 0; TILE_WIDTH ** level <= tree.size; level++) {
    const index = Math.floor(tree.size / TILE_WIDTH ** (level + 1))
    const width = tileWidth(level, index, tree.size)
    if (width > 0) tiles.set(level, await readWhole(readTile, { level, index, width }))
  }
  const nodes = peaks(tree.size).map((id) => nodeFromTile(tiles.get(Math.floor(id.level / 8)) ?? new Uint8Array(), id))
  if (!equal(fold(nodes), tree.root))
    throw new TlogError('PROOF_INVALID', `the unfinished tiles do not hash to the root of the tree of ${tree.size}`)
  return tiles
}
