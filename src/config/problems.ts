/** Collects what is wrong with a configuration, so that the user hears of all of it at once. */

import { TlogError } from '../kernel/error.ts'

export class Problems {
  readonly #found: string[] = []

  /** The value of `parse`, or `instead` and a problem noted under `place`. */
  take<T>(place: string, instead: T, parse: () => T): T {
    try {
      return parse()
    } catch (error) {
      this.note(place, (error as Error).message)
      return instead
    }
  }

  /** @param place the flag, variable or key of the file that said it; `why` never holds a secret. */
  note(place: string, why: string): void {
    this.#found.push(place === '' ? why : `${place}: ${why}`)
  }

  /** @throws TlogError CONFIG_INVALID with all of them, a line each. */
  check(): void {
    if (this.#found.length > 0) throw new TlogError('CONFIG_INVALID', this.#found.join('\n'))
  }
}
