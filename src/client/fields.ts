/** What answers of Colophon's own API consist of. */

import { invalid, type Read, text } from '../formats/fields.ts'

const SLUG = /^[a-z0-9][a-z0-9-]{0,31}$/

/** It becomes a part of a path. */
export const slug: Read<string> = (value, path) => {
  const name = text(value, path)
  if (!SLUG.test(name)) throw invalid(path, 'not the name of a log')
  return name
}

/** Of which the constructors of sizes and indexes make more. */
export const count: Read<number> = (value, path) => {
  if (typeof value !== 'number') throw invalid(path, 'a number was expected')
  return value
}
