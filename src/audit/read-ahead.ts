/** Reads what comes next while what came is worked on: in order, and never more than `window` at once in memory. */

export async function* readAhead<T>(
  first: number,
  end: number,
  window: number,
  read: (index: number) => Promise<T>,
): AsyncGenerator<T> {
  const under: Promise<T>[] = []
  let next = first
  const fill = () => {
    while (under.length < window && next < end) {
      const reading = read(next++)
      reading.catch(() => undefined) // whoever waits for it hears of it; nobody may any more
      under.push(reading)
    }
  }
  for (fill(); under.length > 0; fill()) yield await (under.shift() as Promise<T>)
}
