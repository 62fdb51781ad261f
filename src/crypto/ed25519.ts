/**
 * Ed25519 and Ed25519ph (RFC 8032 §5.1) with one strict rule, the one that OpenSSL's newest and Go's oldest agree on:
 * canonical encodings, no point of small order, S below L, and R compared byte for byte (no cofactor).
 */

import { Point } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, equal, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'

const P = 2n ** 255n - 19n
/** The order of the base point. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n

/** The y of the eight points whose order divides 8: of order 4; 1; 2; 8; 8. Only y = 1 and y = -1 have x = 0. */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  P - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  P - 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
])

/** dom2(1, "") of RFC 8032 §2: what separates Ed25519ph from Ed25519. */
const PREHASHED = concat(utf8('SigEd25519 no Ed25519 collisions'), Uint8Array.of(1, 0))
const PURE = new Uint8Array(0)

/** Which of the two: `ph` takes the SHA-512 of the message in place of the message. */
export type Ed25519Mode = 'pure' | 'ph'

/**
 * All that can be refused without curve arithmetic. A native verifier behind this accepts what verifyStrict accepts.
 * @throws TlogError KEY_MALFORMED, KEY_NOT_ALLOWED or SIGNATURE_INVALID.
 */
export function checkEncodings(publicKey: Uint8Array, signature: Uint8Array): void {
  if (publicKey.length !== 32) throw new TlogError('KEY_MALFORMED', `an Ed25519 key of ${publicKey.length} bytes`)
  const keyFault = pointFault(publicKey)
  if (keyFault !== null) throw new TlogError('KEY_NOT_ALLOWED', `the Ed25519 key is ${keyFault}`)
  if (signature.length !== 64)
    throw new TlogError('SIGNATURE_INVALID', `an Ed25519 signature of ${signature.length} bytes`)
  const fault = pointFault(signature.subarray(0, 32))
  if (fault !== null) throw new TlogError('SIGNATURE_INVALID', `R is ${fault}`)
  if (littleEndian(signature.subarray(32)) >= L)
    throw new TlogError('SIGNATURE_INVALID', 'S is not below the order of the group')
}

function pointFault(encoded: Uint8Array): string | null {
  const y = littleEndian(encoded) % 2n ** 255n
  if (y >= P) return 'not in its canonical encoding'
  return SMALL_ORDER_Y.has(y) ? 'a point of small order' : null
}

/** Whether x(S·B - k·A) encodes to R. Takes about a millisecond. @throws TlogError as checkEncodings does. */
export function verifyStrict(
  mode: Ed25519Mode,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  checkEncodings(publicKey, signature)
  const key = decode(publicKey)
  if (key === null) return false
  const r = signature.subarray(0, 32)
  const s = littleEndian(signature.subarray(32))
  const k = littleEndian(sha512(concat(mode === 'ph' ? PREHASHED : PURE, r, publicKey, message))) % L
  const expected = Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k))
  return equal(expected.toBytes(), r)
}

function decode(encoded: Uint8Array): Point | null {
  try {
    return Point.fromBytes(encoded, false)
  } catch {
    return null
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0)
  return value
}
