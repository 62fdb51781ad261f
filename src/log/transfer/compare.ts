/** Whether two stores have the same of one log, all of it: then one is whole if the other is. */

import type { LeafHash } from '../../kernel/brand.ts'
import { equal, hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { filledBetween, TILE_WIDTH, tilePath } from '../../kernel/tile.ts'
import { ahead } from '../ahead.ts'
import type { Attachment, Head, LogReader, LookupRow, Place, Published } from '../ports.ts'
import type { OnProgress } from './copy.ts'

const ROWS = 8192
const FEW = 256
/** Bundles in memory, of each store. */
const AHEAD = 3

/** @throws TlogError STORE_CORRUPT naming the first difference */
export async function compareLogs(source: LogReader, target: LogReader, onProgress: OnProgress): Promise<void> {
  await same('head', showHead, (store: LogReader, after: Head | null) => store.heads(after?.size ?? null, ROWS))
  await compareTrees(source, target, onProgress)
  await same('checkpoint', showNote, (store, after: Published | null) => store.history(after?.size ?? null, FEW))
  await same('newest checkpoint', showNote, async (store, after: Published | null) => {
    const newest = after === null ? await store.published() : null
    return newest === null ? [] : [newest]
  })
  await same('lookup row', showRow, (store, after: LookupRow | null) => store.lookups(after, ROWS))
  await same('attachment', showAttachment, (store, after: Attachment | null) => store.attachments(after, FEW))

  async function same<T extends object>(
    what: string,
    show: (row: T) => string,
    read: (store: LogReader, after: T | null) => Promise<readonly T[]>,
  ): Promise<void> {
    const [ours, theirs] = [source, target].map((store) => new Rows<T>((after) => read(store, after))) as [
      Rows<T>,
      Rows<T>,
    ]
    for (;;) {
      await Promise.all([ours.fill(), theirs.fill()])
      if (ours.isOver && theirs.isOver) return
      for (let left = Math.max(1, Math.min(ours.held, theirs.held)); left > 0; left--) {
        const [row, other] = [ours.next(), theirs.next()]
        if (row === undefined) throw differs(`${what} ${show(other as T)} is not in the source`)
        if (other === undefined || !isSame(row, other))
          throw differs(`${what} ${show(row)} of the source is ${other === undefined ? 'missing' : show(other)}`)
      }
    }
  }
}

/** Rows of a store in order, of which pages need not be equally long. */
class Rows<T> {
  readonly #read: (after: T | null) => Promise<readonly T[]>
  #page: readonly T[] = []
  #at = 0
  #last: T | null = null

  constructor(read: (after: T | null) => Promise<readonly T[]>) {
    this.#read = read
  }

  /** Once filled, it is over when nothing is held. */
  get isOver(): boolean {
    return this.held === 0
  }

  get held(): number {
    return this.#page.length - this.#at
  }

  async fill(): Promise<void> {
    if (this.held > 0) return
    this.#page = await this.#read(this.#last)
    this.#at = 0
    this.#last = this.#page.at(-1) ?? this.#last
  }

  next(): T | undefined {
    return this.#page[this.#at++]
  }
}

interface ReadBundle {
  readonly index: number
  readonly hashes: readonly (Uint8Array | null)[]
  readonly bundles: readonly (Uint8Array | null)[]
  readonly places: readonly (Place | null)[]
  /** Of every level above, those that this bundle completes. */
  readonly tiles: readonly { readonly path: string; readonly bytes: readonly (Uint8Array | null)[] }[]
}

/** Leaf hashes, entries, tiles, and that each hash is found at its place. Every store hashes entries as it reads them. */
async function compareTrees(source: LogReader, target: LogReader, onProgress: OnProgress): Promise<void> {
  const size = (await source.head())?.size ?? 0
  for await (const { index, hashes, bundles, places, tiles } of ahead(bundlesOf(size), AHEAD, read)) {
    checkSame(`tile of leaf hashes ${index}`, hashes)
    checkSame(`bundle ${index}`, bundles)
    const misplaced = places.findIndex((place, i) => place?.index !== index * TILE_WIDTH + i)
    if (misplaced >= 0) throw differs(`entry ${index * TILE_WIDTH + misplaced} is not found by its hash`)
    for (const { path, bytes } of tiles) checkSame(path, bytes)
    onProgress(Math.min(size, (index + 1) * TILE_WIDTH), size)
  }

  async function read({ index, width }: { readonly index: number; readonly width: number }): Promise<ReadBundle> {
    const stores = [source, target]
    const [hashes, bundles, tiles] = await Promise.all([
      Promise.all(stores.map((store) => store.tile(0, index, width))),
      Promise.all(stores.map((store) => store.bundle(index, width))),
      Promise.all(
        filledBetween(index * TILE_WIDTH, index * TILE_WIDTH + width).map(async (tile) => {
          const bytes = await Promise.all(stores.map((store) => store.tile(tile.level, tile.index, TILE_WIDTH)))
          return { path: tilePath(tile), bytes }
        }),
      ),
    ])
    const wanted = Array.from({ length: width }, (_, i) => hashes[0]?.subarray(32 * i, 32 * i + 32) as LeafHash)
    return { index, hashes, bundles, places: hashes[0] === null ? [] : await target.find(wanted), tiles }
  }
}

function* bundlesOf(size: number): Generator<{ readonly index: number; readonly width: number }> {
  for (let index = 0; index * TILE_WIDTH < size; index++)
    yield { index, width: Math.min(TILE_WIDTH, size - index * TILE_WIDTH) }
}

function checkSame(what: string, [ours, theirs]: readonly (Uint8Array | null)[]): void {
  if (!ours || !theirs || !equal(ours, theirs)) throw differs(`${what} ${theirs ? 'is another' : 'is missing'}`)
}

function differs(what: string): TlogError {
  return new TlogError('STORE_CORRUPT', `the copy is not the same: ${what}`)
}

/** Rows are numbers, words and bytes. */
function isSame<T extends object>(a: T, b: T): boolean {
  for (const name in a) {
    const [one, other]: readonly unknown[] = [a[name], b[name]]
    if (one instanceof Uint8Array ? !(other instanceof Uint8Array && equal(one, other)) : one !== other) return false
  }
  return true
}

function showHead({ size, root, time }: Head): string {
  return `${size} (root ${hex(root)}, at ${time})`
}

function showNote(published: Published): string {
  return `${showHead(published)} with a note of ${published.note.length} bytes`
}

function showRow({ key, index, source }: LookupRow): string {
  return `${hex(key)} of entry ${index} (from its ${source})`
}

function showAttachment({ algorithm, digest }: Attachment): string {
  return `${algorithm}:${hex(digest)}`
}
