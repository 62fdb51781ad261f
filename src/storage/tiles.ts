/** Tiles from what a store keeps: level-0 hashes, and full tiles above. A partial tile is a prefix and is never stored. */

import type { TreeSize } from '../kernel/brand.ts'
import { concat } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { perfectRoot, TILE_WIDTH, tileWidth } from '../kernel/tile.ts'

export interface TileRows {
  size(): TreeSize | Promise<TreeSize>
  /** The hashes of `count` leaves from `first` on, 32 bytes each. */
  leafHashes(first: number, count: number): Uint8Array | Promise<Uint8Array>
  /** A stored full tile of level 1 or above. */
  fullTile(level: number, index: number): Uint8Array | null | Promise<Uint8Array | null>
}

interface Prefix {
  readonly index: number
  /** Never written to again: several may be reading it, and a longer one takes its place. */
  readonly bytes: Uint8Array
}

/**
 * Reads any tile, or null when the durable tree does not fill `width` hashes.
 *
 * A partial tile of level 1 or above costs one full tile below for each hash, so the newest prefix of each level is
 * remembered: 8 KiB a level, right for ever because full tiles never change.
 *
 * @throws TlogError RANGE_INVALID unless level and index count and width is 1 … 256.
 */
export function tileReader(
  rows: TileRows,
): (level: number, index: number, width: number) => Promise<Uint8Array | null> {
  const prefixes = new Map<number, Prefix>()

  const read = async (level: number, index: number, width: number): Promise<Uint8Array> => {
    if (level === 0) return await rows.leafHashes(index * TILE_WIDTH, width)
    const full = await rows.fullTile(level, index)
    return (full ?? (await grow(level, index, width))).slice(0, width * 32)
  }

  const grow = async (level: number, index: number, width: number): Promise<Uint8Array> => {
    const held = prefixes.get(level)
    const known = held?.index === index ? held.bytes : new Uint8Array()
    const added: Uint8Array[] = []
    for (let at = known.length / 32; at < width; at++)
      added.push(perfectRoot(await read(level - 1, index * TILE_WIDTH + at, TILE_WIDTH)))
    if (added.length === 0) return known
    const bytes = concat(known, ...added)
    prefixes.set(level, { index, bytes })
    return bytes
  }

  return async (level, index, width) => {
    checkTile(level, index, width)
    return width > tileWidth(level, index, await rows.size()) ? null : await read(level, index, width)
  }
}

/** Of leaves that stand in one tile. @throws TlogError RANGE_INVALID */
export function checkLeaves(first: number, count: number): void {
  checkTile(0, Math.floor(first / TILE_WIDTH), count)
  if (!Number.isInteger(first) || (first % TILE_WIDTH) + count > TILE_WIDTH)
    throw new TlogError('RANGE_INVALID', `leaves ${first} to ${first + count - 1} are not of one tile`)
}

/** @throws TlogError RANGE_INVALID */
export function checkTile(level: number, index: number, width: number): void {
  const counts = Number.isSafeInteger(level) && level >= 0 && Number.isSafeInteger(index) && index >= 0
  if (!counts || !Number.isInteger(width) || width < 1 || width > TILE_WIDTH)
    throw new TlogError('RANGE_INVALID', `no tile of level ${level}, index ${index}, width ${width}`)
}
