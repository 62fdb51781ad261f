/**
 * X.509 v3 certificates (RFC 5280), as far as a log needs them: the key, the names, and who vouched for the identity.
 *
 * A log parses a certificate and nothing more: neither chain nor validity is checked here, by design. Whoever trusts the
 * identity must check both, against roots and a time of their own choice.
 */

import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { DerReader, TAG } from './der.ts'
import { printable } from './printable.ts'
import { parseSubjectAltName, type SubjectAltName } from './subject-alt-name.ts'

export interface Certificate {
  readonly der: Uint8Array
  /** SubjectPublicKeyInfo, a view into `der`; not parsed. */
  readonly spki: Uint8Array
  /** In the certificate's order. */
  readonly sans: readonly SubjectAltName[]
  /** Fulcio: the OpenID provider that vouched for the identity. */
  readonly issuer: string | undefined
  /** Issuer and subject are one name, as in a root. */
  readonly isSelfIssued: boolean
  /** Values of all extensions by their OID, in DER; those above have been read. */
  readonly extensions: ReadonlyMap<string, Uint8Array>
}

const MAX_BYTES = 64 * 1024
const MAX_DEPTH = 16
const MAX_EXTENSIONS = 64
/** RFC 5280 §4.1.2.2. */
const MAX_SERIAL_BYTES = 20

const SUBJECT_ALT_NAME = '2.5.29.17'
/** A DER UTF8String (Fulcio's oid-info.md). */
const FULCIO_ISSUER = '1.3.6.1.4.1.57264.1.8'
/** Its predecessor: the text as it is. */
const FULCIO_ISSUER_RAW = '1.3.6.1.4.1.57264.1.1'

const UTC_TIME = /^\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d[0-5]\dZ$/
const GENERALIZED_TIME = /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d[0-5]\dZ$/

/** @throws TlogError CERTIFICATE_MALFORMED, saying where, unless one strict DER certificate and nothing after it. */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_BYTES) throw new TlogError('CERTIFICATE_MALFORMED', `a certificate of ${der.length} bytes`)
  new DerReader(der, 'CERTIFICATE_MALFORMED').walk(MAX_DEPTH)
  const outer = new DerReader(der, 'CERTIFICATE_MALFORMED')
  const certificate = outer.enter(TAG.sequence, 'the certificate')
  outer.end('the certificate')
  const tbs = certificate.enter(TAG.sequence, 'tbsCertificate')
  const algorithm = certificate.next('the signature algorithm')
  certificate.bits('the signature')
  certificate.end('the signature')
  return { der, ...readTbs(tbs, algorithm.der) }
}

function readTbs(tbs: DerReader, outerAlgorithm: Uint8Array): Omit<Certificate, 'der'> {
  const version = tbs.enter(0xa0, 'the version')
  if (version.unsigned('the version')[0] !== 2) tbs.fail('not version 3')
  version.end('the version')
  if (tbs.unsigned('the serial number').length > MAX_SERIAL_BYTES) tbs.fail('a serial number of over 20 bytes')
  if (!equal(tbs.next('the signature algorithm').der, outerAlgorithm)) tbs.fail('two different signature algorithms')
  const issuerName = tbs.read(TAG.sequence, 'the issuer')
  readValidity(tbs.enter(TAG.sequence, 'the validity'))
  const isSelfIssued = equal(tbs.read(TAG.sequence, 'the subject'), issuerName)
  if (tbs.tag !== TAG.sequence) tbs.fail('the public key is missing')
  const spki = tbs.next('the public key').der
  for (const tag of [0x81, 0x82]) if (tbs.tag === tag) tbs.next('a unique identifier')
  if (tbs.tag === undefined) return { spki, sans: [], issuer: undefined, isSelfIssued, extensions: new Map() }
  const explicit = tbs.enter(0xa3, 'the extensions')
  tbs.end('the extensions')
  const extensions = readExtensions(explicit.enter(TAG.sequence, 'the extensions'))
  explicit.end('the extensions')
  const sans = extensions.get(SUBJECT_ALT_NAME)
  const names = { sans: sans === undefined ? [] : parseSubjectAltName(sans), issuer: fulcioIssuer(extensions) }
  return { spki, ...names, isSelfIssued, extensions }
}

function readValidity(validity: DerReader): void {
  for (const name of ['notBefore', 'notAfter']) {
    const form = validity.tag === TAG.utcTime ? UTC_TIME : GENERALIZED_TIME
    const time = validity.read(validity.tag === TAG.utcTime ? TAG.utcTime : TAG.generalizedTime, name)
    if (!form.test(ascii(time))) validity.fail(`${name} is no time`)
  }
  validity.end('notAfter')
}

function readExtensions(list: DerReader): ReadonlyMap<string, Uint8Array> {
  const extensions = new Map<string, Uint8Array>()
  while (list.tag !== undefined) {
    const extension = list.enter(TAG.sequence, 'an extension')
    const oid = extension.oid('an extension')
    // DEFAULT FALSE: DER writes TRUE or nothing.
    if (extension.tag === TAG.boolean && !equal(extension.read(TAG.boolean, 'critical'), Uint8Array.of(0xff)))
      extension.fail(`critical in extension ${oid} is not TRUE`)
    const value = extension.read(TAG.octetString, `extension ${oid}`)
    extension.end(`extension ${oid}`)
    if (extensions.has(oid)) list.fail(`extension ${oid} twice`)
    if (extensions.size === MAX_EXTENSIONS) list.fail(`more than ${MAX_EXTENSIONS} extensions`)
    extensions.set(oid, value)
  }
  if (extensions.size === 0) list.fail('an empty list of extensions')
  return extensions
}

function fulcioIssuer(extensions: ReadonlyMap<string, Uint8Array>): string | undefined {
  const wrapped = extensions.get(FULCIO_ISSUER)
  if (wrapped === undefined) {
    const raw = extensions.get(FULCIO_ISSUER_RAW)
    return raw === undefined ? undefined : printable(raw, 'the Fulcio issuer')
  }
  const reader = new DerReader(wrapped, 'CERTIFICATE_MALFORMED')
  const text = reader.read(TAG.utf8String, 'the Fulcio issuer')
  reader.end('the Fulcio issuer')
  return printable(text, 'the Fulcio issuer')
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 32))
}
