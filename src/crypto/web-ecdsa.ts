/**
 * ECDSA by WebCrypto, which takes (r, s) bare and hashes the message itself. Over a digest it is asked about a message of
 * ours under a shifted key, by the algebra that node/shifted-key.ts explains.
 */

import type { Curve, EcKey } from '../formats/pki/spki.ts'
import { concat } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { DigestName } from './algorithms.ts'
import { CURVES, isOnCurve, type Point, parsePoint, toBigInt, writeBigInt } from './curves.ts'
import { type EcdsaSignature, parseEcdsaSignature } from './ecdsa-signature.ts'
import { invert, mod } from './modular.ts'
import { add, multiply } from './points.ts'

const HASHES = { SHA2_256: 'SHA-256', SHA2_384: 'SHA-384', SHA2_512: 'SHA-512' } as const satisfies Record<
  DigestName,
  string
>

/** Asked about by the hash that is as long as the curve's order. */
const FIXED = {
  'P-256': { message: new Uint8Array(0), hash: 'SHA2_256' },
  'P-384': { message: new Uint8Array(0), hash: 'SHA2_384' },
  'P-521': { message: new Uint8Array(0), hash: 'SHA2_512' },
} as const satisfies Record<Curve, Hashed>

/** Those hashes of nothing: numbers below the orders. */
const FIXED_HASHES: Readonly<Record<Curve, bigint>> = {
  'P-256': 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855n,
  'P-384': 0x38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95bn,
  'P-521':
    0xcf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3en,
}

/** A message, and the hash that a signature is over. */
export interface Hashed {
  readonly message: Uint8Array
  readonly hash: DigestName
}

/**
 * @param signature DER
 * @throws TlogError SIGNATURE_INVALID for another encoding; CHECK_UNAVAILABLE where WebCrypto or the curve is missing
 */
export async function verifyEcdsaMessage(key: EcKey, hashed: Hashed, signature: Uint8Array): Promise<boolean> {
  const curve = CURVES[key.curve]
  const point = parsePoint(curve, key.point)
  return isOnCurve(curve, point) && (await ask(key.curve, point, hashed, parseEcdsaSignature(curve, signature)))
}

/** @param digest no longer than the curve's order: nothing is cut off here. Else as verifyEcdsaMessage. */
export async function verifyEcdsaDigest(key: EcKey, digest: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const curve = CURVES[key.curve]
  const { n, base } = curve
  const point = parsePoint(curve, key.point)
  const { r, s } = parseEcdsaSignature(curve, signature)
  if (!isOnCurve(curve, point)) return false // the sum could be a point whose logarithm the caller knows
  const fixed = FIXED_HASHES[key.curve]
  const factor = mod((toBigInt(digest) - fixed) * invert(r, n), n)
  const shifted = add(curve, point, multiply(curve, factor, base))
  if (shifted !== null) return await ask(key.curve, shifted, FIXED[key.curve], { r, s })
  // Infinity is no key; under it only the message's own share is left.
  const rest = multiply(curve, mod(fixed * invert(s, n), n), base)
  return rest !== null && rest.x % n === r
}

async function ask(name: Curve, point: Point, { message, hash }: Hashed, { r, s }: EcdsaSignature): Promise<boolean> {
  const { bytes } = CURVES[name]
  const subtle = webCrypto()
  const raw = concat(Uint8Array.of(4), bigEndian(point.x, bytes), bigEndian(point.y, bytes))
  const key = await subtle
    .importKey('raw', raw, { name: 'ECDSA', namedCurve: name }, false, ['verify'])
    .catch((cause: unknown) => unavailable(`WebCrypto does not take a key on ${name}`, cause))
  const pair = concat(bigEndian(r, bytes), bigEndian(s, bytes))
  const unshared = message as Uint8Array<ArrayBuffer> // DOM's types ask for it
  return await subtle.verify({ name: 'ECDSA', hash: HASHES[hash] }, key, pair, unshared)
}

function webCrypto() {
  return crypto.subtle ?? unavailable('WebCrypto is missing: it takes https, localhost or a local file')
}

function unavailable(why: string, cause?: unknown): never {
  throw new TlogError('CHECK_UNAVAILABLE', why, { cause })
}

function bigEndian(value: bigint, length: number): Uint8Array {
  const out = new Uint8Array(length)
  writeBigInt(value, out)
  return out
}
