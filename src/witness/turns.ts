/** One after the other for each key; different keys do not wait for each other. */

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Starts `work` once all that came before under `key` have settled, however they did. */
  take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#last.get(key) ?? Promise.resolve()).then(work, work)
    this.#last.set(key, mine)
    const leave = () => {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    }
    mine.then(leave, leave)
    return mine
  }
}
