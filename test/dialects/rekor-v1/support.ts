/** Proposals of Rekor v1 with good signatures, by the fixed keys of the v2 tests. */

import { ed25519 } from '@noble/curves/ed25519.js'
import { p384, p521 } from '@noble/curves/nist.js'
import { formatPem, type PemLabel } from '../../../src/formats/pki/pem.ts'
import { pae } from '../../../src/formats/sigstore/dsse.ts'
import { base64, hex, utf8 } from '../../../src/kernel/bytes.ts'
import { ED25519, hashOf, type Key, MESSAGE, P384, P521 } from '../rekor-v2/support.ts'

const NAMES = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' } as const
const SECRET = new Uint8Array(32).fill(5)

export function pem64(der: Uint8Array, label: PemLabel = 'PUBLIC KEY'): string {
  return base64(utf8(formatPem(der, label)))
}

type SignedKey = Key & { readonly message?: Uint8Array }

export function hashedRekord(key: SignedKey, verifier = pem64(key.spki)) {
  const message = key.message ?? MESSAGE
  return {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: NAMES[key.digest] as string, value: hex(hashOf(key.digest, message)) } },
      signature: { content: base64(key.sign(message)), publicKey: { content: verifier } },
    },
  }
}

/** As envelopes are signed for Rekor v1: SHA-256 whatever the curve, and Ed25519 over the message itself. */
export function signEnvelope(key: Key, message: Uint8Array): Uint8Array {
  if (key === ED25519) return ed25519.sign(message, SECRET)
  if (key !== P384 && key !== P521) return key.sign(message)
  const curve = key === P384 ? p384 : p521
  const secret = new Uint8Array(curve.lengths.secretKey ?? 0)
  secret.set(SECRET.subarray(0, 30), 1)
  return curve.sign(hashOf('SHA2_256', message), secret, { prehash: false, format: 'der', lowS: false })
}

export const STATEMENT = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'a', digest: { sha256: 'ab'.repeat(32), gitCommit: 'CD'.repeat(20) } }],
  predicate: {
    materials: [{ digest: { sha1: '01'.repeat(20) } }],
    buildDefinition: { resolvedDependencies: [{ digest: { sha512: '02'.repeat(64) } }] },
  },
}
export const IN_TOTO = 'application/vnd.in-toto+json'
export const PAYLOAD = utf8(JSON.stringify(STATEMENT))

export interface EnvelopeOptions {
  readonly payloadType?: string
  readonly payload?: Uint8Array
}

export function envelopeOf(keys: readonly Key[], options: EnvelopeOptions = {}) {
  const { payloadType = IN_TOTO, payload = PAYLOAD } = options
  const message = pae(payloadType, payload)
  const signatures = keys.map((key) => ({ keyid: 'a', sig: base64(signEnvelope(key, message)) }))
  return { payload: base64(payload), payloadType, signatures }
}

export function dsse(keys: readonly Key[], envelope = JSON.stringify(envelopeOf(keys))) {
  const proposedContent = { envelope, verifiers: keys.map(({ spki }) => pem64(spki)) }
  return { apiVersion: '0.0.1', kind: 'dsse', spec: { proposedContent } }
}

export function intotoV1(key: Key, envelope = JSON.stringify(envelopeOf([key]))) {
  return { apiVersion: '0.0.1', kind: 'intoto', spec: { content: { envelope }, publicKey: pem64(key.spki) } }
}

export function intotoV2(keys: readonly Key[], options: EnvelopeOptions = {}) {
  const { payload, payloadType, signatures } = envelopeOf(keys, options)
  const again = (encoded: string) => base64(utf8(encoded))
  const signed = signatures.map(({ sig }, i) => ({
    publicKey: pem64((keys[i] as Key).spki),
    sig: again(sig),
    ...(i === 0 ? { keyid: 'é' } : { keyid: '' }),
  }))
  const envelope = { payload: again(payload), payloadType, signatures: signed }
  const hash = { algorithm: 'sha256', value: '03'.repeat(32) }
  return { apiVersion: '0.0.2', kind: 'intoto', spec: { content: { envelope, hash } } }
}

/** A file with a detached signature, as the files of a tool. */
export function rekord(format: string, file: Uint8Array, signature: Uint8Array, key: Uint8Array) {
  const data: { content: string; hash?: unknown; url?: string } = { content: base64(file) }
  return {
    apiVersion: '0.0.1',
    kind: 'rekord',
    spec: { data, signature: { format, content: base64(signature), publicKey: { content: base64(key) } } },
  }
}

/** As signatures for Rekor v1 by X.509 keys are made: in the way of envelopes. */
export function rekordBy(key: Key, file = MESSAGE) {
  return rekord('x509', file, signEnvelope(key, file), utf8(formatPem(key.spki, 'PUBLIC KEY')))
}

/** @param key of whoever signed the message, as PEM in base64 */
export function cose(message: Uint8Array, key: string, external?: Uint8Array) {
  const data = external === undefined ? {} : { aad: base64(external) }
  return { apiVersion: '0.0.1', kind: 'cose', spec: { message: base64(message), publicKey: key, data } }
}

export function rfc3161(response: Uint8Array) {
  return { apiVersion: '0.0.1', kind: 'rfc3161', spec: { tsr: { content: base64(response) } } }
}
