/** The JSON Canonicalization Scheme (RFC 8785). */

import { utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { isJsonArray, JSON_MAX_DEPTH, type JsonLimits, type JsonValue } from '../json.ts'

/**
 * No white space, keys sorted by UTF-16 units, strings and numbers as ECMAScript prints them; -0 is 0.
 *
 * @throws TlogError JSON_NUMBER_UNSAFE on NaN and infinities, JSON_MALFORMED on lone surrogates, JSON_TOO_DEEP.
 */
export function canonicalJson(value: JsonValue, limits: JsonLimits = {}): Uint8Array {
  return utf8(print(value, limits.maxDepth ?? JSON_MAX_DEPTH))
}

/** `room` is how many more levels may open. */
function print(value: JsonValue, room: number): string {
  if (typeof value === 'string') return printString(value)
  if (typeof value === 'number') return printNumber(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (room === 0) throw new TlogError('JSON_TOO_DEEP', 'nested too deep to print')
  if (isJsonArray(value)) return `[${value.map((item) => print(item, room - 1)).join(',')}]`
  const fields = Object.keys(value)
    .sort() // by UTF-16 units, which is not by code points
    .map((key) => `${printString(key)}:${print(value[key] ?? null, room - 1)}`)
  return `{${fields.join(',')}}`
}

function printString(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new TlogError('JSON_MALFORMED', 'lone surrogate in a string')
  return JSON.stringify(text)
}

function printNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TlogError('JSON_NUMBER_UNSAFE', `${value} has no JSON`)
  return JSON.stringify(value)
}
