/** Which lookup rows an entry has from what is kept beside the tree: the same answer for who checks them and who makes them anew. */

import { type LeafIndex, leafIndex } from '../kernel/brand.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { TILE_WIDTH } from '../kernel/tile.ts'
import type { LeafFacts, NamedAttachment } from './facts.ts'
import type { ContentName, LogReader, LookupKey } from './ports.ts'

const PAGE = 256
/** Contents that are remembered, so that a crowd of entries over one is not asked about each other. */
const REMEMBERED = 4096

interface DerivedParts {
  readonly store: Pick<LogReader, 'lookup' | 'brought' | 'entry'>
  readonly facts: (leaf: Uint8Array) => LeafFacts
}

/** Of `keys` those under which the leaf is not found. */
export async function missingKeys(
  store: Pick<LogReader, 'hasLookups'>,
  at: LeafIndex,
  keys: readonly LookupKey[],
): Promise<readonly LookupKey[]> {
  const found = await store.hasLookups(keys.map(({ key }) => ({ key, index: at })))
  return keys.filter((_, i) => found[i] === false)
}

/**
 * Admission gives rows to the entry that brings the content: whoever logs the digest of another's statement, ten thousand times, adds
 * no rows. The store remembers which entries brought theirs; of content that none brought, as an older version left it, the
 * first entry that commits to it has the rows.
 */
export class Derived {
  readonly #parts: DerivedParts
  readonly #heirs = new Map<string, LeafIndex | null>()
  #bundle = -1
  #brought: ReadonlySet<LeafIndex> = new Set()

  constructor(parts: DerivedParts) {
    this.#parts = parts
  }

  /** Beside those of the leaf itself, each once. Throws as `named.keysOf` does. */
  async rows(
    { keys }: Pick<LeafFacts, 'keys'>,
    named: NamedAttachment,
    content: Uint8Array,
    at: LeafIndex,
  ): Promise<readonly LookupKey[]> {
    const seen = new Set(keys.map(({ key }) => hex(key)))
    const derived = named.keysOf(content).filter(({ key }) => seen.size < seen.add(hex(key)).size)
    if (derived.length === 0) return []
    return (await this.isBrought(at)) || (await this.#heirOf(named)) === at ? derived : []
  }

  /** A bundle at a time: entries are gone through in order. */
  async isBrought(at: LeafIndex): Promise<boolean> {
    const bundle = Math.floor(at / TILE_WIDTH)
    if (bundle !== this.#bundle) {
      this.#brought = new Set(await this.#parts.store.brought(leafIndex(bundle * TILE_WIDTH), TILE_WIDTH))
      this.#bundle = bundle
    }
    return this.#brought.has(at)
  }

  /** Null: an entry brought it. */
  async #heirOf(named: NamedAttachment): Promise<LeafIndex | null> {
    const name = nameOf(named)
    const known = this.#heirs.get(name)
    if (known !== undefined) return known
    const heir = await this.#findHeir(named, name)
    if (this.#heirs.size >= REMEMBERED) this.#heirs.clear()
    this.#heirs.set(name, heir)
    return heir
  }

  async #findHeir({ key }: NamedAttachment, name: string): Promise<LeafIndex | null> {
    const { store } = this.#parts
    let first: LeafIndex | null = null
    for (let after: LeafIndex | null = null; ; ) {
      const page: readonly LeafIndex[] = await store.lookup(key, after, PAGE)
      for (const at of page) {
        const isBrought = (await store.brought(at, 1)).length > 0
        if ((first !== null && !isBrought) || !(await this.#names(at, name))) continue
        if (isBrought) return null
        first = at
      }
      after = page.at(-1) ?? null
      if (page.length < PAGE) return first
    }
  }

  /** False as well for an entry that cannot be read, of which its own check tells. */
  async #names(at: LeafIndex, name: string): Promise<boolean> {
    const leaf = await this.#parts.store.entry(at)
    try {
      return leaf !== null && this.#parts.facts(leaf).attachments.some((one) => nameOf(one) === name)
    } catch (error) {
      if (error instanceof TlogError) return false
      throw error
    }
  }
}

export function nameOf({ algorithm, digest }: ContentName): string {
  return `${algorithm}:${hex(digest)}`
}
