/** Files that the configuration names: small, read once, whole. */

import { readFileSync, statSync } from 'node:fs'

/** @throws Error with words for the person who named it. */
export function readSmallFile(path: string, maxBytes: number): Uint8Array {
  const stat = attempt(path, () => statSync(path))
  if (!stat.isFile()) throw new Error(`${path} is not a file`)
  if (stat.size > maxBytes) throw new Error(`${path} is over ${maxBytes} bytes`)
  return attempt(path, () => readFileSync(path))
}

/** @throws Error as readSmallFile does, and with the words of `parse` after the file's name. */
export function parseSmallFile<T>(path: string, maxBytes: number, parse: (bytes: Uint8Array) => T): T {
  const bytes = readSmallFile(path, maxBytes)
  try {
    return parse(bytes)
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error })
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}
