/** Requests with good signatures: by other people's vectors where there are any, and by fixed keys of our own. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ed25519ph } from '@noble/curves/ed25519.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import type { DigestName, KeyDetails } from '../../../src/crypto/algorithms.ts'
import { type Curve, formatSpki } from '../../../src/formats/pki/spki.ts'
import type { Envelope } from '../../../src/formats/sigstore/dsse.ts'
import { pae } from '../../../src/formats/sigstore/dsse.ts'
import type { DsseRequest, HashedRekordRequest, Material } from '../../../src/formats/sigstore/request-v2.ts'
import { concat, parseHex, utf8 } from '../../../src/kernel/bytes.ts'

export function vector(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../vectors/${path}`, import.meta.url)))
}

export function hashOf(name: DigestName, bytes: Uint8Array): Uint8Array {
  const algorithm = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' }[name]
  return new Uint8Array(createHash(algorithm).update(bytes).digest())
}

/** One key, and how it signs. */
export interface Key {
  readonly keyDetails: KeyDetails
  readonly digest: DigestName
  readonly spki: Uint8Array
  sign(message: Uint8Array): Uint8Array
}

const SECRET = new Uint8Array(32).fill(5)
const ED25519_HEAD = parseHex('302a300506032b6570032100')

function ec(curve: Curve, keyDetails: KeyDetails, digest: DigestName): Key {
  const noble = { 'P-256': p256, 'P-384': p384, 'P-521': p521 }[curve]
  const secret = new Uint8Array(noble.lengths.secretKey ?? 0)
  secret.set(SECRET.subarray(0, 30), 1)
  const spki = formatSpki({ kind: 'ec', curve, point: noble.getPublicKey(secret, false) })
  const sign = (message: Uint8Array) =>
    noble.sign(hashOf(digest, message), secret, { prehash: false, format: 'der', lowS: false })
  return { keyDetails, digest, spki, sign }
}

export const P256 = ec('P-256', 'PKIX_ECDSA_P256_SHA_256', 'SHA2_256')
export const P384 = ec('P-384', 'PKIX_ECDSA_P384_SHA_384', 'SHA2_384')
export const P521 = ec('P-521', 'PKIX_ECDSA_P521_SHA_512', 'SHA2_512')
export const ED25519: Key = {
  keyDetails: 'PKIX_ED25519_PH',
  digest: 'SHA2_512',
  spki: concat(ED25519_HEAD, ed25519ph.getPublicKey(SECRET)),
  sign: (message) => ed25519ph.sign(message, SECRET),
}

interface RsaVectors {
  readonly testGroups: readonly {
    readonly publicKeyDer: string
    readonly tests: readonly { readonly msg: string; readonly sig: string; readonly result: string }[]
  }[]
}

/** A key that signs one message: the vectors hold no private keys. */
function rsa(bits: 2048 | 3072 | 4096): Key & { readonly message: Uint8Array } {
  const text = new TextDecoder().decode(vector(`wycheproof/rsa_signature_${bits}_sha256_test.json`))
  const [group] = (JSON.parse(text) as RsaVectors).testGroups
  const test = group?.tests.find(({ msg, result }) => result === 'valid' && msg !== '')
  if (group === undefined || test === undefined) throw new Error('no such vector')
  return {
    keyDetails: `PKIX_RSA_PKCS1V15_${bits}_SHA256`,
    digest: 'SHA2_256',
    spki: parseHex(group.publicKeyDer),
    message: parseHex(test.msg),
    sign: () => parseHex(test.sig),
  }
}

export const RSA = [rsa(2048), rsa(3072), rsa(4096)] as const
export const KEYS: readonly (Key & { readonly message?: Uint8Array })[] = [P256, P384, P521, ...RSA, ED25519]
export const MESSAGE = utf8('hello')

export function digestRequest(
  key: Key & { readonly message?: Uint8Array },
  change: { material?: Material; keyDetails?: KeyDetails; digest?: Uint8Array } = {},
): HashedRekordRequest {
  const message = key.message ?? MESSAGE
  const material = change.material ?? ({ kind: 'publicKey', rawBytes: key.spki } as const)
  return {
    kind: 'hashedrekord',
    digest: change.digest ?? hashOf(key.digest, message),
    signature: key.sign(message),
    verifier: { keyDetails: change.keyDetails ?? key.keyDetails, material },
  }
}

export const PAYLOAD = { payloadType: 'application/vnd.in-toto+json', payload: utf8('{"_type":"statement"}') }

export function envelopeRequest(key: Key, change: Partial<Envelope> = {}, verifiers = 1): DsseRequest {
  const { payloadType, payload } = PAYLOAD
  const sig = key.sign(pae(payloadType, payload))
  const verifier = { keyDetails: key.keyDetails, material: { kind: 'publicKey', rawBytes: key.spki } } as const
  return {
    kind: 'dsse',
    envelope: { payloadType, payload, signatures: [{ sig, keyid: '' }], ...change },
    verifiers: Array.from({ length: verifiers }, () => verifier),
  }
}

/** A certificate of the vectors, about a key of ours of the same curve: no log judges a certificate's own signature. */
export function certificateFor(key: Key, name: string): Uint8Array {
  const certificate = vector(`x509/${name}.der`)
  const at = Buffer.from(certificate).indexOf(key.spki.subarray(0, 12)) // tags, lengths, algorithm
  if (at < 0) throw new Error(`${name} is about another kind of key`)
  const about = concat(certificate)
  about.set(key.spki, at)
  return about
}
