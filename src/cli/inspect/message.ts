/**
 * JSON objects looked at field by field. Where a reader of formats/ refuses the whole document, these show what they can:
 * a field that is not as it should be is malformed by itself, one that is missing or unknown is said.
 */

import type { Read } from '../../formats/fields.ts'
import { invalid, parsed, quoted, text as readText } from '../../formats/fields.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../formats/json.ts'
import { bytes as readBytes } from '../../formats/sigstore/protojson.ts'
import { parseTime } from '../../formats/time.ts'
import { parseDecimal } from '../../kernel/bytes.ts'
import { bytes, type Content, detail, list, malformed, type Node, number, part, text, time } from './tree.ts'

/** @param path of the value in its document, for messages */
export type Show = (value: JsonValue, path: string) => Content

interface Field {
  readonly name: string
  readonly label: string
  readonly show: Show
  readonly note?: string | undefined
  readonly isRequired: boolean
  readonly isDetail?: true
}

export function required(name: string, label: string, show: Show, note?: string): Field {
  return { name, label, show, note, isRequired: true }
}

/** Left out of the short form. */
export function inDetail(field: Field): Field {
  return { ...field, isDetail: true }
}

export function optional(name: string, label: string, show: Show, note?: string): Field {
  return { name, label, show, note, isRequired: false }
}

/** What a strict reader makes of the value, shown. */
export function via<T>(read: Read<T>, show: (value: T) => Content): Show {
  return (value, path) => show(read(value, path))
}

export const asText: Show = via(readText, text)
export const asBytes: Show = via(readBytes, bytes)
export const asTime: Show = via(parsed(parseTime), time)
const decimal = parsed(parseDecimal)
/** 64-bit numbers: a string, as protojson prints them, or a JSON number. */
export const whole: Read<number> = (value, path) => {
  const found = typeof value === 'string' ? decimal(value, path) : value
  if (typeof found !== 'number' || !Number.isSafeInteger(found) || found < 0) throw invalid(path, 'not a whole number')
  return found
}
export const asNumber: Show = via(whole, number)

/** The fields in this order, then what the object has beside them. */
export function message(...fields: readonly Field[]): Show {
  return (value, path) => {
    const object = objectOf(value, path)
    const known = fields.flatMap((field) => fieldNode(object, field, path))
    return { kind: 'parts', parts: [...known, ...unknownNodes(object, fields, path)] }
  }
}

/** An object around one value: the value is shown, and what else there is. */
export function sole(name: string, show: Show): Show {
  const whole = message(required(name, name, show))
  return (value, path) => {
    const shown = whole(value, path)
    const [only, ...rest] = shown.kind === 'parts' ? shown.parts : []
    return only === undefined || rest.length > 0 ? shown : only.content
  }
}

export function items(show: Show): Show {
  return (value, path) => {
    if (!isJsonArray(value)) throw invalid(path, 'an array was expected')
    return list(value, (item, at) => show(item, `${path}[${at}]`))
  }
}

export function objectOf(value: JsonValue, path: string): JsonObject {
  if (!isJsonObject(value)) throw invalid(path, 'an object was expected')
  return value
}

/** By either of protojson's names; null is absent. */
export function fieldOf(object: JsonObject, name: string): JsonValue | undefined {
  return object[name] ?? object[snakeOf(name)] ?? undefined
}

export function inside(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function fieldNode(object: JsonObject, { name, label, show, note, isRequired, isDetail }: Field, path: string): Node[] {
  const value = fieldOf(object, name)
  const place = inside(path, name)
  if (value !== undefined) {
    const node = part(label, () => show(value, place), note)
    return [isDetail ? detail(node) : node]
  }
  return isRequired ? [part(label, malformed(`${place}: missing`))] : []
}

function unknownNodes(object: JsonObject, fields: readonly Field[], path: string): Node[] {
  const known = new Set(fields.flatMap(({ name }) => [name, snakeOf(name)]))
  const unknown = Object.keys(object).filter((name) => !known.has(name))
  if (unknown.length === 0) return []
  return [
    part(
      'unknown fields',
      list(unknown, (name) => malformed(`${inside(path, quoted(name))}: no such field`)),
    ),
  ]
}

function snakeOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
