/**
 * A static copy of a log's published tree (c2sp.org/tlog-tiles), to be served by anything that serves files. Everything it
 * gets is authenticated under the checkpoint that goes last: a damaged database is not copied on.
 */

import { parseBundle } from '../formats/c2sp/bundle.ts'
import { authenticTiles } from '../kernel/authentic.ts'
import type { TreeSize } from '../kernel/brand.ts'
import { equal, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { rootAt } from '../kernel/proof.ts'
import {
  type HashTile,
  type ReadTile,
  readFromTiles,
  readWhole,
  TILE_WIDTH,
  tilePath,
  tileWidth,
} from '../kernel/tile.ts'
import {
  ATTACHMENTS,
  attachmentPath,
  checkEntries,
  type ReadResource,
  readCheckpoint,
  type SignedHead,
} from './copy.ts'
import type { LeafFacts } from './facts.ts'
import type { LogReader, Published, Signer } from './ports.ts'
import { checkPublished } from './publisher.ts'

/** Where a copy is kept. Of several writers at once none undoes what another did; its checkpoint is no older than any of them read. */
export interface ExportTarget {
  readonly read: ReadResource
  /**
   * Makes an immutable file, whole or not at all; it is durable after `flush`. The same bytes again are fine.
   * @throws TlogError COPY_REFUSED when there are others: they are never written over.
   */
  add(path: string, bytes: Uint8Array): Promise<void>
  /** Everything added is durable, names too. */
  flush(): Promise<void>
  /**
   * Makes a file, or replaces the one that `read` last found there, whole or not at all; durable once it returns.
   * @throws TlogError COPY_REFUSED when another writer has replaced it since.
   */
  replace(path: string, bytes: Uint8Array): Promise<void>
  /** Takes a file away, where it is there. */
  remove(path: string): Promise<void>
  /** The partial versions of a full tile or bundle, where there are any: gone once the next `replace` returns. */
  removePartials(path: string): Promise<void>
}

export interface OpenedTarget extends ExportTarget {
  close(): Promise<void>
}

export interface ExportParts {
  readonly origin: string
  readonly reader: Pick<LogReader, 'published' | 'tile' | 'bundle' | 'attachment' | 'withdrawals'>
  readonly open: Signer['open']
  readonly facts: (leaf: Uint8Array) => LeafFacts
  readonly target: ExportTarget
  /** The same for as long as the target is held; it begins anew with each. */
  readonly sweep: Sweep
  /** Called between bundles, so that a server does not stand still meanwhile. */
  readonly rest: () => Promise<void>
  readonly onProgress: (done: number, total: number) => void
}

/**
 * Adds what was published since the copy's own checkpoint, then replaces that. Interrupted, it is run again. Returns the
 * size of the copy; 0 also when the log has published nothing.
 *
 * @throws TlogError COPY_REFUSED when the copy is of another log or history, or ahead of the database; PROOF_INVALID,
 *   STORE_CORRUPT or TILE_MALFORMED when what is stored is not what the checkpoint signs.
 */
export async function exportLog(parts: ExportParts): Promise<TreeSize> {
  const { reader, target, origin, open } = parts
  const published = await reader.published()
  const before = await readCheckpoint(target.read, parts)
  if (before !== null && before.checkpoint.size > (published?.size ?? 0)) throw isAhead(before, published)
  if (published === null) return 0 as TreeSize
  await checkPublished(published, origin, open)
  const tiles = authenticTiles(published, reader.tile)
  if (before !== null) await checkSameHistory(before, published, tiles)
  const from = before?.checkpoint.size ?? (0 as TreeSize)
  if (before === null) await target.add(ATTACHMENTS.layout, utf8(ATTACHMENTS.text))
  await addTiles(parts, tiles, { from, size: published.size })
  await target.flush() // 1. all that the checkpoint covers
  await parts.sweep.run(reader, target) // 2. what was withdrawn is gone before the entry that says so is there
  await removePartials(target, from, published.size) // 3. a reader of the old checkpoint takes the full tiles instead
  if (before === null || !equal(before.note, published.note)) await target.replace('checkpoint', published.note) // 4. last
  return published.size
}

const SWEPT = 256

/** Takes out of a copy what was withdrawn, by whichever log: at first all of it, then what is new. */
export class Sweep {
  #done = 0

  async run(reader: Pick<LogReader, 'withdrawals'>, target: Pick<ExportTarget, 'remove'>): Promise<void> {
    for (let isMore = true; isMore; ) {
      const names = await reader.withdrawals(this.#done, SWEPT)
      for (const name of names) await target.remove(attachmentPath(name))
      this.#done += names.length
      isMore = names.length === SWEPT
    }
  }
}

function isAhead({ checkpoint }: SignedHead, published: Published | null): TlogError {
  return new TlogError(
    'COPY_REFUSED',
    `the copy has a checkpoint of ${checkpoint.size}, the database one of ${published?.size ?? 0}: the database was rolled back. \`colophon recover\` brings the rest from the copy`,
  )
}

async function checkSameHistory({ checkpoint }: SignedHead, published: Published, tiles: ReadTile): Promise<void> {
  const root = await rootAt(checkpoint.size, readFromTiles(tiles, published.size))
  if (!equal(root, checkpoint.root))
    throw new TlogError(
      'COPY_REFUSED',
      `at size ${checkpoint.size} the copy has another root than the database: two histories were signed. Keep both`,
    )
}

interface Growth {
  readonly from: TreeSize
  readonly size: TreeSize
}

async function addTiles(parts: ExportParts, tiles: ReadTile, growth: Growth): Promise<void> {
  const { target, onProgress, rest } = parts
  for (const tile of grown(growth)) {
    const bytes = await readWhole(tiles, tile)
    if (tile.level === 0) await addBundle(parts, tile, bytes, growth.from)
    await target.add(tilePath(tile), bytes)
    if (tile.level !== 0) continue
    onProgress(tile.index * TILE_WIDTH + tile.width, growth.size)
    await rest()
  }
}

async function addBundle(
  parts: ExportParts,
  { index, width }: HashTile,
  hashes: Uint8Array,
  from: number,
): Promise<void> {
  const { reader, target, facts } = parts
  const bundle = await reader.bundle(index, width)
  if (bundle === null) throw new TlogError('STORE_CORRUPT', `bundle ${index} is missing or has gaps`)
  const entries = parseBundle(bundle, width)
  checkEntries(entries, hashes, index)
  const fresh = entries.slice(Math.max(0, from - index * TILE_WIDTH))
  for (const named of fresh.flatMap((leaf) => facts(leaf).attachments)) {
    const content = await reader.attachment(named.algorithm, named.digest)
    if (content !== null) await target.add(attachmentPath(named), content)
  }
  await target.add(tilePath({ level: 'entries', index, width }), bundle)
}

/** The tiles that a tree of `size` has and one of `from` has not, or not so wide. */
function* grown({ from, size }: Growth): Generator<HashTile> {
  for (let level = 0; tileWidth(level, 0, size) > 0; level++)
    for (let index = firstUnfinished(level, from); tileWidth(level, index, size) > 0; index++) {
      const width = tileWidth(level, index, size)
      if (width > tileWidth(level, index, from)) yield { level, index, width }
    }
}

function firstUnfinished(level: number, size: TreeSize): number {
  return Math.floor(size / TILE_WIDTH ** (level + 1))
}

/** Of tiles that are full now and were not, or of which an interrupted run left a part. */
async function removePartials(target: ExportTarget, from: TreeSize, size: TreeSize): Promise<void> {
  for (let level = 0; tileWidth(level, 0, size) === TILE_WIDTH; level++)
    for (let index = firstUnfinished(level, from); index < firstUnfinished(level, size); index++) {
      if (level === 0) await target.removePartials(tilePath({ level: 'entries', index, width: TILE_WIDTH }))
      await target.removePartials(tilePath({ level, index, width: TILE_WIDTH }))
    }
}
