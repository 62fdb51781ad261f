/** Protocol-buffer messages spelled as JSON, as Sigstore's clients send them (protobuf.dev, "ProtoJSON format"). */

import { parseBase64, parseBase64Url } from '../../kernel/bytes.ts'
import { type Fields, invalid, object, parsed, quoted, type Read } from '../fields.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts'

/**
 * One message: fields by lowerCamel or snake_case name, never both for one field; null is unset. `read` sees lowerCamel
 * names and no null.
 */
export function message<T>(read: (fields: Fields) => T): Read<T> {
  const plain = object(read)
  return (value, path) => plain(isJsonObject(value) ? camelCased(value, path) : value, path)
}

/**
 * Bytes as protojson reads them: the standard or the URL-safe alphabet, padded or not.
 * Refused though some clients' libraries take it: both alphabets at once, white space, non-zero bits after the last byte.
 */
export const bytes: Read<Uint8Array> = parsed((text) => {
  if (text.length % 4 === 0 && !/[-_]/.test(text)) return parseBase64(text)
  const isMixed = /[-_]/.test(text) && /[+/]/.test(text)
  const isHalfPadded = text.length % 4 !== 0 && text.includes('=')
  // The text as it is then names its own fault.
  if (isMixed || isHalfPadded) return parseBase64(text)
  const padded = text + '='.repeat((4 - (text.length % 4)) % 4)
  return /[-_]/.test(text) ? parseBase64Url(padded) : parseBase64(padded)
})

/** A field that must be there and, since protobuf cannot tell empty from unset, not be empty. */
export function filled<T extends { readonly length: number }>(fields: Fields, name: string, read: Read<T>): T {
  const value = fields.optional(name, read)
  if (value === undefined || value.length === 0) throw fields.missing(name)
  return value
}

/** An enum's value, as its name or its number; returns the name. */
export function enumName<Name extends string>(numbers: { readonly [name in Name]: number }): Read<Name> {
  const names = new Map<JsonValue, Name>()
  for (const name of Object.keys(numbers) as Name[]) names.set(name, name).set(numbers[name], name)
  return (value, path) => {
    const name = names.get(value)
    if (name === undefined) throw invalid(path, `no such value: ${shown(value)}`)
    return name
  }
}

function shown(value: JsonValue): string {
  if (typeof value === 'string') return quoted(value)
  return typeof value === 'number' ? String(value) : 'neither a name nor a number'
}

/** Only letters follow an underscore, so each lowerCamel name has one snake_case spelling. */
const SNAKE = /^[a-z][a-z0-9]*(_[a-z][a-z0-9]*)+$/
/** No field's name is longer, and a group that repeats over megabytes overflows the stack. */
const MAX_NAME = 64

function camelCased(message: JsonObject, path: string): JsonObject {
  const out: { [name: string]: JsonValue } = Object.create(null)
  for (const name in message) {
    const isSnake = name.length <= MAX_NAME && SNAKE.test(name)
    const camel = isSnake ? name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) : name
    if (camel !== name && camel in message) throw invalid(path, `${quoted(camel)} and ${quoted(name)} are one field`)
    const value = message[name]
    if (value !== undefined && value !== null) out[camel] = value
  }
  return out
}
