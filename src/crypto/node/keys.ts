/** Private keys in OpenSSL's keeping: Ed25519, P-256 for clients that take nothing else, ML-DSA-44 for cosignatures. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { sha512 } from '@noble/hashes/sha2.js'
import { formatDer, TAG } from '../../formats/pki/der.ts'
import { concat, parseHex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { EcdsaKey, MlDsaKey, SigningKey } from '../crypto.ts'
import { signPrehashed } from '../ed25519ph.ts'

type AnyKey = SigningKey | EcdsaKey | MlDsaKey

const ML_DSA_44_BYTES = 1312

/** Kept beside the key, not in it: what is printed, cloned or logged has no secret. */
const secrets = new WeakMap<AnyKey, KeyObject>()

/** PrivateKeyInfo up to the OCTET STRING with the seed (RFC 8410 §7): version 0, id-Ed25519. */
const PKCS8_HEAD = parseHex('020100300506032b6570')

export function generateEd25519(): SigningKey {
  return hold(generateKeyPairSync('ed25519').privateKey)
}

export function generateEcdsa(): EcdsaKey {
  return holdEcdsa(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
}

export function generateMlDsa44(): MlDsaKey {
  return holdMlDsa(generateKeyPairSync('ml-dsa-44').privateKey)
}

export function importEd25519Seed(seed: Uint8Array): SigningKey {
  if (seed.length !== 32) throw new TlogError('KEY_MALFORMED', `an Ed25519 seed of ${seed.length} bytes`)
  const wrapped = formatDer(TAG.octetString, formatDer(TAG.octetString, seed))
  const der = Buffer.from(formatDer(TAG.sequence, concat(PKCS8_HEAD, wrapped)))
  return hold(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
}

/**
 * Reads a PKCS #8 PEM, encrypted or not.
 * @throws TlogError KEY_FILE_REFUSED when it cannot be read, the passphrase is missing or wrong, or the key is not Ed25519.
 */
export function importPrivateKey(pem: string, passphrase?: string): SigningKey {
  return hold(readPem(pem, passphrase))
}

/** As importPrivateKey, of a P-256 key. @throws TlogError KEY_FILE_REFUSED */
export function importEcdsaKey(pem: string, passphrase?: string): EcdsaKey {
  return holdEcdsa(readPem(pem, passphrase))
}

/** As importPrivateKey, of an ML-DSA-44 key. @throws TlogError KEY_FILE_REFUSED */
export function importMlDsaKey(pem: string, passphrase?: string): MlDsaKey {
  return holdMlDsa(readPem(pem, passphrase))
}

function readPem(pem: string, passphrase?: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) })
  } catch (cause) {
    // OpenSSL's own words stay out of the message: they may quote the input.
    throw new TlogError('KEY_FILE_REFUSED', 'no private key that this passphrase opens', { cause })
  }
}

/** PKCS #8 PEM; with a passphrase, encrypted by AES-256 (PBES2). */
export function exportPrivateKey(key: AnyKey, passphrase?: string): string {
  const cipher = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }
  return secretOf(key)
    .export({ format: 'pem', type: 'pkcs8', ...cipher })
    .toString()
}

export async function signEd25519(key: SigningKey, message: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(sign(null, message, secretOf(key)))
}

/** Ed25519ph of a short message; what it signs cannot be taken for what signEd25519 does. Not for what strangers ask: see ed25519ph.ts. */
export function signEd25519ph(key: SigningKey, message: Uint8Array): Uint8Array {
  const seed = Uint8Array.from(Buffer.from(secretOf(key).export({ format: 'jwk' }).d ?? '', 'base64url'))
  return signPrehashed(seed, sha512(message))
}

/** ECDSA with SHA-256 (FIPS 186-5), DER; of a message no two signatures are alike. In libuv's thread pool: each read takes one. */
export async function signEcdsa(key: EcdsaKey, message: Uint8Array): Promise<Uint8Array> {
  return await signElsewhere('sha256', secretOf(key), message)
}

/**
 * Pure, with an empty context, 2420 bytes; hedged: of a message no two signatures are alike. Half a millisecond, in libuv's
 * thread pool.
 */
export async function signMlDsa44(key: MlDsaKey, message: Uint8Array): Promise<Uint8Array> {
  return await signElsewhere(null, secretOf(key), message)
}

async function signElsewhere(digest: 'sha256' | null, secret: KeyObject, message: Uint8Array): Promise<Uint8Array> {
  return await new Promise((resolve, reject) => {
    sign(digest, message, secret, (error, signature) => {
      if (error === null) resolve(new Uint8Array(signature))
      else reject(error)
    })
  })
}

function hold(secret: KeyObject): SigningKey {
  if (secret.asymmetricKeyType !== 'ed25519')
    throw new TlogError('KEY_FILE_REFUSED', `a private key of type ${secret.asymmetricKeyType}, not Ed25519`)
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' })
  const key: SigningKey = { publicKey: new Uint8Array(spki.subarray(-32)) }
  secrets.set(key, secret)
  return key
}

function holdEcdsa(secret: KeyObject): EcdsaKey {
  const { namedCurve = '' } = secret.asymmetricKeyDetails ?? {}
  if (secret.asymmetricKeyType !== 'ec' || namedCurve !== 'prime256v1')
    throw new TlogError(
      'KEY_FILE_REFUSED',
      `a private key of type ${secret.asymmetricKeyType} ${namedCurve}, not P-256`,
    )
  const key: EcdsaKey = { spki: new Uint8Array(createPublicKey(secret).export({ format: 'der', type: 'spki' })) }
  secrets.set(key, secret)
  return key
}

function holdMlDsa(secret: KeyObject): MlDsaKey {
  if (secret.asymmetricKeyType !== 'ml-dsa-44')
    throw new TlogError('KEY_FILE_REFUSED', `a private key of type ${secret.asymmetricKeyType}, not ML-DSA-44`)
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' })
  const key: MlDsaKey = { mlDsa44PublicKey: new Uint8Array(spki.subarray(-ML_DSA_44_BYTES)) }
  secrets.set(key, secret)
  return key
}

function secretOf(key: AnyKey): KeyObject {
  const secret = secrets.get(key)
  if (secret === undefined) throw new TypeError('a key that was not made here')
  return secret
}
