/**
 * Where to ask next: first where words that count lead, then where strangers do, and of that no more than so much. A statement may
 * name thousands of artifacts, each of which is a request, and anybody may log it.
 */

import type { CustodyStop } from '../../client/custody.ts'
import type { OpenedStatement } from './collect.ts'

/** Requests for artifacts to which strangers alone lead, and how many of these are remembered. */
const MAX_ASIDE = { asked: 1024, kept: 16_384 } as const

export class Routes {
  readonly #queue: CustodyStop[] = []
  #aside: CustodyStop[] = []
  #asked = 0
  #dropped = 0
  /** The most of the depth that is left at a place, so that it is asked for again where there is more. */
  readonly #seen = new Map<string, number>()
  readonly #counting = new Set<string>()
  readonly #learnt = new Set<OpenedStatement>()

  /** Those of `aside` that are left over. */
  get unasked(): number {
    return this.#aside.length + this.#dropped
  }

  /** How many are known, and whether one is, from its first entry on. */
  get size(): number {
    return this.#seen.size
  }

  has(artifact: string): boolean {
    return this.#seen.has(`${artifact} null`)
  }

  /** With what was asked for. */
  begin(stop: CustodyStop): void {
    this.#counting.add(stop.artifact)
    this.add(stop)
  }

  /** Whether words that count lead there, or it was asked for. */
  counts(artifact: string): boolean {
    return this.#counting.has(artifact)
  }

  add(stop: CustodyStop): void {
    const name = `${stop.artifact} ${stop.after}`
    if ((this.#seen.get(name) ?? 0) >= stop.depth) return
    if (this.#counting.has(stop.artifact)) this.#queue.push(stop)
    else if (this.#aside.length < MAX_ASIDE.kept) this.#aside.push(stop)
    else {
      this.#dropped++
      return
    }
    this.#seen.set(name, stop.depth)
  }

  /** What statements name whose word counts. */
  learn(counted: ReadonlySet<OpenedStatement>): void {
    const fresh = [...counted].filter((one) => !this.#learnt.has(one))
    if (fresh.length === 0) return
    for (const one of fresh) {
      this.#learnt.add(one)
      const { subjects, parts, dependencies } = one.statement
      for (const { digests } of [...subjects, ...parts, ...dependencies])
        for (const digest of digests) this.#counting.add(digest)
    }
    this.#queue.push(...this.#aside.filter(({ artifact }) => this.#counting.has(artifact)))
    this.#aside = this.#aside.filter(({ artifact }) => !this.#counting.has(artifact))
  }

  next(): CustodyStop | undefined {
    const stop = this.#queue.shift()
    if (stop !== undefined || this.#aside.length === 0 || this.#asked >= MAX_ASIDE.asked) return stop
    this.#asked++
    return this.#aside.shift()
  }
}
