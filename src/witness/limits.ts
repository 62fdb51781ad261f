/** How often a witness cosigns for one log: each cosigning costs an fsync and two signatures. */

import { TlogError } from '../kernel/error.ts'
import type { Clock } from '../log/ports.ts'
import type { WitnessWatch } from './steps.ts'

export interface Rate {
  /** Cosignings on average, above 0. */
  readonly perDay: number
  /** At once, after a pause; at least 1. */
  readonly burst: number
}

const DAY_MS = 86_400_000

/**
 * Anybody can send a log's newest checkpoint again, which is public. So what makes a log's tree grow, and only its own key
 * can ask for, has a bucket of its own, which the repeats do not empty.
 */
export class CosignLimits {
  readonly #buckets = new Map<string, { left: number; at: number }>()
  readonly #now: Clock['now']

  readonly #limited: WitnessWatch['limited']

  constructor(now: Clock['now'], limited: WitnessWatch['limited']) {
    this.#now = now
    this.#limited = limited
  }

  /** @throws TlogError LOG_BUSY when the log has used up what it has. */
  take(origin: string, kind: 'growth' | 'refresh', { perDay, burst }: Rate): void {
    const now = this.#now()
    const key = `${kind} ${origin}`
    const { left, at } = this.#buckets.get(key) ?? { left: burst, at: now }
    // A clock that was set back gives nothing, and takes nothing.
    const filled = Math.min(burst, left + (Math.max(0, now - at) * perDay) / DAY_MS)
    if (filled < 1) {
      this.#buckets.set(key, { left: filled, at: now })
      this.#limited(origin, kind)
      throw new TlogError('LOG_BUSY', `${origin} asks more often than ${perDay} times a day; try again later`)
    }
    this.#buckets.set(key, { left: filled - 1, at: now })
  }
}
