/**
 * Tiles of 256 hashes (c2sp.org/tlog-tiles): names, places of nodes, and reading nodes from them.
 * Hash i of tile (level, index) is the perfect subtree of 256^level leaves at index · 256 + i.
 */

import { type Hash, hash, type TreeSize } from './brand.ts'
import { TlogError } from './error.ts'
import { nodeHash } from './hash.ts'
import type { ReadNodes } from './proof.ts'
import type { NodeId } from './range.ts'

export const TILE_WIDTH = 256
const HASH_BYTES = 32

export interface Tile {
  /** 0 … 63, or the bundle of entries below the level-0 tile of the same index. */
  readonly level: number | 'entries'
  readonly index: number
  /** Items in it, 1 … 256; 256 is a full tile. */
  readonly width: number
}

/** A tile of hashes, as against a bundle of entries. */
export type HashTile = Tile & { readonly level: number }

/** A tile's bytes: its first `width` hashes, 32 bytes each; null when there is no such tile. */
export type ReadTile = (level: number, index: number, width: number) => Promise<Uint8Array | null>

/** The full tiles of level 1 and above that leaves from `before` to `after` complete, in the order of their levels. */
export function filledBetween(before: number, after: number): readonly HashTile[] {
  const tiles: HashTile[] = []
  for (let level = 1, leaves = TILE_WIDTH ** 2; leaves <= after; level++, leaves *= TILE_WIDTH)
    for (let index = Math.floor(before / leaves); index < Math.floor(after / leaves); index++)
      tiles.push({ level, index, width: TILE_WIDTH })
  return tiles
}

/** The path below a log's prefix, such as tile/0/x001/x234/067.p/12. */
export function tilePath(tile: Tile): string {
  const groups = String(tile.index)
    .replace(/\B(?=(\d{3})+$)/g, '/')
    .split('/')
  const index = groups.map((group, i) => (i < groups.length - 1 ? 'x' : '') + group.padStart(3, '0')).join('/')
  return `tile/${tile.level}/${index}${tile.width === TILE_WIDTH ? '' : `.p/${tile.width}`}`
}

const PATH = /^tile\/(entries|\d{1,2})\/([x\d/]+)(?:\.p\/(\d{1,3}))?$/
/** An index below 2^45 has 14 digits. */
const LONGEST_PATH = 'tile/entries/x035/x184/x372/x088/831.p/255'.length

/**
 * Levels above 6 are names that the spec allows and no tree of ours fills.
 * @throws TlogError TILE_PATH_MALFORMED unless `path` is the one spelling of its tile and its hashes count below 2^53.
 */
export function parseTilePath(path: string): Tile {
  const match = path.length > LONGEST_PATH ? null : PATH.exec(path)
  const [, level = '', index = '', width = String(TILE_WIDTH)] = match ?? []
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    index: Number(index.replaceAll(/[x/]/g, '')),
    width: Number(width),
  }
  const end = tile.index * TILE_WIDTH + tile.width
  const inRange = tile.width >= 1 && tile.width <= TILE_WIDTH && Number.isSafeInteger(end) && !(Number(tile.level) > 63)
  // Printing it back refuses every alias: 07, x000/067, .p/256, 67, empty groups.
  if (match === null || !inRange || tilePath(tile) !== path)
    throw new TlogError('TILE_PATH_MALFORMED', `not a tile path: ${JSON.stringify(path.slice(0, LONGEST_PATH))}`)
  return tile
}

/** How many hashes a tree of `size` leaves puts into a tile, 0 … 256. Only complete subtrees count. */
export function tileWidth(level: number, index: number, size: TreeSize): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level)
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH))
}

/** Every hash tile of a tree, full and partial, level by level from 0. A bundle of entries goes with each one of level 0. */
export function* tilesOf(size: TreeSize): Generator<HashTile> {
  for (let level = 0; tileWidth(level, 0, size) > 0; level++)
    for (let index = 0, width = tileWidth(level, 0, size); width > 0; width = tileWidth(level, ++index, size))
      yield { level, index, width }
}

/** The tile that holds a node, and the span of the tile's hashes whose perfect root the node is. */
export interface TileSpan {
  readonly level: number
  readonly index: number
  readonly start: number
  readonly count: number
}

/** Eight binary levels share a tile: of those, level k is found as spans of 2^k hashes. */
export function tileOfNode(id: NodeId): TileSpan {
  const count = 2 ** (id.level % 8)
  const spans = TILE_WIDTH / count
  return {
    level: Math.floor(id.level / 8),
    index: Math.floor(id.index / spans),
    start: (id.index % spans) * count,
    count,
  }
}

/**
 * A node from the bytes of its tile, full or partial.
 * @throws TlogError TILE_MALFORMED when the tile ends before the node's span does.
 */
export function nodeFromTile(bytes: Uint8Array, id: NodeId): Hash {
  const { start, count } = tileOfNode(id)
  const span = bytes.subarray(start * HASH_BYTES, (start + count) * HASH_BYTES)
  if (span.length !== count * HASH_BYTES)
    throw new TlogError('TILE_MALFORMED', `a tile of ${bytes.length} bytes ends before hash ${start + count - 1}`)
  return perfectRoot(span)
}

/**
 * The root over 2^k hashes. A full tile's is the hash that stands for it one level up.
 * @throws TlogError TILE_MALFORMED unless a power of two of hashes, 32 bytes each.
 */
export function perfectRoot(hashes: Uint8Array): Hash {
  const count = hashes.length / HASH_BYTES
  if (!Number.isInteger(Math.log2(count)))
    throw new TlogError('TILE_MALFORMED', `no perfect subtree of ${count} hashes`)
  if (count === 1) return hash(hashes.slice())
  const middle = hashes.length / 2
  return nodeHash(perfectRoot(hashes.subarray(0, middle)), perfectRoot(hashes.subarray(middle)))
}

/**
 * Reads nodes of a tree of `size` leaves from its tiles, each tile once a call and at the width that this size implies.
 * Nothing is authenticated: what is folded from the nodes must meet a root that the caller trusts.
 *
 * The reader throws TlogError RANGE_INVALID for a node outside the tree, TILE_MALFORMED when a tile is missing or has
 * another length than its width.
 */
export function readFromTiles(readTile: ReadTile, size: TreeSize): ReadNodes {
  return async (ids) => {
    const tiles = new Map<string, Promise<Uint8Array>>()
    const tileOf = (id: NodeId): Promise<Uint8Array> => {
      const { level, index } = tileOfNode(id)
      if ((id.index + 1) * 2 ** id.level > size)
        throw new TlogError('RANGE_INVALID', `node ${id.index} of level ${id.level} is outside a tree of ${size}`)
      const key = `${level}/${index}`
      const held = tiles.get(key) ?? readWhole(readTile, { level, index, width: tileWidth(level, index, size) })
      tiles.set(key, held)
      return held
    }
    return Promise.all(ids.map(async (id) => nodeFromTile(await tileOf(id), id)))
  }
}

/** @throws TlogError TILE_MALFORMED when the tile is missing or has another length than its width. */
export async function readWhole(readTile: ReadTile, tile: HashTile): Promise<Uint8Array> {
  const { level, index, width } = tile
  const bytes = await readTile(level, index, width)
  if (bytes?.length === width * HASH_BYTES) return bytes
  const found = bytes === null ? 'missing' : `${bytes.length} bytes`
  throw new TlogError('TILE_MALFORMED', `${tilePath(tile)}: ${found}, expected ${width} hashes`)
}
