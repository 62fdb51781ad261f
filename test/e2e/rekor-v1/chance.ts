/** Choices made of one seed. */

import type { Random } from '../../fault/load.ts'

export class Chance {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256))
  }
}
