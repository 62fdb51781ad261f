/** One piece of work for many callers, one at a time. */

/** Who calls while it runs shares the next run with all others who do: what a caller gets was begun after its call. */
export function shareWork<T>(work: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  let next: Promise<T> | null = null
  return () => {
    if (next !== null) return next
    const mine = last.then(() => {
      next = null
      return work()
    })
    next = mine
    last = mine.catch(() => undefined)
    return mine
  }
}
