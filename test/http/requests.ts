/** Signed requests as clients send them, and the same with one thing wrong. */

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

export interface Key {
  readonly secret: KeyObject
  /** SPKI DER. */
  readonly spki: Buffer
  readonly keyDetails: string
  readonly digest: 'sha256' | 'sha384' | 'sha512'
}

export function ecKey(curve: 'P-256' | 'P-384' | 'P-521' = 'P-256'): Key {
  const { privateKey: secret, publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
  const kinds = {
    'P-256': ['PKIX_ECDSA_P256_SHA_256', 'sha256'],
    'P-384': ['PKIX_ECDSA_P384_SHA_384', 'sha384'],
    'P-521': ['PKIX_ECDSA_P521_SHA_512', 'sha512'],
  } as const
  const [keyDetails, digest] = kinds[curve]
  return { secret, spki: publicKey.export({ type: 'spki', format: 'der' }), keyDetails, digest }
}

/** The one field of a request, as an object to be changed. */
export interface HashedRekord {
  digest: string
  signature: { content: string; verifier: { publicKey: { rawBytes: string }; keyDetails: string } }
}

export function hashedRekord(key: Key, artifact: Uint8Array = randomBytes(32)): HashedRekord {
  return {
    digest: createHash(key.digest).update(artifact).digest('base64'),
    signature: {
      content: sign(key.digest, artifact, key.secret).toString('base64'),
      verifier: { publicKey: { rawBytes: key.spki.toString('base64') }, keyDetails: key.keyDetails },
    },
  }
}

export function hashedRekordBody(key: Key, artifact?: Uint8Array): string {
  return JSON.stringify({ hashedRekordRequestV002: hashedRekord(key, artifact) })
}

export function pae(payloadType: string, payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `),
    payload,
  ])
}

export interface Dsse {
  envelope: { payload: string; payloadType: string; signatures: { sig: string; keyid?: string }[] }
  verifiers: HashedRekord['signature']['verifier'][]
}

export function dsse(key: Key, payload: Buffer, payloadType = 'application/vnd.in-toto+json'): Dsse {
  const sig = sign(key.digest, pae(payloadType, payload), key.secret).toString('base64')
  return {
    envelope: { payload: payload.toString('base64'), payloadType, signatures: [{ sig, keyid: '' }] },
    verifiers: [{ publicKey: { rawBytes: key.spki.toString('base64') }, keyDetails: key.keyDetails }],
  }
}

export function dsseBody(key: Key, payload: Buffer): string {
  return JSON.stringify({ dsseRequestV002: dsse(key, payload) })
}
