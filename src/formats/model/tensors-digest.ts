/**
 * `gguf_tensors_v1`: one digest for all the weights of a GGUF file, whatever its metadata says and in whichever order they
 * lie: names, shapes, types and contents, without padding.
 */

import { sha256 } from '#sha256'
import { concat, utf8 } from '../../kernel/bytes.ts'
import type { GgufTensor } from './gguf.ts'
import { compareNames } from './oms.ts'

/** A tensor with SHA-256 of its bytes. */
export interface HashedTensor extends GgufTensor {
  readonly digest: Uint8Array
}

const HEADER = utf8('gguf-tensors/v1\n')

/** Null where the length of one is not known, or its name is no text: there is nothing to be hashed then. */
export function ggufTensorsDigest(tensors: readonly HashedTensor[]): Uint8Array | null {
  if (tensors.some(({ length, name }) => length === null || name.includes('\ufffd'))) return null
  const sorted = tensors.toSorted((a, b) => compareNames(a.name, b.name))
  return sha256(concat(HEADER, ...sorted.flatMap(partsOf)))
}

function partsOf({ name, shape, typeNumber, length, digest }: HashedTensor): Uint8Array[] {
  const bytes = utf8(name)
  return [u64(bytes.length), bytes, u32(shape.length), ...shape.map(u64), u32(typeNumber), u64(length ?? 0), digest]
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
  return bytes
}
