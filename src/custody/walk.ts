/**
 * The graph of statements, a page of it: from an artifact over what it was made from, or over what was made from it. Breadth
 * first, each statement and each artifact once, so that a cycle ends; bounded in statements, bytes and artifacts, so that a
 * page costs the same whoever logged what. Where it stops it says from where to go on: nothing is kept between pages.
 */

import type { CustodyArtifact, CustodyStatement } from '../formats/lineage/statement.ts'
import { statementAboutKey, statementFromKey } from '../formats/lookup-key.ts'
import type { LeafIndex } from '../kernel/brand.ts'
import type { Log } from '../log/log.ts'
import { type KeptStatement, readLeaf, readStatement } from './kept.ts'

/** `up`: from what it was made. `down`: what was made from it. */
export type Direction = 'up' | 'down'

export interface Place {
  readonly log: Log
  readonly index: LeafIndex
}

/** An artifact that is to be looked up. */
export interface Stop {
  /** `algorithm:hex` */
  readonly artifact: string
  /** Of the statements that are found there: 1 for those about the artifact that was asked for. */
  readonly depth: number
  /** What comes after it, in the order of the logs and then of their entries; null: from the first. */
  readonly after: Place | null
}

export interface Found extends Place {
  readonly leaf: Uint8Array
  /** By which it was found. */
  readonly artifact: string
  readonly depth: number
  /** Whether it speaks of the artifact, or of what was made from it. */
  readonly as: 'subject' | 'dependency'
  /** Null: indexed once, and not kept any more. */
  readonly kept: KeptStatement | null
}

export interface Walked {
  readonly found: readonly Found[]
  /** Where to go on; empty: it is complete, up to the depth. */
  readonly rest: readonly Stop[]
}

export interface WalkOptions {
  readonly logs: readonly Log[]
  readonly direction: Direction
  /** Statements further away are not looked for. */
  readonly maxDepth: number
  /** Statements of a page. */
  readonly limit: number
  /** Lets others have their turn: a read of the store is synchronous. */
  readonly turn: () => Promise<void>
}

/**
 * After so much a page ends, with the statement that passed it. In bytes of content, in artifacts that statements list, and in
 * those to be looked up. An answer has twice the content at most, and 100 bytes for each that is listed: below the 4 MiB that
 * clients read.
 */
const PAGE = { bytes: 2 ** 19, listed: 2048, artifacts: 1024 } as const
const ROWS = 64

/** @throws TlogError STORE_CORRUPT */
export async function walk(start: Stop, options: WalkOptions): Promise<Walked> {
  return await new Walk(options).from(start)
}

class Walk {
  readonly #options: WalkOptions
  readonly #found: Found[] = []
  readonly #seen = new Map<string, Found>()
  readonly #queued = new Set<string>()
  readonly #queue: Stop[] = []
  #bytes = 0
  #listed = 0

  constructor(options: WalkOptions) {
    this.#options = options
  }

  async from(start: Stop): Promise<Walked> {
    this.#enqueue(start)
    for (let stop = this.#queue.shift(), visits = 1; stop !== undefined; stop = this.#queue.shift(), visits++) {
      if (visits % ROWS === 0) await this.#options.turn() // a statement may name thousands of which nobody speaks
      const rest = await this.#visit(stop)
      if (rest !== null) return { found: this.#found, rest: [rest, ...(await this.#spoken())] }
    }
    return { found: this.#found, rest: [] }
  }

  /** Of what waits, that of which somebody speaks: nobody shall ask a thousand times for nothing. */
  async #spoken(): Promise<Stop[]> {
    const spoken: Stop[] = []
    for (const [i, stop] of this.#queue.entries()) {
      if (i % ROWS === 0) await this.#options.turn()
      const { done } = await this.#places(stop).next()
      if (done !== true) spoken.push(stop)
    }
    return spoken
  }

  /** Returns from where to go on when the page is full. */
  async #visit(stop: Stop): Promise<Stop | null> {
    let last = stop.after
    for await (const place of this.#places(stop)) {
      if (this.#isFull()) return { ...stop, after: last }
      last = place
      const name = `${place.log.identity.slug}:${place.index}`
      let found = this.#seen.get(name)
      if (found === undefined) {
        await this.#options.turn()
        found = await this.#read(place, stop)
        this.#seen.set(name, found)
        this.#found.push(found)
      }
      this.#goOn(found, stop)
    }
    return null
  }

  #isFull(): boolean {
    const { limit } = this.#options
    const isLarge = this.#bytes >= PAGE.bytes || this.#listed >= PAGE.listed
    return isLarge || this.#found.length >= limit || this.#queue.length >= PAGE.artifacts
  }

  /** Each entry once, in order: that is about the artifact or, on the way down, about what was made from it. */
  async *#places({ artifact, after }: Stop): AsyncGenerator<Place> {
    const { logs, direction } = this.#options
    const keys = [statementAboutKey(artifact), ...(direction === 'down' ? [statementFromKey(artifact)] : [])]
    const start = after === null ? 0 : logs.indexOf(after.log)
    for (const log of logs.slice(start)) {
      const from = log === after?.log ? after.index : null
      for await (const index of merged(log, keys, from)) yield { log, index }
    }
  }

  async #read(place: Place, { artifact, depth }: Stop): Promise<Found> {
    const leaf = await readLeaf(place.log, place.index)
    const kept = await readStatement(place.log, leaf)
    this.#bytes += leaf.length + (kept?.contentLength ?? 0)
    this.#listed += (kept?.statement.subjects.length ?? 0) + (kept?.statement.dependencies.length ?? 0)
    const isAbout = kept === null || speaksOf(kept.statement, artifact)
    return { ...place, leaf, artifact, depth, as: isAbout ? 'subject' : 'dependency', kept }
  }

  /** From a statement that was found before too: another artifact may lead further. */
  #goOn({ kept }: Found, { artifact, depth }: Stop): void {
    if (kept === null) return
    for (const { digests, step } of nextOf(kept.statement, artifact, this.#options.direction))
      for (const digest of digests) this.#enqueue({ artifact: digest, depth: depth + step, after: null })
  }

  #enqueue(stop: Stop): void {
    if (stop.depth > this.#options.maxDepth || this.#queued.has(stop.artifact)) return
    this.#queued.add(stop.artifact)
    this.#queue.push(stop)
  }
}

/** Entries under any of the keys, ascending, each once. */
async function* merged(log: Log, keys: readonly Uint8Array[], after: LeafIndex | null): AsyncGenerator<LeafIndex> {
  for (let last = after; ; ) {
    const pages = await Promise.all(keys.map((key) => log.lookup(key, last, ROWS)))
    const isWhole = pages.every((page) => page.length < ROWS)
    // Of a page that is cut nothing is known beyond its end.
    const known = Math.min(...pages.map((page) => (page.length < ROWS ? Number.POSITIVE_INFINITY : (page.at(-1) ?? 0))))
    const indexes = [...new Set(pages.flat())].filter((index) => index <= known).sort((a, b) => a - b)
    yield* indexes
    last = indexes.at(-1) ?? last
    if (isWhole) return
  }
}

function speaksOf({ subjects, parts }: CustodyStatement, artifact: string): boolean {
  return [...subjects, ...parts].some(({ digests }) => digests.includes(artifact))
}

interface Next extends Pick<CustodyArtifact, 'digests'> {
  /** 0 where it is the same artifact under another digest, or what it is a part of. */
  readonly step: 0 | 1
}

/**
 * Where a statement leads. Up: to the dependencies; and beside the artifact to what it is also known as, and what it is in.
 * Down: to the subjects. Those made in one step with the artifact count there as the artifact itself: what is wrong with one
 * file of a model is wrong with the model.
 */
export function nextOf(statement: CustodyStatement, artifact: string, direction: Direction): Next[] {
  const { subjects, dependencies } = statement
  const isAbout = speaksOf(statement, artifact)
  if (direction === 'down') return subjects.map(({ digests }) => ({ digests, step: isAbout ? 0 : 1 }))
  if (!isAbout) return []
  const same = subjects.filter(({ digests }) => digests.includes(artifact))
  const beside = same.length > 0 ? same : subjects
  return [
    ...beside.map(({ digests }) => ({ digests, step: 0 as const })),
    ...(same.length > 0 ? dependencies.map(({ digests }) => ({ digests, step: 1 as const })) : []),
  ]
}
