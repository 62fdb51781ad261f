/** Tiles from what a store keeps: level-0 hashes, and full tiles above. A partial tile is a prefix and is never stored. */

import type { TreeSize } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import { perfectRoot, TILE_WIDTH, tileWidth } from '../kernel/tile.ts'

export interface TileRows {
  size(): TreeSize
  /** The hashes of `count` leaves from `first` on, 32 bytes each. */
  leafHashes(first: number, count: number): Uint8Array
  /** A stored full tile of level 1 or above. */
  fullTile(level: number, index: number): Uint8Array | null
}

interface Prefix {
  index: number
  count: number
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
export function tileReader(rows: TileRows): (level: number, index: number, width: number) => Uint8Array | null {
  const prefixes = new Map<number, Prefix>()

  const read = (level: number, index: number, width: number): Uint8Array => {
    if (level === 0) return rows.leafHashes(index * TILE_WIDTH, width)
    return rows.fullTile(level, index)?.slice(0, width * 32) ?? grow(level, index, width).slice(0, width * 32)
  }

  const grow = (level: number, index: number, width: number): Uint8Array => {
    const held = prefixes.get(level)
    const prefix = held?.index === index ? held : { index, count: 0, bytes: new Uint8Array(TILE_WIDTH * 32) }
    prefixes.set(level, prefix)
    for (; prefix.count < width; prefix.count++) {
      const below = read(level - 1, index * TILE_WIDTH + prefix.count, TILE_WIDTH)
      prefix.bytes.set(perfectRoot(below), prefix.count * 32)
    }
    return prefix.bytes
  }

  return (level, index, width) => {
    checkTile(level, index, width)
    return width > tileWidth(level, index, rows.size()) ? null : read(level, index, width)
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
