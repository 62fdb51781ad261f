/** Asking a Fulcio certificate authority for a certificate (sigstore/fulcio fulcio.proto, API v2). */

import { base64 } from '../../kernel/bytes.ts'
import { list, openObject, parsed, type Read } from '../fields.ts'
import type { JsonValue } from '../json.ts'
import { formatPem, parsePem } from '../pki/pem.ts'
import type { IdentityToken } from './identity-token.ts'

export interface CertificateQuestion {
  readonly token: IdentityToken
  /** Of a P-256 key. */
  readonly spki: Uint8Array
  /** The key's signature over `possessionChallenge`. */
  readonly proof: Uint8Array
}

/** The text holds the token: a secret. */
export function formatCertificateQuestion({ token, spki, proof }: CertificateQuestion): string {
  const publicKey = { algorithm: 'ECDSA', content: formatPem(spki, 'PUBLIC KEY') }
  return JSON.stringify({
    credentials: { oidcIdentityToken: token.text },
    publicKeyRequest: { publicKey, proofOfPossession: base64(proof) },
  })
}

const MAX_CHAIN = 10

const pem = parsed((text) => parsePem(text, 'CERTIFICATE')[0] ?? new Uint8Array())
const chain = openObject((fields) => fields.required('certificates', list(pem, { min: 1, max: MAX_CHAIN })))
const embedded = openObject((fields) => fields.required('chain', chain))

const answer: Read<readonly Uint8Array[]> = openObject((fields) =>
  fields.required('signedCertificateEmbeddedSct', embedded),
)

/**
 * The chain, DER, the new certificate first. Nothing of it has been checked.
 * @throws TlogError FIELD_MISSING, also when the proof of the certificate log came apart from the certificate, which no
 *   bundle can hold; FIELD_INVALID
 */
export function parseCertificateAnswer(json: JsonValue): readonly Uint8Array[] {
  return answer(json, '')
}
