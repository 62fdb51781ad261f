/** What a store keeps beside the entries of a bundle, read in a few questions for all of them. */

import { type LeafIndex, leafIndex } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import type { LeafFacts, NamedAttachment } from './facts.ts'
import { missingKeys } from './indexed.ts'
import type { LogReader, LookupKey } from './ports.ts'

export interface AheadParts {
  readonly store: Pick<LogReader, 'hasLookups' | 'firstUnder' | 'contents' | 'attachment'>
  readonly facts: (leaf: Uint8Array) => LeafFacts
}

interface Leaf {
  readonly index: LeafIndex
  /** Why it is none of the dialect's, where it is not. */
  readonly facts: LeafFacts | TlogError
  /** Of its attachments, among those of the bundle. */
  readonly firstName: number
}

interface Named {
  readonly index: LeafIndex
  readonly named: NamedAttachment
}

export interface Kept {
  readonly content: Uint8Array
  /** The first entry under the attachment's own key. Undefined: the answer was an error, ask by itself. */
  readonly first: LeafIndex | null | undefined
  /** What follows from the content, and the entry is not found under. Undefined: as above, or nothing can follow from it. */
  readonly missing: readonly LookupKey[] | undefined
}

/** A question for many that was answered by an error is asked again for each, so that the one at fault is named. */
export class BundleFacts {
  readonly #parts: AheadParts
  readonly #leaves = new Map<LeafIndex, Leaf>()
  readonly #names: Named[] = []
  #missing: ReadonlyMap<LeafIndex, number> = new Map()
  /** Of the names, from the one at `from` on: what fits into memory at once. */
  #page: { readonly from: number; readonly kept: readonly (Kept | null)[] } = { from: 0, kept: [] }
  #isSingly = false

  private constructor(parts: AheadParts) {
    this.#parts = parts
  }

  /** What follows from each entry, once, and which lookup rows are missing. */
  static async read(parts: AheadParts, entries: readonly Uint8Array[], first: number): Promise<BundleFacts> {
    const bundle = new BundleFacts(parts)
    for (const [i, entry] of entries.entries()) {
      const [index, facts] = [leafIndex(first + i), readFacts(parts.facts, entry)]
      bundle.#leaves.set(index, { index, facts, firstName: bundle.#names.length })
      if (!(facts instanceof TlogError)) for (const named of facts.attachments) bundle.#names.push({ index, named })
    }
    bundle.#missing = await bundle.#findMissing()
    return bundle
  }

  async #findMissing(): Promise<ReadonlyMap<LeafIndex, number>> {
    const rows = [...this.#leaves.values()].flatMap(({ index, facts }) =>
      facts instanceof TlogError ? [] : facts.keys.map(({ key }) => ({ index, key })),
    )
    const found = await this.#parts.store.hasLookups(rows).catch(() => null)
    if (found === null) return new Map()
    const missing = new Map([...this.#leaves.keys()].map((index) => [index, 0]))
    for (const [i, { index }] of rows.entries())
      if (found[i] === false) missing.set(index, (missing.get(index) ?? 0) + 1)
    return missing
  }

  /** What its dialect says of one entry. @throws TlogError when it is none of the dialect's. */
  facts(at: LeafIndex): LeafFacts {
    const facts = this.#leaf(at).facts
    if (facts instanceof TlogError) throw facts
    return facts
  }

  /** How many lookup rows of an entry are missing. */
  async missing(at: LeafIndex): Promise<number> {
    return this.#missing.get(at) ?? (await missingKeys(this.#parts.store, at, this.facts(at).keys)).length
  }

  /** The n-th attachment of an entry, null where its content is not kept. Ask in order: each page is read once. */
  async kept(at: LeafIndex, n: number): Promise<Kept | null> {
    const name = this.#leaf(at).firstName + n
    const { from, kept } = this.#page
    if (name < from || name >= from + kept.length) this.#page = { from: name, kept: await this.#read(name) }
    return this.#page.kept[name - this.#page.from] ?? null
  }

  async #read(from: number): Promise<readonly (Kept | null)[]> {
    const { store } = this.#parts
    const names = this.#names.slice(from)
    const contents = this.#isSingly ? null : await store.contents(names.map(({ named }) => named)).catch(() => null)
    if (contents !== null) return await this.#besides(names, contents)
    this.#isSingly = true
    const [one] = names
    if (one === undefined) return []
    return await this.#besides([one], [await store.attachment(one.named.algorithm, one.named.digest)])
  }

  async #besides(names: readonly Named[], contents: readonly (Uint8Array | null)[]): Promise<readonly (Kept | null)[]> {
    const { store } = this.#parts
    const there = contents.flatMap((content, i) => {
      const name = names[i]
      return content === null || name === undefined
        ? []
        : [{ i, content, ...name, keys: readKeys(name.named, content) }]
    })
    const rows = there.flatMap(({ index, keys }) => (keys ?? []).map(({ key }) => ({ index, key })))
    const [firsts, found] = await Promise.all([
      store.firstUnder(there.map(({ named }) => named.key)).catch(() => null),
      store.hasLookups(rows).catch(() => null),
    ])
    const kept: (Kept | null)[] = contents.map(() => null)
    let row = 0
    for (const [n, { i, content, keys }] of there.entries()) {
      const start = row
      row += keys?.length ?? 0
      const missing = found === null ? undefined : keys?.filter((_, k) => found[start + k] === false)
      kept[i] = { content, first: firsts === null ? undefined : (firsts[n] ?? null), missing }
    }
    return kept
  }

  #leaf(at: LeafIndex): Leaf {
    const leaf = this.#leaves.get(at)
    if (leaf === undefined) throw new RangeError(`entry ${at} is not of this bundle`)
    return leaf
  }
}

function readFacts(facts: AheadParts['facts'], entry: Uint8Array): LeafFacts | TlogError {
  try {
    return facts(entry)
  } catch (error) {
    if (error instanceof TlogError) return error
    throw error
  }
}

/** Null for content that no such leaf is made of: the check says so. */
function readKeys(named: NamedAttachment, content: Uint8Array): readonly LookupKey[] | null {
  try {
    return named.keysOf(content)
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}
