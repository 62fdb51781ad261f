/**
 * The records of a ZIP archive (PKWARE APPNOTE 4.3), little-endian: one table for what reads them and for what writes
 * them anew.
 */

import { malformedAt } from './cursor.ts'

/** Bytes of each field, in order, behind a signature of four. */
type Fields = Readonly<Record<string, 2 | 4 | 8>>

export interface Layout<F extends Fields = Fields> {
  readonly name: string
  /** PK and two more. */
  readonly signature: number
  /** With the signature. */
  readonly length: number
  readonly fields: F
}

export type RecordOf<L extends Layout> = Readonly<Record<keyof L['fields'], number>>

function layout<const F extends Fields>(name: string, signature: string, fields: F): Layout<F> {
  const length = 4 + Object.values(fields).reduce((sum, size) => sum + size, 0)
  return { name, signature: signatureOf(signature), length, fields }
}

/** Each begins a record with its name and its extra fields behind it. */
export const LOCAL = layout('local header', 'PK\x03\x04', {
  needed: 2,
  flags: 2,
  method: 2,
  time: 2,
  date: 2,
  crc32: 4,
  packed: 4,
  size: 4,
  nameLength: 2,
  extraLength: 2,
})

export const CENTRAL = layout('entry of the directory', 'PK\x01\x02', {
  madeBy: 2,
  needed: 2,
  flags: 2,
  method: 2,
  time: 2,
  date: 2,
  crc32: 4,
  packed: 4,
  size: 4,
  nameLength: 2,
  extraLength: 2,
  commentLength: 2,
  disk: 2,
  internal: 2,
  external: 4,
  at: 4,
})

export const END64 = layout('zip64 end record', 'PK\x06\x06', {
  recordSize: 8,
  madeBy: 2,
  needed: 2,
  disk: 4,
  startDisk: 4,
  hereCount: 8,
  count: 8,
  size: 8,
  at: 8,
})

export const LOCATOR = layout('zip64 locator', 'PK\x06\x07', { disk: 4, end64At: 8, disks: 4 })

export const END = layout('end record', 'PK\x05\x06', {
  disk: 2,
  startDisk: 2,
  hereCount: 2,
  count: 2,
  size: 4,
  at: 4,
  commentLength: 2,
})

/** In the place of a number: it stands in the 64-bit record. */
export const IN_ZIP64 = { u16: 0xffff, u32: 0xffffffff } as const

export function hasRecord(layout: Layout, bytes: Uint8Array, at: number): boolean {
  return at >= 0 && at + layout.length <= bytes.length && viewOf(bytes).getUint32(at, true) === layout.signature
}

/** @param place of `bytes` in the file, for the message. @throws TlogError MODEL_MALFORMED */
export function readRecord<L extends Layout>(layout: L, bytes: Uint8Array, at: number, place: number): RecordOf<L> {
  if (!hasRecord(layout, bytes, at)) throw malformedAt(place + at, `no ${layout.name} here`)
  const view = viewOf(bytes)
  const values: Record<string, number> = {}
  let next = at + 4
  for (const [field, size] of Object.entries(layout.fields)) {
    values[field] = readNumber(view, next, size)
    next += size
  }
  return values as RecordOf<L>
}

export function writeRecord<L extends Layout>(layout: L, values: RecordOf<L>): Uint8Array {
  const bytes = new Uint8Array(layout.length)
  const view = viewOf(bytes)
  view.setUint32(0, layout.signature, true)
  let next = 4
  for (const [field, size] of Object.entries(layout.fields)) {
    writeNumber(view, next, size, (values as Readonly<Record<string, number>>)[field] as number)
    next += size
  }
  return bytes
}

/** Beyond what a number counts, it is beyond every file too. */
export function readNumber(view: DataView, at: number, size: 2 | 4 | 8): number {
  if (size === 2) return view.getUint16(at, true)
  if (size === 4) return view.getUint32(at, true)
  const value = view.getBigUint64(at, true)
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value)
}

function writeNumber(view: DataView, at: number, size: 2 | 4 | 8, value: number): void {
  if (size === 2) view.setUint16(at, value, true)
  else if (size === 4) view.setUint32(at, value, true)
  else view.setBigUint64(at, BigInt(value), true)
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function signatureOf(text: string): number {
  return [...text].reduceRight((number, letter) => number * 256 + letter.charCodeAt(0), 0)
}
