/**
 * Copies one log from a store to another. What is there already stays, and what is missing comes: cut off, it is done again.
 * Nothing here is believed: the source is checked before, the target after.
 */

import { parseBundle } from '../../formats/c2sp/bundle.ts'
import { type LeafHash, type TreeSize, treeSize } from '../../kernel/brand.ts'
import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { filledBetween, TILE_WIDTH } from '../../kernel/tile.ts'
import { ahead, oneAhead } from '../ahead.ts'
import type { Attachment, FullTile, Head, LogReader, LookupRow, Published } from '../ports.ts'
import { pagesOf, rowsOf } from './pages.ts'
import type { LogTarget, TreeBatch } from './ports.ts'

export type OnProgress = (done: number, total: number) => void

/** Of one transaction; a head comes with all of its entries, however many. */
const MOST = { entries: 4096, bytes: 8 * 2 ** 20, heads: 1024 }
const HEADS = 1000
const ROWS = 8192
const ATTACHMENTS = 256
const CHECKPOINTS = 256
/** Bundles under way: from an object store each of them is a journey. */
const AHEAD = 4
/** By the first byte of a key. */
const KEY_RANGES = 256

/**
 * Entries, tiles and every head.
 * @throws TlogError COPY_REFUSED when the target holds another tree, or more of one; STORE_CORRUPT when the source has gaps.
 */
export async function copyTree(source: LogReader, target: LogTarget, onProgress: OnProgress): Promise<TreeSize> {
  const [head, there] = [await source.head(), await target.reader.head()]
  if (head === null || there === null) throw new TlogError('STORE_CORRUPT', 'there is no head, not even of size 0')
  await checkFollows(there, source)
  let last = there
  for await (const batches of oneAhead(transactions(source, there, head.size))) {
    await target.appendAll(last, batches)
    last = batches.at(-1)?.head ?? last
    onProgress(last.size, head.size)
  }
  return head.size
}

async function checkFollows(there: Head, source: LogReader): Promise<void> {
  const before = there.size === 0 ? null : treeSize(there.size - 1)
  const [same] = await source.heads(before, 1)
  if (same?.size !== there.size || !equal(same.root, there.root))
    throw new TlogError('COPY_REFUSED', `the target has a head of size ${there.size} that is none of the source's`)
}

async function* transactions(source: LogReader, from: Head, end: TreeSize): AsyncGenerator<readonly TreeBatch[]> {
  const entries = new Entries(source, from.size, end)
  let [before, count, bytes]: [TreeSize, number, number] = [from.size, 0, 0]
  let batches: TreeBatch[] = []
  try {
    for await (const head of rowsOf<Head>((after) => source.heads(after?.size ?? from.size, HEADS))) {
      const batch = {
        entries: await entries.take(head.size - before),
        tiles: await tilesOf(source, before, head),
        head,
      }
      batches.push(batch)
      before = head.size
      count += batch.entries.length
      bytes += batch.entries.reduce((sum, { leaf }) => sum + leaf.length, 0)
      if (count < MOST.entries && bytes < MOST.bytes && batches.length < MOST.heads) continue
      yield batches
      ;[batches, count, bytes] = [[], 0, 0]
    }
    if (batches.length > 0) yield batches
  } finally {
    await entries.close()
  }
}

async function tilesOf(source: LogReader, before: TreeSize, { size }: Head): Promise<readonly FullTile[]> {
  const tiles: FullTile[] = []
  for (const { level, index } of filledBetween(before, size)) {
    const bytes = await source.tile(level, index, TILE_WIDTH)
    if (bytes === null) throw new TlogError('STORE_CORRUPT', `tile ${level}/${index} is missing`)
    tiles.push({ level, index, bytes })
  }
  return tiles
}

/** The leaves of a log, one after the other, bundles being read ahead. */
class Entries {
  readonly #bundles: AsyncGenerator<TreeBatch['entries']>
  #next: number
  #held: TreeBatch['entries'] = []

  constructor(source: LogReader, from: TreeSize, end: TreeSize) {
    this.#bundles = ahead(bundlesOf(from, end), AHEAD, (bundle) => readBundle(source, bundle))
    this.#next = from
  }

  async take(count: number): Promise<TreeBatch['entries']> {
    const taken: TreeBatch['entries'][number][] = []
    while (taken.length < count) {
      if (this.#held.length === 0) this.#held = await this.#read()
      const part = this.#held.slice(0, count - taken.length)
      this.#held = this.#held.slice(part.length)
      taken.push(...part)
    }
    this.#next += count
    return taken
  }

  async close(): Promise<void> {
    await this.#bundles.return(undefined)
  }

  async #read(): Promise<TreeBatch['entries']> {
    const { done, value } = await this.#bundles.next()
    if (done === true) throw new TlogError('STORE_CORRUPT', `there are heads beyond entry ${this.#next}, the last`)
    return value
  }
}

interface Bundle {
  readonly index: number
  readonly width: number
  /** Of its first entries. */
  readonly skip: number
}

function* bundlesOf(from: number, end: number): Generator<Bundle> {
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < end; index++) {
    const first = index * TILE_WIDTH
    yield { index, width: Math.min(TILE_WIDTH, end - first), skip: Math.max(0, from - first) }
  }
}

async function readBundle(source: LogReader, { index, width, skip }: Bundle): Promise<TreeBatch['entries']> {
  const [hashes, bundle] = await Promise.all([source.tile(0, index, width), source.bundle(index, width)])
  if (hashes === null || bundle === null) throw new TlogError('STORE_CORRUPT', `bundle ${index} is missing or has gaps`)
  return parseBundle(bundle, width)
    .map((leaf, i) => ({ leaf, hash: hashes.subarray(32 * i, 32 * i + 32) as LeafHash }))
    .slice(skip)
}

/** Lookup rows and attachments, once the tree is there. @param onProgress how far it is in the order of the keys, which are uniform */
export async function copyBeside(source: LogReader, target: LogTarget, onProgress: OnProgress): Promise<void> {
  for await (const lookups of oneAhead(pagesOf<LookupRow>((after) => source.lookups(after, ROWS)))) {
    await target.keep({ lookups })
    onProgress(lookups.at(-1)?.key[0] ?? 0, KEY_RANGES)
  }
  for await (const attachments of oneAhead(pagesOf<Attachment>((after) => source.attachments(after, ATTACHMENTS))))
    await target.keep({ attachments })
  onProgress(KEY_RANGES, KEY_RANGES)
}

/** The history as it was kept, and the newest. */
export async function copyCheckpoints(source: LogReader, target: LogTarget): Promise<void> {
  for await (const checkpoints of pagesOf<Published>((after) => source.history(after?.size ?? null, CHECKPOINTS)))
    await target.keep({ checkpoints })
  const newest = await source.published()
  if (newest !== null) await target.keepNewest(newest)
}
