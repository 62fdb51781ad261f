/** The check of what is kept beside the tree: each entry's lookup rows and attachments, and that there are no others. */

import { parseBundle } from '../formats/c2sp/bundle.ts'
import type { LeafIndex } from '../kernel/brand.ts'
import { equal, hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { TILE_WIDTH } from '../kernel/tile.ts'
import type { LeafFacts, NamedAttachment } from './facts.ts'
import type { AheadParts, BundleFacts, Kept } from './fsck-ahead.ts'
import { Derived, missingKeys, nameOf } from './indexed.ts'
import type { ContentName, DigestAlgorithm, LogReader, Totals } from './ports.ts'

export interface FactsParts extends AheadParts {
  readonly store: AheadParts['store'] & Pick<LogReader, 'lookup' | 'brought' | 'bundle' | 'entry' | 'withdrawn'>
  /** What a leaf takes back in the log's own name, by the content that it commits to. */
  readonly withdraws: (leaf: Uint8Array, content: Uint8Array, known: LeafFacts) => ContentName | null
  readonly digest: (algorithm: DigestAlgorithm, content: Uint8Array) => Uint8Array
  readonly onProblem: (problem: string) => void
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

  /** What its dialect says of one entry. @throws TlogError when it is none of the dialect's. */
  async check(entry: Uint8Array, at: LeafIndex, bundle: BundleFacts): Promise<void> {
    const { digest, withdraws, onProblem } = this.#parts
    const facts = bundle.facts(at)
    this.readable++
    this.#lookups += new Set(facts.keys.map(({ key }) => hex(key))).size
    const missing = await bundle.missing(at)
    for (let i = 0; i < missing; i++) onProblem(`leaf ${at}: a lookup row is missing`)
    for (const [n, named] of facts.attachments.entries()) {
      const kept = await bundle.kept(at, n)
      if (kept === null) continue
      if (await this.#isFirstToName(named, at, kept.first)) this.#attachments++
      if (!equal(digest(named.algorithm, kept.content), named.digest))
        onProblem(`leaf ${at}: its attachment does not hash to the digest it is kept under`)
      else await this.#checkRows(facts, named, at, kept)
      await this.#checkWithdrawal(withdraws(entry, kept.content, facts), at)
    }
  }

  /** That what it takes back is known to be gone; the database itself keeps it from coming back. */
  async #checkWithdrawal(name: ContentName | null, at: LeafIndex): Promise<void> {
    const { store, onProblem } = this.#parts
    if (name === null) return
    const place = await store.withdrawn(name)
    if (place?.index === at) this.#withdrawals++
    else if (place === null || place.index > at)
      // an earlier one said it first
      onProblem(`leaf ${at}: what it withdraws, ${name.algorithm}:${hex(name.digest)}, is not known to be withdrawn`)
  }

  /** Several entries may name one attachment, and others be found by its digest that do not: all before `at` are asked. */
  async #isFirstToName(named: NamedAttachment, at: LeafIndex, first: Kept['first']): Promise<boolean> {
    const name = nameOf(named)
    if (this.#counted.has(name)) return false
    for (let after: LeafIndex | null = null; ; ) {
      if (after === null && first !== undefined && (first === null || first >= at)) break
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
      return named.some(({ algorithm, digest }) => `${algorithm}:${hex(digest)}` === name)
    } catch (error) {
      if (!(error instanceof TlogError) || isUnanswered(error)) throw error
      return false
    }
  }

  /** Of an entry that only carries a digest nothing follows, whatever is missing of what the content says. */
  async #checkRows(facts: LeafFacts, named: NamedAttachment, at: LeafIndex, { content, missing }: Kept): Promise<void> {
    if (missing?.length === 0) return
    const rows = await this.#derived.rows(facts, named, content, at)
    for (const _ of await missingKeys(this.#parts.store, at, rows)) this.#parts.onProblem(`leaf ${at}: ${ROW_MISSING}`)
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
