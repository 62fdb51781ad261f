/**
 * How a publisher's rounds overlap. While witnesses look at one head, the next sets out half a round later: an entry waits for
 * a round and a half at most, not for two.
 */

import type { Clock } from './ports.ts'

/** Rounds of less than twice this do not overlap: a witness near by need not be asked for two heads at a time. */
const APART_MS = 25

export class Rounds {
  readonly #clock: Clock
  readonly #underWay = new Set<Promise<void>>()
  /** How long the last one took, in milliseconds. */
  #took = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get underWay(): number {
    return this.#underWay.size
  }

  /**
   * Begins a round. Resolves when the next may begin: `atOnce` of them are under way at most.
   * @param round must not throw
   */
  async begin(round: () => Promise<void>, atOnce: number): Promise<void> {
    const began = this.#clock.now()
    const ended = round().then(() => {
      this.#took = this.#clock.now() - began
      this.#underWay.delete(ended)
    })
    this.#underWay.add(ended)
    if (atOnce > 1) await this.#halfWay(ended)
    while (this.#underWay.size >= atOnce) await this.ended()
  }

  /** One of those under way has ended. */
  async ended(): Promise<void> {
    await Promise.race(this.#underWay)
  }

  async #halfWay(ended: Promise<void>): Promise<void> {
    const half = Promise.withResolvers<void>()
    const cancel = this.#clock.after(Math.max(APART_MS, this.#took / 2), half.resolve)
    await Promise.race([ended, half.promise])
    cancel()
  }
}
