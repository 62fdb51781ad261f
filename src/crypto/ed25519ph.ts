/**
 * Ed25519ph (RFC 8032 §5.1.6), made over the digest: neither OpenSSL nor a library does that, as they take the message. The
 * arithmetic is BigInt's, whose time depends on its values: this runs when the owner of the key asks for it, and for nobody else.
 */

import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, utf8 } from '../kernel/bytes.ts'

const { Point } = ed25519
/** dom2(1, "") of RFC 8032 §2. */
const PREHASHED = concat(utf8('SigEd25519 no Ed25519 collisions'), Uint8Array.of(1, 0))

/** @param digest SHA-512 of the message. Returns 64 bytes, the same each time. */
export function signPrehashed(seed: Uint8Array, digest: Uint8Array): Uint8Array {
  const { scalar, prefix, pointBytes } = ed25519.utils.getExtendedPublicKey(seed)
  const nonce = hashToScalar(prefix, digest)
  const r = Point.BASE.multiply(nonce).toBytes()
  const s = Point.Fn.create(nonce + hashToScalar(r, pointBytes, digest) * scalar)
  return concat(r, numberToBytesLE(s, 32))
}

function hashToScalar(...parts: readonly Uint8Array[]): bigint {
  return Point.Fn.create(bytesToNumberLE(sha512(concat(PREHASHED, ...parts))))
}
