/** The signature of an RFC 3161 response, by the certificate that came along. Whether anybody trusts that one is not asked. */

import * as crypto from '#crypto'
import { type Algorithm, CHECKED, checkKey } from '../../crypto/algorithms.ts'
import { type Certificate, parseCertificate } from '../../formats/pki/certificate.ts'
import { readCertificateParts } from '../../formats/pki/certificate-parts.ts'
import { type PublicKey, parseSpki } from '../../formats/pki/spki.ts'
import { checkTimestampForm } from '../../formats/pki/timestamp.ts'
import { readTimestampParts } from '../../formats/pki/timestamp-parts.ts'
import { readTimestampSignature, type TimestampSignature } from '../../formats/pki/timestamp-signature.ts'
import { equal, parseHex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'

/** Rekor's own bound. */
const MAX_BYTES = 10 * 1024

const EXTENDED_KEY_USAGE = '2.5.29.37'
/** RFC 3161 §2.3: timestamping, and nothing else. */
const ONLY_TIMESTAMPS = parseHex('300a06082b06010505070308')

/**
 * @throws TlogError DER_MALFORMED, CERTIFICATE_MALFORMED, KEY_MALFORMED, KEY_NOT_ALLOWED, ALGORITHM_NOT_ALLOWED,
 *   SIGNATURE_INVALID, LOG_BUSY.
 */
export async function requireTimestamp(response: Uint8Array): Promise<void> {
  if (response.length > MAX_BYTES)
    throw new TlogError('DER_MALFORMED', `a timestamp of ${response.length} bytes, above ${MAX_BYTES}`)
  checkTimestampForm(response)
  const certificate = signerOf(response)
  if (!equal(certificate.extensions.get(EXTENDED_KEY_USAGE) ?? new Uint8Array(), ONLY_TIMESTAMPS))
    throw new TlogError('CERTIFICATE_MALFORMED', 'the certificate is not one for timestamps alone')
  const signature = readTimestampSignature(response)
  if (!equal(crypto.digest(signature.digest, signature.info), signature.infoDigest))
    throw new TlogError('SIGNATURE_INVALID', 'the timestamp is signed over another TSTInfo')
  const key = parseSpki(certificate.spki)
  const algorithm = algorithmOf(key, signature)
  await crypto.verifyMessage({ algorithm, key, message: signature.message, signature: signature.bytes })
}

function signerOf(response: Uint8Array): Certificate {
  const { token } = readTimestampParts(response)
  const named = token?.certificates.find((certificate) => {
    const { issuer, serial } = readCertificateParts(certificate)
    return equal(issuer, token.signerIssuer) && equal(serial, token.signerSerial)
  })
  if (named === undefined)
    throw new TlogError('CERTIFICATE_MALFORMED', 'the certificate of the signer is not in the response')
  return parseCertificate(named)
}

function algorithmOf(key: PublicKey, { digest, keyKind }: TimestampSignature): Algorithm {
  const algorithm = CHECKED.find((one) => one.digest === digest && one.key.kind === keyKind && goesWith(one, key))
  if (algorithm === undefined)
    throw new TlogError('ALGORITHM_NOT_ALLOWED', `a timestamp signed with ${digest} by this kind of key`)
  return algorithm
}

function goesWith(algorithm: Algorithm, key: PublicKey): boolean {
  try {
    checkKey(algorithm, key)
    return true
  } catch {
    return false
  }
}
