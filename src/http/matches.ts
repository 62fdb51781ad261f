/**
 * Entries of a log by several lookup keys at once: their sorted lists are walked side by side, so that memory is a page a
 * key, however many entries there are.
 */

import type { Criteria } from '../formats/entry-query.ts'
import { type LeafIndex, leafIndex, type TreeSize } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import type { Log } from '../log/log.ts'
import { turn } from './turn.ts'

export interface Span {
  readonly after: LeafIndex | null
  /** Entries above are left out: what is published in the meantime does not change an answer. */
  readonly size: TreeSize
  readonly limit: number
}

export interface Page {
  /** Ascending, each once; fewer than `limit`, or none, where much had to be read for them. */
  readonly found: readonly LeafIndex[]
  /** Up to here it was searched; null: to the end. */
  readonly searched: LeafIndex | null
}

/** Rows that are read at once: a fraction of a millisecond. */
const ROWS = 1000
/** Reads for one page, which two long lists without a common entry would need many of. */
const MAX_READS = 64

export async function findPage(log: Log, query: Criteria, { after, size, limit }: Span): Promise<Page> {
  const walk = new Walk(log, query)
  const found: LeafIndex[] = []
  const start = after === null ? 0 : after + 1
  for (let from = start; ; ) {
    const next = await walk.next(from, start)
    if (next === null || next.at >= size) return { found, searched: null }
    if (!next.isMatch || found.length === limit) return { found, searched: leafIndex(next.at - 1) }
    found.push(leafIndex(next.at))
    from = next.at + 1
  }
}

/** How many there are. */
export async function countMatches(log: Log, query: Criteria, size: TreeSize): Promise<number> {
  let count = 0
  let after: LeafIndex | null = null
  do {
    const { found, searched }: Page = await findPage(log, query, { after, size, limit: ROWS * MAX_READS })
    count += found.length
    after = searched
  } while (after !== null)
  return count
}

/** Reads one after the other that cost as many rows as there are entries, for who asks for one pays nothing. */
export class LongReads {
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  /** @throws TlogError LOG_BUSY when too many wait */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting === MAX_LONG)
      throw new TlogError('LOG_BUSY', `${MAX_LONG} counts and long searches are under way`)
    this.#waiting++
    const mine = this.#last.then(work, work)
    this.#last = mine
    try {
      return await mine
    } finally {
      this.#waiting--
    }
  }
}

const MAX_LONG = 8

interface Place {
  readonly at: number
  /** Otherwise it was read up to here, and enough. */
  readonly isMatch: boolean
}

class Walk {
  readonly #criteria: readonly (readonly List[])[]
  readonly #lists: readonly List[]

  constructor(log: Log, { criteria, operator }: Criteria) {
    const sets = operator === 'and' ? criteria : [criteria.flat()]
    this.#criteria = sets.map((keys) => keys.map((key) => new List(log, key)))
    this.#lists = this.#criteria.flat()
  }

  /** The first match at `from` or above, or how far it was read once that was much and leads beyond `start`; null at the end. */
  async next(from: number, start: number): Promise<Place | null> {
    if (this.#criteria.length === 0) return null
    for (let at = from; ; ) {
      if (at > start && this.#reads() >= MAX_READS) return { at, isMatch: false }
      const behind = at
      for (const lists of this.#criteria) {
        const first = await firstOf(lists, at)
        if (first === null) return null
        at = first
      }
      if (at === behind) return { at, isMatch: true }
    }
  }

  #reads(): number {
    return this.#lists.reduce((sum, { reads }) => sum + reads, 0)
  }
}

async function firstOf(lists: readonly List[], from: number): Promise<number | null> {
  let least: number | null = null
  for (const list of lists) {
    const first = await list.first(from)
    if (first !== null && (least === null || first < least)) least = first
  }
  return least
}

/** The entries under one key, read forwards. */
class List {
  reads = 0
  readonly #log: Log
  readonly #key: Uint8Array
  #page: readonly LeafIndex[] = []
  #at = 0
  #isLast = false

  constructor(log: Log, key: Uint8Array) {
    this.#log = log
    this.#key = key
  }

  /** The first entry at `from`, which never goes back, or above. */
  async first(from: number): Promise<number | null> {
    for (;;) {
      for (let index = this.#page[this.#at]; index !== undefined; index = this.#page[++this.#at])
        if (index >= from) return index
      if (this.#isLast) return null
      await this.#read(from)
    }
  }

  async #read(from: number): Promise<void> {
    await turn()
    this.#page = await this.#log.lookup(this.#key, from === 0 ? null : leafIndex(from - 1), ROWS)
    this.#at = 0
    this.#isLast = this.#page.length < ROWS
    this.reads++
  }
}
