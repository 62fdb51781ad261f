/** Values of GGUF metadata: as much of each as is shown, with its length and hash. */

import { sha256 } from '#sha256'
import { parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Cursor } from './cursor.ts'
import type { Findings } from './finding.ts'
import { VALUE_TYPES, type ValueTypeName } from './gguf-types.ts'

export interface GgufString {
  /** In bytes. */
  readonly length: number
  /** At most the first SHOWN_BYTES. */
  readonly begins: Uint8Array
  /** SHA-256 of all of it. */
  readonly sha256: Uint8Array
  readonly isUtf8: boolean
}

type NumberTypeName = Exclude<ValueTypeName, 'string' | 'array' | 'bool'>

export type GgufValue =
  | { readonly type: NumberTypeName; readonly value: number | bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: GgufString }
  | { readonly type: 'array'; readonly value: GgufArray }

export interface GgufArray {
  readonly of: ValueTypeName
  readonly count: number
  /** At most the first SHOWN_ITEMS. */
  readonly begins: readonly GgufValue[]
}

export const SHOWN_BYTES = 4096
const SHOWN_ITEMS = 16
/** A vocabulary has up to half a million. */
const MAX_ITEMS = 4_194_304
const MAX_DEPTH = 2
/** Of an item that says its own length: that length, and an array's type. */
const LEAST_BYTES = { string: 8, array: 12 } as const

export interface ReadValue {
  readonly cursor: Cursor
  readonly findings: Findings
  /** Of the value, for messages. */
  readonly key: string
}

/** @throws TlogError MODEL_MALFORMED on a type that does not exist, and lengths beyond the file's or the limits */
export async function readValue(read: ReadValue, type: ValueTypeName, depth = 1): Promise<GgufValue> {
  const { cursor, findings, key } = read
  if (type === 'string') return { type, value: await readString(cursor, key) }
  if (type === 'array') return { type, value: await readArray(read, depth) }
  await cursor.need(8 > cursor.left ? sizeOf(type) : 8, key)
  if (type !== 'bool') return { type, value: cursor[type]() }
  const at = cursor.at
  const byte = cursor.u8()
  if (byte > 1) findings.add('BOOL_UNUSUAL', at, `${key}: a bool of ${byte}`)
  return { type, value: byte !== 0 }
}

export async function readType({ cursor, key }: Pick<ReadValue, 'cursor' | 'key'>): Promise<ValueTypeName> {
  await cursor.need(4, key)
  const at = cursor.at
  const number = cursor.u32()
  const type = VALUE_TYPES[number]
  if (type === undefined) throw cursor.malformed(`${key}: no value type ${number} (at ${at})`)
  return type.name
}

/** Its bytes, all of them within the cursor's budget. */
export async function readString(cursor: Cursor, what: string): Promise<GgufString> {
  await cursor.need(8, what)
  const length = cursor.count(`${what}: length`, cursor.left)
  await cursor.need(length, what)
  const bytes = cursor.bytes(length)
  return { length, begins: bytes.slice(0, SHOWN_BYTES), sha256: sha256(bytes), isUtf8: isUtf8(bytes) }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    parseUtf8(bytes)
    return true
  } catch (error) {
    if (error instanceof TlogError) return false
    throw error
  }
}

async function readArray(read: ReadValue, depth: number): Promise<GgufArray> {
  const { cursor, findings, key } = read
  const at = cursor.at
  const of = await readType(read)
  if (of === 'array' && depth >= MAX_DEPTH) throw cursor.malformed(`${key}: arrays more than ${MAX_DEPTH} deep`)
  if (of === 'array') findings.add('NESTED_ARRAY', at, `${key}: an array of arrays, which most readers refuse`)
  await cursor.need(8, key)
  const count = cursor.count(`${key}: items`, MAX_ITEMS)
  const least = of === 'string' || of === 'array' ? LEAST_BYTES[of] : sizeOf(of)
  if (count * least > cursor.left) throw cursor.malformed(`${key}: ${count} items, and ${cursor.left} bytes are left`)
  const begins: GgufValue[] = []
  while (begins.length < Math.min(count, SHOWN_ITEMS)) begins.push(await readValue(read, of, depth + 1))
  await skipItems(read, of, { count: count - begins.length, depth })
  return { of, count, begins }
}

async function skipItems(
  read: ReadValue,
  of: ValueTypeName,
  { count, depth }: { readonly count: number; readonly depth: number },
): Promise<void> {
  const { cursor, key } = read
  if (of === 'array' || of === 'bool') for (let i = 0; i < count; i++) await readValue(read, of, depth + 1)
  else if (of === 'string')
    for (let i = 0; i < count; i++) {
      if (!cursor.has(8)) await cursor.need(8, key)
      cursor.skip(cursor.count(`${key}: length`, cursor.left), key)
    }
  else cursor.skip(count * sizeOf(of), key)
}

function sizeOf(name: Exclude<ValueTypeName, 'string' | 'array'>): number {
  return VALUE_TYPES.find((type) => type.name === name)?.bytes ?? 0
}
