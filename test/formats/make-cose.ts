/** COSE messages for tests: CBOR of JavaScript values, and COSE_Sign1 signed by a key. */

import { type KeyObject, sign } from 'node:crypto'
import { concat, utf8 } from '../../src/kernel/bytes.ts'

/** A text, a whole number, bytes, a list, a map, or CBOR that stands as it is. */
export type Cbor = string | number | boolean | null | Uint8Array | readonly Cbor[] | ReadonlyMap<Cbor, Cbor> | Raw

export class Raw {
  readonly cbor: Uint8Array

  constructor(cbor: Uint8Array) {
    this.cbor = cbor
  }
}

/** Deterministic but for the order of keys, which is the map's. */
export function cbor(value: Cbor): Uint8Array {
  if (value instanceof Raw) return value.cbor
  if (value === false || value === true) return Uint8Array.of(value ? 0xf5 : 0xf4)
  if (value === null) return Uint8Array.of(0xf6)
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return concat(head(3, utf8(value).length), utf8(value))
  if (value instanceof Uint8Array) return concat(head(2, value.length), value)
  if (value instanceof Map) return concat(head(5, value.size), ...[...value].flat().map(cbor))
  const items = value as readonly Cbor[]
  return concat(head(4, items.length), ...items.map(cbor))
}

/** @param width of the argument in bytes, where it is not the shortest one */
export function head(major: number, argument: number, width = widthOf(argument)): Uint8Array {
  if (width === 0) return Uint8Array.of((major << 5) | argument)
  const bytes = new Uint8Array(9)
  new DataView(bytes.buffer).setBigUint64(1, BigInt(argument))
  bytes[8 - width] = (major << 5) | (24 + Math.log2(width))
  return bytes.subarray(8 - width)
}

function widthOf(argument: number): number {
  if (argument < 24) return 0
  if (argument < 2 ** 8) return 1
  if (argument < 2 ** 16) return 2
  return argument < 2 ** 32 ? 4 : 8
}

export interface CoseOptions {
  readonly protected?: Cbor
  readonly unprotected?: Cbor
  readonly external?: Uint8Array
}

export const ES256: ReadonlyMap<Cbor, Cbor> = new Map([[1, -7]])

/** COSE_Sign1 with its tag, and the parts it is made of. */
export function coseSign1(key: KeyObject, payload: Uint8Array, options: CoseOptions = {}) {
  const header = cbor(options.protected ?? ES256)
  const signed = cbor(['Signature1', header, options.external ?? new Uint8Array(), payload])
  const signature = new Uint8Array(sign('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }))
  const parts = [header, options.unprotected ?? new Map(), payload, signature] as const
  return { parts, message: message(parts) }
}

export function message(parts: readonly Cbor[]): Uint8Array {
  return concat(head(6, 18), cbor(parts))
}
