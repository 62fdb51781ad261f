/** The hashes of some entries, from level 0: one tile is read for all its entries, and held. */

import { type Hash, hash, type LeafIndex } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import { TILE_WIDTH, tileWidth } from '../kernel/tile.ts'
import type { Log } from '../log/log.ts'
import { turn } from './turn.ts'

const HASH_BYTES = 32

/**
 * In the order of `indexes`, which are of the published tree.
 * @throws TlogError STORE_CORRUPT
 */
export async function* leafHashes(log: Log, indexes: readonly LeafIndex[]): AsyncGenerator<Hash> {
  let [at, tile] = [-1, new Uint8Array()]
  for (const index of indexes) {
    if (at !== Math.floor(index / TILE_WIDTH)) {
      await turn()
      at = Math.floor(index / TILE_WIDTH)
      tile = await tileOf(log, at)
    }
    const start = HASH_BYTES * (index % TILE_WIDTH)
    yield hash(tile.slice(start, start + HASH_BYTES))
  }
}

async function tileOf(log: Log, at: number): Promise<Uint8Array<ArrayBuffer>> {
  const tile = await log.tile(0, at, tileWidth(0, at, log.status().published))
  if (tile === null) throw new TlogError('STORE_CORRUPT', `tile 0/${at} is missing`)
  return new Uint8Array(tile)
}
