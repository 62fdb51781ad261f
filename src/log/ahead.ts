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
