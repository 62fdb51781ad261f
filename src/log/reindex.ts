/** Makes the lookup rows of attachments anew, from a log's entries and its attachments alone, and compares. */

import { parseBundle } from '../formats/c2sp/bundle.ts'
import { type LeafIndex, leafIndex, type TreeSize } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import { TILE_WIDTH } from '../kernel/tile.ts'
import type { LeafFacts } from './facts.ts'
import { Derived, missingKeys } from './indexed.ts'
import type { DerivedRows, LogStore, LookupKey, LookupRow } from './ports.ts'

type Store = Pick<
  LogStore,
  'head' | 'bundle' | 'entry' | 'attachment' | 'lookup' | 'hasLookups' | 'lookups' | 'brought' | 'index'
>

export interface ReindexParts {
  readonly store: Store
  readonly facts: (leaf: Uint8Array) => LeafFacts
  /** Whether what is missing is only counted. */
  readonly isDry: boolean
  /** An entry, or an attachment, of which no rows can be made. */
  readonly onProblem: (problem: string) => void
  readonly onProgress: (done: number, total: number) => void
}

export interface Reindexed {
  readonly size: TreeSize
  /** That were missing. */
  readonly rows: number
  /** That follow from nothing. Those of content that was brought, and is not kept (withdrawn, or too large), are none of these. */
  readonly surplus: number
}

/** In one transaction, and of a page. */
const BATCH_ROWS = 4096

/** What is there stays. Interrupted, it begins anew. @throws TlogError STORE_CORRUPT, STORE_FULL */
export async function reindex(parts: ReindexParts): Promise<Reindexed> {
  const head = await parts.store.head()
  if (head === null) throw new TlogError('STORE_CORRUPT', 'there is no head, not even of size 0')
  const { size } = head
  // Before the entries: what a server adds meanwhile is more, and no surplus.
  const before = await countRows(parts.store, (index) => index < size)
  const run = new Run(parts)
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const width = Math.min(TILE_WIDTH, size - first)
    await run.bundle(first / TILE_WIDTH, width)
    parts.onProgress(first + width, size)
  }
  const { missing, present, unkept } = run
  const others = before - present
  const left = others > 0 && unkept.size > 0 ? await countRows(parts.store, (index) => unkept.has(index)) : 0
  return { size, rows: missing, surplus: Math.max(0, others - left) }
}

class Run {
  readonly #parts: ReindexParts
  readonly #derived: Derived
  #batch: DerivedRows[] = []
  #waiting = 0
  missing = 0
  present = 0
  /** Entries that brought content which is not there. */
  readonly unkept = new Set<LeafIndex>()

  constructor(parts: ReindexParts) {
    this.#parts = parts
    this.#derived = new Derived(parts)
  }

  async bundle(index: number, width: number): Promise<void> {
    const { store } = this.#parts
    const bundle = await store.bundle(index, width)
    if (bundle === null) throw new TlogError('STORE_CORRUPT', `bundle ${index} is missing`)
    for (const [i, leaf] of parseBundle(bundle, width).entries()) {
      const at = leafIndex(index * TILE_WIDTH + i)
      const keys = await this.#missingOf(leaf, at)
      this.missing += keys.length
      this.#waiting += keys.length
      if (keys.length > 0) this.#batch.push({ index: at, keys: keys.map(({ key }) => key) })
      if (this.#waiting >= BATCH_ROWS) await this.#flush()
    }
    await this.#flush()
  }

  async #flush(): Promise<void> {
    if (!this.#parts.isDry && this.#batch.length > 0) await this.#parts.store.index(this.#batch)
    this.#batch = []
    this.#waiting = 0
  }

  async #missingOf(leaf: Uint8Array, at: LeafIndex): Promise<readonly LookupKey[]> {
    const { store, facts, onProblem } = this.#parts
    const missing: LookupKey[] = []
    try {
      const read = facts(leaf)
      for (const named of read.attachments) {
        const content = await store.attachment(named.algorithm, named.digest)
        if (content === null && (await this.#derived.isBrought(at))) this.unkept.add(at)
        const rows = content === null ? [] : await this.#derived.rows(read, named, content, at)
        const lost = await missingKeys(store, at, rows)
        this.present += rows.length - lost.length
        missing.push(...lost)
      }
    } catch (error) {
      if (!(error instanceof TlogError) || error.code.startsWith('STORE_')) throw error
      onProblem(`leaf ${at}: ${error.message}`)
    }
    return missing
  }
}

/** Those of attachments, of the entries that count. */
async function countRows(store: Pick<Store, 'lookups'>, counts: (index: LeafIndex) => boolean): Promise<number> {
  let count = 0
  for (let after: LookupRow | null = null; ; ) {
    const page: readonly LookupRow[] = await store.lookups(after, BATCH_ROWS)
    for (const { source, index } of page) if (source === 'attachment' && counts(index)) count++
    const last: LookupRow | undefined = page.at(-1)
    if (last === undefined) return count
    after = last
  }
}
