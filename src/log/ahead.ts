/** Reads that are under way while the one before is being used. */

/** What `make` gives for each item, in order, with up to `count` of them begun and not yet taken. */
export async function* ahead<T, R>(
  items: Iterable<T>,
  count: number,
  make: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const begun: Promise<R>[] = []
  try {
    for (const item of items) {
      const next = make(item)
      next.catch(() => undefined) // it is awaited below, or an earlier one has failed
      begun.push(next)
      if (begun.length >= count) yield (await begun.shift()) as R
    }
    while (begun.length > 0) yield (await begun.shift()) as R
  } finally {
    await Promise.allSettled(begun)
  }
}

/** The same items, the next of which is read while one is being used. */
export async function* oneAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = items.next()
  try {
    for (;;) {
      const { done, value } = await next
      if (done === true) return
      next = items.next()
      next.catch(() => undefined) // it is awaited above, or what was yielded ended it
      yield value
    }
  } finally {
    await next.catch(() => undefined)
    await items.return(undefined)
  }
}
