/** All entries of a log under some lookup keys, or under all of them: an answer is whole, or refused with its size. */

import { type LeafIndex, leafIndex } from '../../kernel/brand.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Log } from '../../log/log.ts'

/** IDs in one answer, which has no pages. */
export const MAX_FOUND = 10_000
const PAGE = 1000

export interface Criteria {
  /** Each a set of lookup keys, of which an entry must be under one. */
  readonly criteria: readonly (readonly Uint8Array[])[]
  readonly operator: 'and' | 'or'
}

/**
 * Leaf hashes, in the log's order, each once.
 * @param already in the answer; together at most MAX_FOUND.
 * @throws TlogError FIELD_INVALID when there are more, with where to ask instead.
 */
export async function findAll(log: Log, query: Criteria, already: number): Promise<readonly Uint8Array[]> {
  const found = query.operator === 'and' ? await inAll(log, query.criteria) : await inAny(log, query.criteria.flat())
  if (found === null || found.length + already > MAX_FOUND)
    throw new TlogError(
      'FIELD_INVALID',
      `more than ${MAX_FOUND} entries are found, which no answer here holds: ask for less, or read the log's tiles at /logs/${log.identity.slug}/`,
    )
  return await hashesOf(log, found)
}

/** Ascending; null above the bound. */
async function inAny(log: Log, keys: readonly Uint8Array[]): Promise<readonly LeafIndex[] | null> {
  const all = new Set<LeafIndex>()
  for (const key of keys)
    for await (const index of pages(log, key)) {
      all.add(index)
      if (all.size > MAX_FOUND) return null
    }
  return [...all].sort((a, b) => a - b)
}

/** The criterion with the fewest entries leads, and each of its entries is looked up under the others. */
async function inAll(log: Log, criteria: readonly (readonly Uint8Array[])[]): Promise<readonly LeafIndex[] | null> {
  const lists = await Promise.all(criteria.map((keys) => inAny(log, keys)))
  const known = lists.filter((list) => list !== null).sort((a, b) => a.length - b.length)
  const [least] = known
  if (least === undefined) return criteria.length === 0 ? [] : null
  const found: LeafIndex[] = []
  for (const index of least) if (await isInAll(log, criteria, index)) found.push(index)
  return found
}

async function isInAll(log: Log, criteria: readonly (readonly Uint8Array[])[], index: LeafIndex): Promise<boolean> {
  const before = index === 0 ? null : leafIndex(index - 1)
  for (const keys of criteria) {
    const firsts = await Promise.all(keys.map((key) => log.lookup(key, before, 1)))
    if (!firsts.some(([first]) => first === index)) return false
  }
  return true
}

async function* pages(log: Log, key: Uint8Array): AsyncGenerator<LeafIndex> {
  let after: LeafIndex | null = null
  for (;;) {
    const page: readonly LeafIndex[] = await log.lookup(key, after, PAGE)
    yield* page
    after = page.at(-1) ?? null
    if (page.length < PAGE || after === null) return
  }
}

async function hashesOf(log: Log, indexes: readonly LeafIndex[]): Promise<readonly Uint8Array[]> {
  try {
    return await log.nodes(indexes.map((index) => ({ level: 0, index })))
  } catch (cause) {
    throw new TlogError('STORE_CORRUPT', 'the hashes of entries that were found cannot be read', { cause })
  }
}
