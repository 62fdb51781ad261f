/** Whether leaves are found by what their attachments say. */

import type { LeafIndex } from '../kernel/brand.ts'
import type { NamedAttachment } from './facts.ts'
import type { LogReader, LookupKey } from './ports.ts'

const PAGE = 256

type Index = Pick<LogReader, 'lookup' | 'hasLookups'>

/** Of `keys` those under which the leaf is not found. */
export async function missingKeys(
  store: Pick<Index, 'hasLookups'>,
  at: LeafIndex,
  keys: readonly LookupKey[],
): Promise<readonly LookupKey[]> {
  const found = await store.hasLookups(keys.map(({ key }) => ({ key, index: at })))
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
  for (const { key } of keys) if ((await store.hasLookups([{ key, index: at }]))[0] !== true) return false
  return true
}
