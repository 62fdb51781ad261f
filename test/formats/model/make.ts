/** Models made of parts, whole or damaged on purpose. */

import { concat, utf8 } from '../../../src/kernel/bytes.ts'

export interface GgufParts {
  readonly version?: number
  readonly fields?: readonly Uint8Array[]
  readonly tensors?: readonly GgufTensorParts[]
  readonly alignment?: number
  /** In place of zeros. */
  readonly padding?: number
  readonly littleEndian?: boolean
  /** In place of how many there are. */
  readonly counts?: readonly [tensors: bigint, fields: bigint]
}

export interface GgufTensorParts {
  readonly name?: string | Uint8Array
  readonly dims?: readonly number[]
  readonly type?: number
  readonly data?: Uint8Array
  /** In place of where it lies. */
  readonly offset?: number
}

export const F16 = (...values: readonly number[]) =>
  number(values.length * 2, (view) => {
    for (const [i, value] of values.entries()) view.setFloat16(i * 2, value, true)
  })
export const F32 = (...values: readonly number[]) =>
  number(values.length * 4, (view) => {
    for (const [i, value] of values.entries()) view.setFloat32(i * 4, value, true)
  })
export const u8 = (value: number) => number(1, (view) => view.setUint8(0, value))
export const u32 = (value: number, littleEndian = true) => number(4, (view) => view.setUint32(0, value, littleEndian))
export const u64 = (value: number | bigint, littleEndian = true) =>
  number(8, (view) => view.setBigUint64(0, BigInt(value), littleEndian))
export const string = (text: string | Uint8Array, littleEndian = true) => {
  const bytes = typeof text === 'string' ? utf8(text) : text
  return concat(u64(bytes.length, littleEndian), bytes)
}

/** A field of metadata; `type` is the number of the value's type. */
export function field(key: string | Uint8Array, type: number, value: Uint8Array, littleEndian = true): Uint8Array {
  return concat(string(key, littleEndian), u32(type, littleEndian), value)
}

export const text = (key: string, value: string | Uint8Array) => field(key, 8, string(value))
export const count = (key: string, value: number) => field(key, 4, u32(value))
export const array = (key: string, of: number, items: readonly Uint8Array[]) =>
  field(key, 9, concat(u32(of), u64(items.length), ...items))

export const W: GgufTensorParts = { name: 'w', dims: [2, 2], type: 1, data: F16(1, 2, 3, 5) }

export function gguf({
  version = 3,
  fields = [],
  tensors = [],
  alignment = 32,
  padding = 0,
  littleEndian = true,
  counts,
}: GgufParts = {}): Uint8Array {
  const pad = (bytes: Uint8Array) => concat(bytes, new Uint8Array(-bytes.length & (alignment - 1)).fill(padding))
  const infos: Uint8Array[] = []
  const data: Uint8Array[] = []
  let at = 0
  for (const { name = 'w', dims = [data.length], type = 1, data: bytes = new Uint8Array(), offset = at } of tensors) {
    infos.push(
      string(name, littleEndian),
      u32(dims.length, littleEndian),
      ...dims.map((dim) => u64(dim, littleEndian)),
      u32(type, littleEndian),
      u64(offset, littleEndian),
    )
    data.push(pad(bytes))
    at += pad(bytes).length
  }
  const [tensorCount, fieldCount] = counts ?? [BigInt(tensors.length), BigInt(fields.length)]
  const head = concat(
    utf8('GGUF'),
    u32(version, littleEndian),
    u64(tensorCount, littleEndian),
    u64(fieldCount, littleEndian),
    ...fields,
    ...infos,
  )
  return concat(pad(head), ...data)
}

/** `header` as JSON text or as what becomes it, padded to a multiple of eight. */
export function safetensors(header: object | string, data: Uint8Array, padding = ' '): Uint8Array {
  const json = utf8(typeof header === 'string' ? header : JSON.stringify(header))
  const padded = concat(json, utf8(padding.repeat(-json.length & 7)))
  return concat(u64(padded.length), padded, data)
}

function number(length: number, set: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length)
  set(new DataView(bytes.buffer))
  return bytes
}
