/** What a proposal offers to check a signature with: a public key, or the one certificate that holds it. */

import { parseCertificate } from '../../formats/pki/certificate.ts'
import type { PemBlock } from '../../formats/pki/pem.ts'
import { parseSpki } from '../../formats/pki/spki.ts'
import type { Signer } from '../signer-keys.ts'

/**
 * Certificates are read, not judged: chain and validity are the verifier's business, against its own roots.
 * @throws TlogError KEY_NOT_ALLOWED, KEY_MALFORMED, CERTIFICATE_MALFORMED, DER_MALFORMED.
 */
export function readSigner({ label, der }: PemBlock): Signer {
  if (label === 'PUBLIC KEY') return { key: parseSpki(der), certificate: null }
  const certificate = parseCertificate(der)
  return { key: parseSpki(certificate.spki), certificate }
}
