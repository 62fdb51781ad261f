/** Whether leaves are found by what their attachments say. */

import { type LeafIndex, leafIndex } from '../kernel/brand.ts'
import type { NamedAttachment } from './facts.ts'
import type { LogReader, LookupKey } from './ports.ts'

const PAGE = 256

type Index = Pick<LogReader, 'lookup'>

/** Of `keys` those under which the leaf is not found. */
export async function missingKeys(
  store: Index,
  at: LeafIndex,
  keys: readonly LookupKey[],
): Promise<readonly LookupKey[]> {
  const found = await Promise.all(keys.map((one) => isUnder(store, at, one))) // side by side: a database may be far away
  return keys.filter((_, i) => found[i] === false)
}

/** A leaf that is found under all of `keys`, among those under the attachment's own; null when there is none. */
export async function findIndexed(
  store: Index,
  { key }: Pick<NamedAttachment, 'key'>,
  keys: readonly LookupKey[],
): Promise<LeafIndex | null> {
  for (let after: LeafIndex | null = null; ; ) {
    const page: readonly LeafIndex[] = await store.lookup(key, after, PAGE)
    for (const at of page) if (await isUnderAll(store, at, keys)) return at
    after = page.at(-1) ?? null
    if (page.length < PAGE) return null
  }
}

/** Stops at the first that is missing: anybody may log the digest of another's statement, ten thousand times. */
async function isUnderAll(store: Index, at: LeafIndex, keys: readonly LookupKey[]): Promise<boolean> {
  for (const one of keys) if (!(await isUnder(store, at, one))) return false
  return true
}

async function isUnder(store: Index, at: LeafIndex, { key }: LookupKey): Promise<boolean> {
  const [found] = await store.lookup(key, at === 0 ? null : leafIndex(at - 1), 1)
  return found === at
}
