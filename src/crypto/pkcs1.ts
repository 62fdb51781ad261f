/** RSASSA-PKCS1-v1_5 (RFC 8017 §8.2): the block a signature must decrypt to, to be compared whole. Nothing is parsed. */

import { formatDer, formatOid, TAG } from '../formats/pki/der.ts'
import { concat } from '../kernel/bytes.ts'
import type { DigestName } from './algorithms.ts'

const OIDS = {
  SHA2_256: '2.16.840.1.101.3.4.2.1',
  SHA2_384: '2.16.840.1.101.3.4.2.2',
  SHA2_512: '2.16.840.1.101.3.4.2.3',
} as const satisfies Record<DigestName, string>

/** 00 01 FF…FF 00 DigestInfo, `length` bytes (RFC 8017 §9.2). `length` is 256 at least. */
export function pkcs1Block(name: DigestName, digest: Uint8Array, length: number): Uint8Array {
  const info = formatDer(
    TAG.sequence,
    formatDer(TAG.sequence, formatOid(OIDS[name]), formatDer(TAG.null)),
    formatDer(TAG.octetString, digest),
  )
  const padding = new Uint8Array(length - info.length - 3).fill(0xff)
  return concat(Uint8Array.of(0, 1), padding, Uint8Array.of(0), info)
}
