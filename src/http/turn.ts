/** A read of the store is synchronous: whoever reads much lets the other requests have a turn in between. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
