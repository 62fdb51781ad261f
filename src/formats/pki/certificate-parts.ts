/**
 * The parts of an X.509 certificate as they stand, for showing. Looser than certificate.ts, which decides what is taken:
 * of the parts nothing is read but where each begins and ends.
 */

import { DerReader, TAG } from './der.ts'
import { readDerTime } from './der-time.ts'

export interface CertificateParts {
  readonly serial: Uint8Array
  /** Object identifier. */
  readonly signatureAlgorithm: string
  /** Names as DER. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** DER of the sequence of two times. */
  readonly validity: Uint8Array
  readonly spki: Uint8Array
  readonly extensions: readonly Extension[]
}

export interface Extension {
  readonly oid: string
  readonly critical: boolean
  readonly value: Uint8Array
}

/** More than any certificate has. */
const MAX_EXTENSIONS = 128

/** @throws TlogError CERTIFICATE_MALFORMED */
export function readCertificateParts(der: Uint8Array): CertificateParts {
  const tbs = new DerReader(der, 'CERTIFICATE_MALFORMED')
    .enter(TAG.sequence, 'the certificate')
    .enter(TAG.sequence, 'tbsCertificate')
  if (tbs.tag === 0xa0) tbs.next('the version')
  return {
    serial: tbs.read(TAG.integer, 'the serial number'),
    signatureAlgorithm: tbs.enter(TAG.sequence, 'the signature algorithm').oid('the signature algorithm'),
    issuer: tbs.next('the issuer').der,
    validity: tbs.next('the validity').der,
    subject: tbs.next('the subject').der,
    spki: tbs.next('the public key').der,
    extensions: readExtensions(tbs),
  }
}

export function readValidity(der: Uint8Array): { readonly from: number; readonly until: number } {
  const times = new DerReader(der, 'CERTIFICATE_MALFORMED').enter(TAG.sequence, 'the validity')
  return { from: readDerTime(times, 'notBefore'), until: readDerTime(times, 'notAfter') }
}

function readExtensions(tbs: DerReader): Extension[] {
  while (tbs.tag !== undefined && tbs.tag !== 0xa3) tbs.next('a unique identifier')
  if (tbs.tag === undefined) return []
  const list = tbs.enter(0xa3, 'the extensions').enter(TAG.sequence, 'the extensions')
  const found: Extension[] = []
  while (list.tag !== undefined) {
    if (found.length === MAX_EXTENSIONS) list.fail(`more than ${MAX_EXTENSIONS} extensions`)
    const one = list.enter(TAG.sequence, 'an extension')
    const oid = one.oid('an extension')
    const critical = one.tag === TAG.boolean && one.read(TAG.boolean, 'critical')[0] !== 0
    found.push({ oid, critical, value: one.read(TAG.octetString, `extension ${oid}`) })
  }
  return found
}
