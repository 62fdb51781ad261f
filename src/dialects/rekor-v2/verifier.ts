/** What a request offers to check its signature with: a public key, or a certificate that holds one. */

import { type Algorithm, algorithmForKey, algorithmOf, checkKey } from '../../crypto/algorithms.ts'
import { type Certificate, parseCertificate } from '../../formats/pki/certificate.ts'
import { type PublicKey, parseSpki } from '../../formats/pki/spki.ts'
import type { Verifier } from '../../formats/sigstore/request-v2.ts'
import { TlogError } from '../../kernel/error.ts'

export interface ResolvedVerifier {
  readonly algorithm: Algorithm
  readonly key: PublicKey
  readonly certificate: Certificate | null
  /** As it stands in the leaf. */
  readonly logged: Verifier
}

/**
 * Certificates are read, not judged: chain and validity are the verifier's business, against its own roots.
 * @throws TlogError ALGORITHM_NOT_ALLOWED, KEY_NOT_ALLOWED, KEY_MALFORMED, CERTIFICATE_MALFORMED, DER_MALFORMED.
 */
export function resolveVerifier(offered: Verifier): ResolvedVerifier {
  const { kind, rawBytes } = offered.material
  if (kind === 'publicKey') return resolveKey(offered, parseSpki(rawBytes))
  const bareKey = keyInPlaceOfCertificate(rawBytes)
  if (bareKey !== null) return resolveBareKey(bareKey)
  const certificate = parseCertificate(rawBytes)
  return { ...resolveKey(offered, parseSpki(certificate.spki)), certificate }
}

function resolveKey(offered: Verifier, key: PublicKey): ResolvedVerifier {
  const algorithm = algorithmOf(offered.keyDetails)
  checkKey(algorithm, key)
  return { algorithm, key, certificate: null, logged: offered }
}

/** sigstore-js sends a bare key as x509Certificate with the keyDetails of P-256, whatever the key is. */
function resolveBareKey(key: PublicKey): ResolvedVerifier {
  const algorithm = algorithmForKey(key)
  const material = { kind: 'publicKey', rawBytes: key.der } as const
  return { algorithm, key, certificate: null, logged: { keyDetails: algorithm.keyDetails, material } }
}

/** No certificate is a valid key: the second element of one is a SEQUENCE, that of the other a BIT STRING. */
function keyInPlaceOfCertificate(rawBytes: Uint8Array): PublicKey | null {
  try {
    return parseSpki(rawBytes)
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}
