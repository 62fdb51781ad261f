/** Writes under way at once, bounded. */

export class InFlight {
  readonly #most: number
  readonly #running = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | null = null

  constructor(most: number) {
    this.#most = most
  }

  /** Returns once there is room for the next; its failure is heard of then, or when all settle. */
  async start(write: () => Promise<void>): Promise<void> {
    this.#check()
    while (this.#running.size >= this.#most) await Promise.race(this.#running)
    const running = write()
      .catch((error) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Returns when none is under way any more. @throws what the first one did that failed since the last time */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
    this.#check()
  }

  /** What was written of the others is unknown: the next run compares. */
  #check(): void {
    const failed = this.#failure
    this.#failure = null
    if (failed !== null) throw failed.error
  }
}
