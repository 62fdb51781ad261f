/** The whole check of one log from its entries alone: every leaf, tile, root, head, note, lookup row and attachment. */

import { parseBundle } from '../formats/c2sp/bundle.ts'
import { type LeafHash, type LeafIndex, leafIndex, type TreeSize, treeSize } from '../kernel/brand.ts'
import { equal } from '../kernel/bytes.ts'
import { completedTiles, Edge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import { EMPTY_ROOT, leafHash } from '../kernel/hash.ts'
import { TILE_WIDTH, tilesOf } from '../kernel/tile.ts'
import { ahead } from './ahead.ts'
import { BundleFacts } from './fsck-ahead.ts'
import { FactsCheck, type FactsParts, isUnanswered } from './fsck-facts.ts'
import type { Head, LogReader, Mark, Place, Published, Signer } from './ports.ts'
import { checkPublished } from './publisher.ts'

export interface FsckParts extends FactsParts {
  readonly origin: string
  readonly store: LogReader
  /** Of the log's ratchet; null when there is none at hand, which is itself a problem to the caller. */
  readonly mark: Mark | null
  readonly open: Signer['open']
  readonly onProgress: (done: number, total: number) => void
}

interface CheckedEntry {
  readonly entry: Uint8Array
  readonly hash: LeafHash
  readonly stored: LeafHash
  readonly at: LeafIndex
  readonly place: Place | null | undefined
  readonly facts: BundleFacts
}

interface ReadBundle {
  readonly index: number
  readonly hashes: Uint8Array | null
  readonly entries: readonly Uint8Array[] | null
  readonly places: readonly (Place | null)[] | null
  readonly facts: BundleFacts
  readonly problem: TlogError | null
}

const PAGE = 1000
/** Bundles in memory: one is checked while the next is read. */
const AHEAD = 2

/** Reads up to the head of this moment; a server may go on writing. Returns the size that was checked. */
export async function fsck(parts: FsckParts): Promise<TreeSize> {
  return await new Fsck(parts).run()
}

class Fsck {
  readonly #parts: FsckParts
  readonly #edge = new Edge()
  readonly #signed = new Map<number, { readonly root: Uint8Array; readonly what: string }[]>()
  #heads: Head[] = []
  #lastHead: Head | null = null
  readonly #facts: FactsCheck

  constructor(parts: FsckParts) {
    this.#parts = parts
    this.#facts = new FactsCheck(parts)
  }

  async run(): Promise<TreeSize> {
    const { store, mark } = this.#parts
    if (mark !== null) this.#expect(mark, 'the ratchet')
    const totals = await store.totals() // before the head: what a server adds meanwhile is more, and no surplus
    await this.#readNotes() // before the head: what is signed may not be beyond it
    const head = await store.head()
    if (head === null) return this.#stop('there is no head, not even of size 0')
    for (const size of this.#signed.keys())
      if (size > head.size)
        this.#problem(`the database ends at ${head.size}, but a head of ${size} was signed: it was rolled back`)
    await this.#checkHead(0)
    for await (const bundle of ahead(bundlesOf(head.size), AHEAD, (tile) => this.#read(tile.index, tile.width))) {
      if (!(await this.#checkBundle(bundle)))
        return this.#stop(`bundle ${bundle.index} is missing, has gaps or is malformed: nothing after it can be judged`)
      this.#parts.onProgress(this.#edge.size, head.size)
    }
    await this.#checkUnfinishedTiles(head.size)
    if (this.#facts.readable === head.size) this.#facts.checkTotals(totals)
    return head.size
  }

  async #readNotes(): Promise<void> {
    const { store } = this.#parts
    let after: TreeSize | null = null
    for (;;) {
      const page: readonly Published[] = await store.history(after, PAGE)
      for (const published of page) await this.#checkNote(published)
      after = page.at(-1)?.size ?? null
      if (page.length < PAGE) break
    }
    const newest = await store.published()
    if (newest !== null) await this.#checkNote(newest)
  }

  async #checkNote(published: Published): Promise<void> {
    this.#expect(published, 'a published checkpoint')
    await this.#try(() => checkPublished(published, this.#parts.origin, this.#parts.open))
  }

  #expect(mark: Mark, what: string): void {
    const expected = this.#signed.get(mark.size) ?? []
    this.#signed.set(mark.size, [...expected, { root: mark.root, what }])
  }

  /** Of one bundle, all that can be asked for at once. */
  async #read(index: number, width: number): Promise<ReadBundle> {
    const { store } = this.#parts
    const [hashes, read] = await Promise.all([store.tile(0, index, width), this.#readEntries(index, width)])
    const entries = read instanceof TlogError ? null : read
    const [places, facts] = await Promise.all([
      this.#findAll(entries ?? []),
      BundleFacts.read(this.#parts, entries ?? [], index * TILE_WIDTH),
    ])
    return { index, hashes, entries, places, facts, problem: read instanceof TlogError ? read : null }
  }

  /** Whatever is wrong with its entries, the check goes on over the stored leaf hashes, where there are any. */
  async #checkBundle({ index, hashes, entries, places, facts, problem }: ReadBundle): Promise<boolean> {
    if (hashes === null) return false
    if (problem !== null) this.#problem(`bundle ${index}: ${problem.message}`)
    for (let i = 0; i * 32 < hashes.length; i++) {
      const at = leafIndex(index * TILE_WIDTH + i)
      const stored = hashes.slice(32 * i, 32 * i + 32) as LeafHash
      const entry = entries?.[i]
      const hash = entry === undefined ? stored : leafHash(entry)
      if (entry !== undefined) await this.#checkEntry({ entry, hash, stored, at, place: places?.[i], facts })
      await this.#grow(hash)
    }
    return true
  }

  /** The reason where the bundle cannot be read, which is a finding. */
  async #readEntries(index: number, width: number): Promise<readonly Uint8Array[] | TlogError> {
    try {
      const bundle = await this.#parts.store.bundle(index, width)
      return bundle === null ? new TlogError('STORE_CORRUPT', 'it is missing or has gaps') : parseBundle(bundle, width)
    } catch (error) {
      if (!(error instanceof TlogError) || isUnanswered(error)) throw error
      return error
    }
  }

  /** In one question. Null when the answer to one of them is an error: then each is asked for by itself. */
  async #findAll(entries: readonly Uint8Array[]): Promise<readonly (Place | null)[] | null> {
    return await this.#parts.store.find(entries.map(leafHash)).catch(() => null)
  }

  async #checkEntry({ entry, hash, stored, at, place, facts }: CheckedEntry): Promise<void> {
    if (!equal(hash, stored)) this.#problem(`leaf ${at}: its entry does not hash to the stored leaf hash`)
    await this.#try(() => this.#checkPlace(hash, at, place), `leaf ${at}`)
    await this.#try(() => this.#facts.check(entry, at, facts), `leaf ${at}`)
  }

  async #checkPlace(hash: LeafHash, at: LeafIndex, known?: Place | null): Promise<void> {
    const place = known === undefined ? (await this.#parts.store.find([hash]))[0] : known
    if (place?.index !== at) this.#problem(`leaf ${at}: deduplication finds it at ${place?.index ?? 'no place'}`)
  }

  async #grow(hash: LeafHash): Promise<void> {
    const before = this.#edge.size
    this.#edge.append(hash)
    for (const tile of completedTiles(before, this.#edge)) {
      const stored = await this.#parts.store.tile(tile.level, tile.index, TILE_WIDTH)
      if (stored === null || !equal(stored, tile.bytes))
        this.#problem(`tile ${tile.level}/${tile.index} does not follow from the entries`)
    }
    await this.#checkHead(this.#edge.size)
    // Everything up to here was compared; what only smaller trees need may go.
    if (this.#edge.size % TILE_WIDTH === 0) this.#edge.forget(this.#edge.size)
  }

  /** The head of this size, when there is one, and whatever was signed at this size. */
  async #checkHead(size: number): Promise<void> {
    const root = size === 0 ? EMPTY_ROOT : undefined
    for (const { root: signed, what } of this.#signed.get(size) ?? [])
      if (!equal(signed, root ?? this.#edge.root()))
        this.#problem(`${what} of size ${size} has another root than the entries`)
    const head = await this.#headFrom(size)
    if (head === null) return
    if (!equal(head.root, root ?? this.#edge.root()))
      this.#problem(`the head of size ${size} has another root than the entries`)
    if (this.#lastHead !== null && head.time < this.#lastHead.time)
      this.#problem(`the head of size ${size} is older than the one before`)
    this.#lastHead = head
    this.#heads.shift()
  }

  /** The stored head of exactly this size; heads are read a page at a time. */
  async #headFrom(size: number): Promise<Head | null> {
    if (this.#heads.length === 0) this.#heads = [...(await this.#parts.store.heads(this.#lastHead?.size ?? null, PAGE))]
    const [next] = this.#heads
    return next !== undefined && next.size === size ? next : null
  }

  async #checkUnfinishedTiles(size: TreeSize): Promise<void> {
    for (const { level, index, width } of tilesOf(size)) {
      if (width === TILE_WIDTH || level === 0) continue
      const expected = this.#edge.tile(level, index, width)
      const stored = await this.#parts.store.tile(level, index, width)
      if (expected === undefined || stored === null || !equal(stored, expected))
        this.#problem(`unfinished tile ${level}/${index} does not follow from the entries`)
    }
  }

  async #try(check: () => Promise<void>, where?: string): Promise<void> {
    try {
      await check()
    } catch (error) {
      if (!(error instanceof TlogError) || isUnanswered(error)) throw error
      this.#problem(where === undefined ? error.message : `${where}: ${error.message}`)
    }
  }

  #problem(problem: string): void {
    this.#parts.onProblem(problem)
  }

  /** What follows could not be judged. */
  #stop(problem: string): TreeSize {
    this.#problem(problem)
    return treeSize(this.#edge.size)
  }
}

function* bundlesOf(size: TreeSize): Generator<{ readonly index: number; readonly width: number }> {
  for (let index = 0; index * TILE_WIDTH < size; index++)
    yield { index, width: Math.min(TILE_WIDTH, size - index * TILE_WIDTH) }
}
