/** Where many speak of one artifact: named signers are asked for by themselves, and on strangers no more than so much is spent. */

import type { Ask } from '../../client/ask.ts'
import { hitsOf } from '../../client/search.ts'
import type { TrustedSigner } from '../../verify/trust.ts'
import { queryBy } from './other-signers.ts'

/** On statements by strangers, and on further pages of a crowd. */
const MAX_SPENT = { requests: 1024, ms: 30_000 } as const
/** Of one named signer about one artifact. */
const MAX_HITS = 4096

/** Anybody may log a million statements about an artifact, each of which is requests. */
export class Spent {
  readonly #ask: Ask
  readonly #now: () => number
  #asked = 0
  #isCharging = false
  #requests = 0
  #ms = 0

  constructor(ask: Ask, now: () => number) {
    this.#ask = ask
    this.#now = now
  }

  readonly ask: Ask = (question) => {
    this.#asked++
    return this.#ask(question)
  }

  get isAll(): boolean {
    return this.#requests >= MAX_SPENT.requests || this.#ms >= MAX_SPENT.ms
  }

  /** What `run` cost, when it was for strangers. What it runs inside of itself counts once. */
  async charge<T>(run: () => Promise<T>, isStrangers: (outcome: T) => boolean): Promise<T> {
    if (this.#isCharging) return await run()
    const [asked, since] = [this.#asked, this.#now()]
    this.#isCharging = true
    try {
      const outcome = await run()
      if (isStrangers(outcome)) {
        this.#requests += this.#asked - asked
        this.#ms += this.#now() - since
      }
      return outcome
    } finally {
      this.#isCharging = false
    }
  }
}

export interface NamedQuery {
  readonly ask: Ask
  readonly url: string
  readonly signers: readonly TrustedSigner[]
}

/** Places of entries that are found by the artifact and by a named signer. @throws TlogError SERVICE_REFUSED, SERVICE_UNREACHABLE */
export async function* placesByNamed(artifact: string, { ask, url, signers }: NamedQuery): AsyncGenerator<string> {
  for (const signer of signers) {
    let count = 0
    for await (const { place } of hitsOf(ask, url, queryBy(artifact, signer), MAX_HITS)) {
      if (++count > MAX_HITS) break
      yield place
    }
  }
}
