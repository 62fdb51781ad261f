/** The lookup keys under which a signer's entries are found, whatever the dialect. */

import {
  asciiLowercase,
  caselessSubjectKey,
  certificateKey,
  identityKey,
  publicKeyKey,
  subjectKey,
} from '../formats/lookup-key.ts'
import type { Certificate } from '../formats/pki/certificate.ts'
import type { PublicKey } from '../formats/pki/spki.ts'

/** A key, or the certificate that holds it. */
export interface Signer {
  readonly key: PublicKey
  readonly certificate: Certificate | null
}

/** The key, and of a certificate itself, its subjects and who vouched for them. */
export function signerKeys({ key, certificate }: Signer): Uint8Array[] {
  const keys = [publicKeyKey(key.der)]
  if (certificate === null) return keys
  keys.push(certificateKey(certificate.der), ...certificate.sans.map(subjectKey), ...caselessKeys(certificate))
  const { issuer } = certificate
  if (issuer !== undefined) keys.push(...certificate.sans.map((name) => identityKey(issuer, name)))
  return keys
}

/** Beside the keys of the names as they stand: of those that have capitals, and whose keys keep them. */
function caselessKeys({ sans }: Certificate): Uint8Array[] {
  return sans
    .filter(({ type, value }) => (type === 'uri' || type === 'other') && value !== asciiLowercase(value))
    .map(caselessSubjectKey)
}
