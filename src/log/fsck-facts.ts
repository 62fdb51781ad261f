/** The check of what is kept beside the tree: each entry's lookup rows and attachments, and that there are no others. */

import { parseBundle } from '../formats/c2sp/bundle.ts'
import { type LeafIndex, leafIndex } from '../kernel/brand.ts'
import { equal, hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { TILE_WIDTH } from '../kernel/tile.ts'
import type { LeafFacts, NamedAttachment } from './facts.ts'
import { Derived, missingKeys, nameOf } from './indexed.ts'
import type { ContentName, DigestAlgorithm, LogReader, LookupKey, Totals } from './ports.ts'

export interface FactsParts {
  readonly store: Pick<LogReader, 'lookup' | 'hasLookups' | 'brought' | 'attachment' | 'bundle' | 'entry' | 'withdrawn'>
  readonly facts: (leaf: Uint8Array) => LeafFacts
  /** What a leaf takes back in the log's own name, by the content that it commits to. */
  readonly withdraws: (leaf: Uint8Array, content: Uint8Array) => ContentName | null
  readonly digest: (algorithm: DigestAlgorithm, content: Uint8Array) => Uint8Array
  readonly onProblem: (problem: string) => void
}

/** How many lookup rows of an entry are missing. */
export type ReadAhead = ReadonlyMap<LeafIndex, number>

interface Checking {
  readonly at: LeafIndex
  readonly ahead: ReadAhead
  readonly problems: string[]
}

const ROW_MISSING = 'a lookup row of its attachment is missing (`colophon reindex` adds it)'

/** Attachments that are remembered, so that a crowd of entries with one is not asked about each other. */
const COUNTED = 4096

export class FactsCheck {
  readonly #parts: FactsParts
  readonly #derived: Derived
  /** How many leaves could be read, and what those account for. */
  readable = 0
  #lookups = 0
  #attachments = 0
  #withdrawals = 0
  readonly #counted = new Set<string>()

  constructor(parts: FactsParts) {
    this.#parts = parts
    this.#derived = new Derived(parts)
  }

  /**
   * What follows from the entries of a bundle, with all their rows looked up in one question. Of each that is not said here, for
   * the answer was an error, `check` asks by itself.
   */
  async readAhead(entries: readonly Uint8Array[], first: number): Promise<ReadAhead> {
    const read = entries.map((entry, i) => ({ index: leafIndex(first + i), keys: this.#keysOf(entry) }))
    const rows = read.flatMap(({ index, keys }) => keys.map(({ key }) => ({ index, key })))
    const found = await this.#parts.store.hasLookups(rows).catch(() => null)
    if (found === null) return new Map()
    const missing = new Map(read.map(({ index }) => [index, 0]))
    for (const [i, { index }] of rows.entries())
      if (found[i] === false) missing.set(index, (missing.get(index) ?? 0) + 1)
    return missing
  }

  /** None of an entry that is none of the dialect's: `check` says so. */
  #keysOf(entry: Uint8Array): readonly LookupKey[] {
    try {
      return this.#parts.facts(entry).keys
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
      return []
    }
  }

  /** What is wrong beside one entry. Several may be checked at a time. */
  async check(entry: Uint8Array, at: LeafIndex, ahead: ReadAhead): Promise<readonly string[]> {
    const problems: string[] = []
    try {
      await this.#checkFacts(entry, { at, ahead, problems })
    } catch (error) {
      if (!(error instanceof TlogError) || isUnanswered(error)) throw error
      problems.push(error.message) // it is none of the dialect's
    }
    return problems
  }

  async #checkFacts(entry: Uint8Array, { at, ahead, problems }: Checking): Promise<void> {
    const { store, digest } = this.#parts
    const facts = this.#parts.facts(entry)
    this.readable++
    this.#lookups += new Set(facts.keys.map(({ key }) => hex(key))).size
    const missing = ahead.get(at) ?? (await missingKeys(store, at, facts.keys)).length
    for (let i = 0; i < missing; i++) problems.push('a lookup row is missing')
    for (const named of facts.attachments) {
      const content = await store.attachment(named.algorithm, named.digest)
      if (content === null) continue
      if (await this.#isFirstToName(named, at)) this.#attachments++
      if (!equal(digest(named.algorithm, content), named.digest))
        problems.push('its attachment does not hash to the digest it is kept under')
      else {
        const rows = await this.#derived.rows(facts, named, content, at)
        for (const _ of await missingKeys(store, at, rows)) problems.push(ROW_MISSING)
      }
      await this.#checkWithdrawal(entry, content, { at, problems })
    }
  }

  /** That what it takes back is known to be gone; the database itself keeps it from coming back. */
  async #checkWithdrawal(entry: Uint8Array, content: Uint8Array, { at, problems }: Omit<Checking, 'ahead'>) {
    const { store, withdraws } = this.#parts
    const name = withdraws(entry, content)
    if (name === null) return
    const place = await store.withdrawn(name)
    if (place?.index === at) this.#withdrawals++
    else if (place === null || place.index > at)
      // an earlier one said it first
      problems.push(`what it withdraws, ${name.algorithm}:${hex(name.digest)}, is not known to be withdrawn`)
  }

  /** Several entries may name one attachment, and others be found by its digest that do not: all before `at` are asked. */
  async #isFirstToName(named: NamedAttachment, at: LeafIndex): Promise<boolean> {
    const name = nameOf(named)
    if (this.#counted.has(name)) return false
    for (let after: LeafIndex | null = null; ; ) {
      const [before]: readonly LeafIndex[] = await this.#parts.store.lookup(named.key, after, 1)
      if (before === undefined || before >= at || before <= (after ?? -1)) break
      if (await this.#names(before, name)) return false
      after = before
    }
    if (this.#counted.size >= COUNTED) this.#counted.clear()
    this.#counted.add(name)
    return true
  }

  /** False as well for an entry that cannot be read, which was reported. */
  async #names(at: LeafIndex, name: string): Promise<boolean> {
    const bundle = Math.floor(at / TILE_WIDTH)
    const width = (at % TILE_WIDTH) + 1 // more of it need not be there
    try {
      const bytes = await this.#parts.store.bundle(bundle, width)
      const entry = bytes === null ? undefined : parseBundle(bytes, width)[at % TILE_WIDTH]
      const named = entry === undefined ? [] : this.#parts.facts(entry).attachments
      return named.some((one) => nameOf(one) === name)
    } catch (error) {
      if (!(error instanceof TlogError) || isUnanswered(error)) throw error
      return false
    }
  }

  /** Call it once all entries were checked, and could be. */
  checkTotals({ lookups, attachments, withdrawals }: Totals): void {
    if (lookups > this.#lookups)
      this.#parts.onProblem(`${lookups - this.#lookups} lookup rows lead to entries that do not have their key`)
    if (attachments > this.#attachments)
      this.#parts.onProblem(`${attachments - this.#attachments} attachments are kept that no entry names`)
    if (withdrawals > this.#withdrawals)
      this.#parts.onProblem(`${withdrawals - this.#withdrawals} withdrawals of which no entry says so`)
  }
}

/** No finding about the log: who would answer is away, or nobody has said where it is. The check cannot go on. */
export function isUnanswered({ code }: TlogError): boolean {
  return code === 'STORE_UNAVAILABLE' || code === 'CONFIG_INVALID'
}
