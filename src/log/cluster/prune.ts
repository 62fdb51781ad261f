/**
 * Takes entries out of the store once their bundles are in the copy that the world reads (docs/adr/0012). What cannot be made good again
 * is done last, and only for what was read back from there.
 */

import { parseBundle } from '../../formats/c2sp/bundle.ts'
import { authenticTiles } from '../../kernel/authentic.ts'
import { type TreeSize, treeSize } from '../../kernel/brand.ts'
import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { rootAt } from '../../kernel/proof.ts'
import { type ReadTile, readFromTiles, readWhole, TILE_WIDTH, tilePath } from '../../kernel/tile.ts'
import { checkEntries, MAX_BUNDLE_BYTES, type ReadResource, readCheckpoint } from '../copy.ts'
import type { LogReader, Signer } from '../ports.ts'
import type { Fence, Pruning } from './ports.ts'

export interface PruneParts {
  readonly origin: string
  readonly open: Signer['open']
  readonly reader: Pick<LogReader, 'published' | 'tile' | 'bundle'>
  readonly pruning: Pruning
  readonly fence: Fence
  readonly copy: ReadResource
  /** The newest entries, which stay. */
  readonly keep: number
  /** Called between two writes, so that neither the log nor its requests stand still meanwhile. */
  readonly rest: () => Promise<void>
}

/** Bundles of one write, for which the next batch waits: some milliseconds. */
const AT_ONCE = 4

/**
 * Returns what it has come to. Interrupted, it is run again.
 *
 * @throws TlogError COPY_REFUSED when the copy is of another log or history, or lacks or changes what should go; PROOF_INVALID or
 *   STORE_CORRUPT when what is stored is not what the newest checkpoint signs: all of that stays. As Pruning does.
 */
export async function prune(parts: PruneParts): Promise<TreeSize> {
  const { pruning, fence, rest } = parts
  let from = await pruning.pruned() // 1. what others did is known
  const { end, tiles } = await prunable(parts) // 2. what the copy's own checkpoint covers, and is old enough
  while (from < end) {
    const to = treeSize(Math.min(end, from + AT_ONCE * TILE_WIDTH))
    await checkCopied(parts, tiles, { from, to }) // 3. it is there, and the same
    await pruning.prune(fence, from, to) // 4. gone
    from = to
    await rest()
  }
  return from
}

interface Prunable {
  /** 0 where nothing may go. */
  readonly end: number
  /** Authenticated under the newest checkpoint. */
  readonly tiles: ReadTile
}

async function prunable({ origin, open, reader, copy, keep }: PruneParts): Promise<Prunable> {
  const signed = await readCheckpoint(copy, { origin, open })
  const published = await reader.published() // after the copy's, which is no newer
  const end = Math.floor(((signed?.checkpoint.size ?? 0) - keep) / TILE_WIDTH) * TILE_WIDTH
  if (signed === null || published === null || end <= 0) return { end: 0, tiles: async () => null }
  const { size, root } = signed.checkpoint
  const tiles = authenticTiles(published, reader.tile)
  if (size > published.size || !equal(await rootAt(size, readFromTiles(tiles, published.size)), root))
    throw new TlogError(
      'COPY_REFUSED',
      `the copy's checkpoint of ${size} is not of the published tree of ${published.size}: all entries stay`,
    )
  return { end, tiles }
}

interface Range {
  readonly from: TreeSize
  readonly to: TreeSize
}

async function checkCopied(parts: PruneParts, tiles: ReadTile, { from, to }: Range): Promise<void> {
  const count = (to - from) / TILE_WIDTH
  const bundles = Array.from({ length: count }, (_, i) => from / TILE_WIDTH + i)
  await Promise.all(bundles.map((index) => checkBundle(parts, tiles, index)))
}

async function checkBundle({ copy, reader }: PruneParts, tiles: ReadTile, index: number): Promise<void> {
  const path = tilePath({ level: 'entries', index, width: TILE_WIDTH })
  const [copied, kept, hashes] = await Promise.all([
    copy(path, MAX_BUNDLE_BYTES),
    reader.bundle(index, TILE_WIDTH),
    readWhole(tiles, { level: 0, index, width: TILE_WIDTH }),
  ])
  if (kept === null) throw new TlogError('STORE_CORRUPT', `bundle ${index} is missing`)
  if (copied === null || !equal(copied, kept))
    throw new TlogError(
      'COPY_REFUSED',
      `the copy ${copied === null ? 'lacks' : 'has another'} ${path}: its entries stay`,
    )
  checkEntries(parseBundle(copied, TILE_WIDTH), hashes, index)
}
