/** The canonical JSON that TUF signs: the OLPC scheme, which is not RFC 8785. */

import { utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { isJsonArray, JSON_MAX_DEPTH, type JsonValue } from '../json.ts'

/**
 * No white space, keys sorted by code points, whole numbers alone; of a string only `"` and `\` are escaped, a newline
 * stands as it is.
 *
 * @throws TlogError JSON_NUMBER_UNSAFE on a fraction, JSON_TOO_DEEP.
 */
export function canonicalTufJson(value: JsonValue): Uint8Array {
  return utf8(print(value, JSON_MAX_DEPTH))
}

/** `room` is how many more levels may open. */
function print(value: JsonValue, room: number): string {
  if (typeof value === 'string') return `"${value.replaceAll(/["\\]/g, '\\$&')}"`
  if (typeof value === 'number') return printNumber(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (room === 0) throw new TlogError('JSON_TOO_DEEP', 'nested too deep to print')
  if (isJsonArray(value)) return `[${value.map((item) => print(item, room - 1)).join(',')}]`
  const fields = Object.keys(value)
    .sort(byCodePoints)
    .map((key) => `${print(key, room)}:${print(value[key] ?? null, room - 1)}`)
  return `{${fields.join(',')}}`
}

function printNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TlogError('JSON_NUMBER_UNSAFE', `${value} is not a whole number`)
  return String(value)
}

/** Where JavaScript's own order, by UTF-16 units, differs, clients in Go and Python would hash other bytes. */
function byCodePoints(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  const at = left.findIndex((character, i) => character !== right[i])
  if (at === -1) return left.length - right.length
  return (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? -1)
}
