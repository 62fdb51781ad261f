/** Signed entries to log: each by a P-256 key of its own, as keyless signing makes them. */

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { canonicalPem } from '../src/formats/sigstore/leaf-v1.ts'
import type { Dialect } from './fill.ts'
import { post } from './http-client.ts'

export interface SignedDigest {
  readonly spki: Uint8Array
  readonly digest: Uint8Array
  readonly signature: Uint8Array
}

export function signDigests(count: number): SignedDigest[] {
  return Array.from({ length: count }, () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const message = randomBytes(32)
    return {
      spki: publicKey.export({ type: 'spki', format: 'der' }),
      digest: createHash('sha256').update(message).digest(),
      signature: sign('sha256', message, privateKey),
    }
  })
}

/** What logs an entry, as bytes to send. */
export function writeRequest(dialect: Dialect, entry: SignedDigest): Buffer {
  return dialect === 'rekor-v2'
    ? post('/api/v2/log/entries', JSON.stringify(requestV2(entry)))
    : post('/api/v1/log/entries', JSON.stringify(proposalV1(entry)))
}

function requestV2({ spki, digest, signature }: SignedDigest): object {
  const verifier = { publicKey: { rawBytes: base64(spki) }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' }
  return { hashedRekordRequestV002: { digest: base64(digest), signature: { content: base64(signature), verifier } } }
}

function proposalV1({ spki, digest, signature }: SignedDigest): object {
  const publicKey = { content: base64(canonicalPem({ label: 'PUBLIC KEY', der: spki })) }
  const data = { hash: { algorithm: 'sha256', value: Buffer.from(digest).toString('hex') } }
  return {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: { data, signature: { content: base64(signature), publicKey } },
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
