/** The hashes of some entries, a stretch at a time: an answer may have ten thousand. */

import type { Hash, LeafIndex } from '../kernel/brand.ts'
import type { Log } from '../log/log.ts'
import { turn } from './turn.ts'

const AT_ONCE = 256

/**
 * In the order of `indexes`, which are of the published tree.
 * @throws TlogError TILE_MALFORMED when the store lacks one
 */
export async function* leafHashes(log: Log, indexes: readonly LeafIndex[]): AsyncGenerator<Hash> {
  for (let at = 0; at < indexes.length; at += AT_ONCE) {
    if (at > 0) await turn()
    yield* await log.nodes(indexes.slice(at, at + AT_ONCE).map((index) => ({ level: 0, index })))
  }
}
