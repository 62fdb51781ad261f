/** Signed entries to log: each by a P-256 key of its own, as keyless signing makes them. */

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

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

/** The body of POST /api/v2/log/entries. */
export function requestOf({ spki, digest, signature }: SignedDigest): string {
  const verifier = { publicKey: { rawBytes: base64(spki) }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' }
  return JSON.stringify({
    hashedRekordRequestV002: { digest: base64(digest), signature: { content: base64(signature), verifier } },
  })
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
