/** `#crypto` for browsers, Deno and Bun: ECDSA by WebCrypto, the rest in JavaScript. Milliseconds a check, same verdicts. */

import { getPublicKey, hashes, sign, utils } from '@noble/ed25519'
import { blake2b } from '@noble/hashes/blake2.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import type { RsaKey } from '../formats/pki/spki.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { checkDigest, type DigestName } from './algorithms.ts'
import { checkForm, requireGood } from './check.ts'
import type { DigestCheck, MessageCheck, SigningKey } from './crypto.ts'
import { toBigInt, writeBigInt } from './curves.ts'
import { verifyStrict } from './ed25519.ts'
import { pkcs1Block } from './pkcs1.ts'
import { verifyEcdsaDigest, verifyEcdsaMessage } from './web-ecdsa.ts'

export type { Crypto, DigestCheck, MessageCheck, SigningKey } from './crypto.ts'

hashes.sha512 = sha512

const HASHES = { SHA2_256: sha256, SHA2_384: sha384, SHA2_512: sha512 } as const satisfies Record<DigestName, unknown>

export async function verifyDigest(check: DigestCheck): Promise<void> {
  checkForm(check)
  checkDigest(check.algorithm, check.digest)
  requireGood(await isGood(check))
}

export async function verifyMessage(check: MessageCheck): Promise<void> {
  const { algorithm, key, message, signature } = check
  if (key.kind !== 'ec') return verifyDigest({ algorithm, key, signature, digest: digest(algorithm.digest, message) })
  checkForm(check)
  requireGood(await verifyEcdsaMessage(key, { message, hash: algorithm.digest }, signature))
}

export function digest(name: DigestName, bytes: Uint8Array): Uint8Array {
  return HASHES[name](bytes)
}

export function blake2b512(bytes: Uint8Array): Uint8Array {
  return blake2b(bytes, { dkLen: 64 })
}

export async function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<void> {
  requireGood(verifyStrict('pure', publicKey, message, signature))
}

async function isGood({ algorithm, key, digest, signature }: DigestCheck): Promise<boolean> {
  if (key.kind === 'ed25519') return verifyStrict('ph', key.bytes, digest, signature)
  if (key.kind === 'ec') return await verifyEcdsaDigest(key, digest, signature)
  return verifyRsa(key, pkcs1Block(algorithm.digest, digest, key.modulus.length), signature)
}

/** The signature to the power of e, against the whole expected block. */
function verifyRsa({ modulus, exponent }: RsaKey, expected: Uint8Array, signature: Uint8Array): boolean {
  const n = toBigInt(modulus)
  const base = toBigInt(signature)
  if (base >= n) return false
  let power = 1n
  for (const bit of toBigInt(exponent).toString(2)) {
    power = (power * power) % n
    if (bit === '1') power = (power * base) % n
  }
  const block = new Uint8Array(modulus.length)
  writeBigInt(power, block)
  return equal(block, expected)
}

const seeds = new WeakMap<SigningKey, Uint8Array>()

export function generateEd25519(): SigningKey {
  return importEd25519Seed(utils.randomSecretKey())
}

export function importEd25519Seed(seed: Uint8Array): SigningKey {
  if (seed.length !== 32) throw new TlogError('KEY_MALFORMED', `an Ed25519 seed of ${seed.length} bytes`)
  const key = { publicKey: getPublicKey(seed) }
  seeds.set(key, seed.slice())
  return key
}

export async function signEd25519(key: SigningKey, message: Uint8Array): Promise<Uint8Array> {
  const seed = seeds.get(key)
  if (seed === undefined) throw new TypeError('a key that was not made here')
  return sign(message, seed)
}
