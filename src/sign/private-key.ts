/**
 * Private keys of publishers. Every signature here is a function of key and digest, so that signing again is no second entry in
 * a log, and a file is read once, whatever its size.
 */

import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  sign,
} from 'node:crypto'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { algorithmForKey, checkDigest } from '../crypto/algorithms.ts'
import { signPrehashed } from '../crypto/ed25519ph.ts'
import { pkcs1Block } from '../crypto/pkcs1.ts'
import { type Curve, type PublicKey, parseSpki } from '../formats/pki/spki.ts'
import { TlogError } from '../kernel/error.ts'
import { openCosignKey } from './cosign-key.ts'

/** What is printed, cloned or logged of it has no secret. */
export interface PrivateKey {
  readonly publicKey: PublicKey
}

const secrets = new WeakMap<PrivateKey, KeyObject>()

/** OpenSSL signs no digest with these, and makes another signature each time (RFC 6979 does not). */
const ECDSA = { 'P-256': p256, 'P-384': p384, 'P-521': p521 } as const satisfies Record<Curve, unknown>

export type KeyEncryption = 'none' | 'pkcs8' | 'cosign'

const LABELS: ReadonlyMap<string, KeyEncryption> = new Map([
  ['PRIVATE KEY', 'none'],
  ['ENCRYPTED PRIVATE KEY', 'pkcs8'],
  ['ENCRYPTED SIGSTORE PRIVATE KEY', 'cosign'],
  ['ENCRYPTED COSIGN PRIVATE KEY', 'cosign'],
])

/** How a key's PEM is encrypted. @throws TlogError KEY_FILE_REFUSED for what is no private key, or in another form */
export function keyEncryption(pem: string): KeyEncryption {
  const label = /^-----BEGIN ([A-Z ]{1,64})-----/.exec(pem.trimStart())?.[1]
  if (label === undefined) throw refused('is not PEM')
  const found = LABELS.get(label)
  if (found !== undefined) return found
  throw refused(
    label.endsWith('PRIVATE KEY')
      ? `is a ${label}: make it PKCS #8 (openssl pkcs8 -topk8 -in KEY -out NEW)`
      : `holds a ${label}, not a private key`,
  )
}

/**
 * PKCS #8 in PEM, plain or encrypted, or a key of cosign's.
 * @param passphrase null for a plain key
 * @throws TlogError KEY_FILE_REFUSED, also when the passphrase is not the one; KEY_NOT_ALLOWED for a kind that may not sign
 */
export function importPrivateKey(pem: string, passphrase: string | null): PrivateKey {
  const encryption = keyEncryption(pem)
  return hold(encryption === 'cosign' ? readDer(openCosignKey(pem, passphrase ?? '')) : readPem(pem, passphrase))
}

/** P-256, for one signature. */
export function generateEphemeralKey(): PrivateKey {
  return hold(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
}

/**
 * A signature over what has this digest, by the algorithm that goes with the key: ECDSA in DER (RFC 6979), PKCS #1 v1.5,
 * Ed25519ph.
 * @throws TlogError DIGEST_LENGTH_INVALID
 */
export function signDigest(key: PrivateKey, digest: Uint8Array): Uint8Array {
  const { publicKey } = key
  const algorithm = algorithmForKey(publicKey)
  checkDigest(algorithm, digest)
  const secret = secretOf(key)
  if (publicKey.kind === 'ed25519') return signPrehashed(scalar(secret), digest)
  if (publicKey.kind === 'ec')
    return ECDSA[publicKey.curve].sign(digest, scalar(secret), { prehash: false, lowS: false, format: 'der' })
  const block = pkcs1Block(algorithm.digest, digest, publicKey.modulus.length)
  return new Uint8Array(privateEncrypt({ key: secret, padding: constants.RSA_NO_PADDING }, block))
}

/** Pure Ed25519, which is how such a key signs an envelope that a Rekor v1 log shall take. */
export function signPureEd25519(key: PrivateKey, message: Uint8Array): Uint8Array {
  if (key.publicKey.kind !== 'ed25519') throw new TypeError('not an Ed25519 key')
  return new Uint8Array(sign(null, message, secretOf(key)))
}

/** `d` of the JSON web key: an EC key's scalar, an Ed25519 key's seed. */
function scalar(secret: KeyObject): Uint8Array {
  return Uint8Array.from(Buffer.from(secret.export({ format: 'jwk' }).d ?? '', 'base64url'))
}

function hold(secret: KeyObject): PrivateKey {
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' })
  const key: PrivateKey = { publicKey: parseSpki(new Uint8Array(spki)) }
  secrets.set(key, secret)
  return key
}

function secretOf(key: PrivateKey): KeyObject {
  const secret = secrets.get(key)
  if (secret === undefined) throw new TypeError('a key that was not made here')
  return secret
}

function readPem(pem: string, passphrase: string | null): KeyObject {
  return opened(() => createPrivateKey({ key: pem, format: 'pem', ...(passphrase === null ? {} : { passphrase }) }))
}

function readDer(der: Uint8Array): KeyObject {
  return opened(() => createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }))
}

/** OpenSSL's own words stay out of the message: they may quote the input. */
function opened(read: () => KeyObject): KeyObject {
  try {
    return read()
  } catch {
    throw refused('cannot be opened: it is damaged, or the passphrase is another')
  }
}

function refused(why: string): TlogError {
  return new TlogError('KEY_FILE_REFUSED', `the private key ${why}`)
}
