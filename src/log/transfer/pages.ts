/** Reading to the end what a store gives a page at a time. */

/** @param read what comes after the last of the page before; null: from the first. An empty page is the end. */
export async function* pagesOf<T>(read: (after: T | null) => Promise<readonly T[]>): AsyncGenerator<readonly T[]> {
  for (let after: T | null = null; ; ) {
    const page: readonly T[] = await read(after)
    const last = page.at(-1)
    if (last === undefined) return
    yield page
    after = last
  }
}

export async function* rowsOf<T>(read: (after: T | null) => Promise<readonly T[]>): AsyncGenerator<T> {
  for await (const page of pagesOf(read)) yield* page
}
