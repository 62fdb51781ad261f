/** Makes the lookup rows of attachments anew, from a log's entries and its attachments alone. */

import { parseBundle } from '../formats/c2sp/bundle.ts'
import { type LeafIndex, leafIndex, type TreeSize } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import { TILE_WIDTH } from '../kernel/tile.ts'
import type { LeafFacts, NamedAttachment } from './facts.ts'
import { findIndexed, missingKeys } from './indexed.ts'
import type { DerivedRows, LogStore, LookupKey } from './ports.ts'

export interface ReindexParts {
  readonly store: Pick<LogStore, 'head' | 'bundle' | 'attachment' | 'lookup' | 'hasLookups' | 'index'>
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
}

/** In one transaction. */
const BATCH_ROWS = 4096

/** What is there stays. Interrupted, it begins anew. @throws TlogError STORE_CORRUPT, STORE_FULL */
export async function reindex(parts: ReindexParts): Promise<Reindexed> {
  const { store, isDry, onProgress } = parts
  const head = await store.head()
  if (head === null) throw new TlogError('STORE_CORRUPT', 'there is no head, not even of size 0')
  let [rows, batch, waiting]: [number, DerivedRows[], number] = [0, [], 0]
  const flush = async () => {
    if (!isDry && batch.length > 0) await store.index(batch)
    ;[batch, waiting] = [[], 0]
  }
  for (let first = 0; first < head.size; first += TILE_WIDTH) {
    const width = Math.min(TILE_WIDTH, head.size - first)
    const bundle = await store.bundle(first / TILE_WIDTH, width)
    if (bundle === null) throw new TlogError('STORE_CORRUPT', `bundle ${first / TILE_WIDTH} is missing`)
    for (const [i, leaf] of parseBundle(bundle, width).entries()) {
      const index = leafIndex(first + i)
      const keys = (await missingOf(leaf, index, parts)).map(({ key }) => key)
      rows += keys.length
      waiting += keys.length
      if (keys.length > 0) batch.push({ index, keys })
      if (waiting >= BATCH_ROWS) await flush()
    }
    await flush() // before the next leaves are looked at: of shared content one is enough
    onProgress(first + width, head.size)
  }
  return { size: head.size, rows }
}

async function missingOf(leaf: Uint8Array, at: LeafIndex, parts: ReindexParts): Promise<readonly LookupKey[]> {
  const missing: LookupKey[] = []
  try {
    for (const named of parts.facts(leaf).attachments) missing.push(...(await missingFor(named, at, parts)))
  } catch (error) {
    if (!(error instanceof TlogError) || error.code === 'STORE_CORRUPT') throw error
    parts.onProblem(`leaf ${at}: ${error.message}`)
  }
  return missing
}

async function missingFor(
  named: NamedAttachment,
  at: LeafIndex,
  { store }: ReindexParts,
): Promise<readonly LookupKey[]> {
  const content = await store.attachment(named.algorithm, named.digest)
  const keys = content === null ? [] : named.keysOf(content)
  if (named.isShared && keys.length > 0 && (await findIndexed(store, named, keys)) !== null) return []
  return await missingKeys(store, at, keys)
}
