/** A certificate's path to a root of the caller's (RFC 5280 §6); each signature by OpenSSL. */

import { X509Certificate } from 'node:crypto'
import { type Certificate, parseCertificate } from '../formats/pki/certificate.ts'
import { type CertificateParts, readCertificateParts, readValidity } from '../formats/pki/certificate-parts.ts'
import { DerReader, TAG } from '../formats/pki/der.ts'
import { parseSpki } from '../formats/pki/spki.ts'
import type { UnixMillis } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import type { CertificatePath } from '../verify/ports.ts'

/** Between leaf and root. */
const MAX_BETWEEN = 8
const BASIC_CONSTRAINTS = '2.5.29.19'
const KEY_USAGE = '2.5.29.15'
/** Understood where they are critical. What binds an authority to names is not, so that such a path is refused. */
const UNDERSTOOD = [BASIC_CONSTRAINTS, KEY_USAGE, '2.5.29.37', '2.5.29.17', '2.5.29.14', '2.5.29.35']
/** ECDSA and RSA (PKCS #1 v1.5) with SHA-256, 384 or 512. */
const SIGNATURES = [
  ...['1.2.840.10045.4.3.2', '1.2.840.10045.4.3.3', '1.2.840.10045.4.3.4'],
  ...['1.2.840.113549.1.1.11', '1.2.840.113549.1.1.12', '1.2.840.113549.1.1.13'],
]

interface Link {
  readonly certificate: Certificate
  readonly parts: CertificateParts
  readonly x509: X509Certificate
}

/**
 * @returns the root that it leads to
 * @throws TlogError CERTIFICATE_UNTRUSTED, CERTIFICATE_MALFORMED, KEY_NOT_ALLOWED, KEY_MALFORMED
 */
export function verifyPath({ leaf, others, roots }: CertificatePath, time: UnixMillis): Uint8Array {
  const [trusted, offered] = [roots.map(toLink), others.map(toLink)]
  let link = toLink(leaf)
  requireSound(link, time)
  for (let between = 0; between <= MAX_BETWEEN; between++) {
    const root = trusted.find((one) => hasSigned(one, link))
    const issuer = root ?? offered.find((one) => hasSigned(one, link))
    if (issuer === undefined) throw untrusted(`nobody whose root was named signed the certificate of ${shown(link)}`)
    requireSound(issuer, time)
    requireAuthority(issuer, between)
    if (root !== undefined) return root.certificate.der
    link = issuer
  }
  throw untrusted(`more than ${MAX_BETWEEN} certificates between the signer's and a root`)
}

function toLink(der: Uint8Array): Link {
  const certificate = parseCertificate(der) // OpenSSL would read other bytes as the same certificate
  return { certificate, parts: readCertificateParts(der), x509: opened(der) }
}

function opened(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch (cause) {
    throw new TlogError('CERTIFICATE_MALFORMED', 'OpenSSL does not read the certificate', { cause })
  }
}

function hasSigned(issuer: Link, { x509, parts }: Link): boolean {
  if (issuer.x509.fingerprint256 === x509.fingerprint256) return false // itself, which leads nowhere
  if (!SIGNATURES.includes(parts.signatureAlgorithm)) return false
  try {
    return x509.checkIssued(issuer.x509) && x509.verify(issuer.x509.publicKey)
  } catch {
    return false // a key that OpenSSL does not take
  }
}

function requireSound(link: Link, time: UnixMillis): void {
  const { spki, validity, extensions } = link.parts
  parseSpki(spki)
  const { from, until } = readValidity(validity)
  if (time < from || time > until)
    throw untrusted(`the certificate of ${shown(link)} is valid from ${utc(from)} to ${utc(until)} alone`)
  const unknown = extensions.find(({ oid, critical }) => critical && !UNDERSTOOD.includes(oid))
  if (unknown !== undefined)
    throw untrusted(`the certificate of ${shown(link)} has a critical extension that is not understood: ${unknown.oid}`)
}

/** @param below authorities between it and the signer */
function requireAuthority(link: Link, below: number): void {
  const { isAuthority, pathLength } = readConstraints(link.certificate.extensions.get(BASIC_CONSTRAINTS))
  if (!isAuthority || !link.x509.ca) throw untrusted(`${shown(link)} is no authority`)
  if (below > pathLength) throw untrusted(`${shown(link)} may have no more than ${pathLength} authorities below it`)
}

function readConstraints(extension: Uint8Array | undefined): { isAuthority: boolean; pathLength: number } {
  if (extension === undefined) return { isAuthority: false, pathLength: 0 }
  const reader = new DerReader(extension, 'CERTIFICATE_MALFORMED').enter(TAG.sequence, 'basicConstraints')
  const isAuthority = reader.tag === TAG.boolean && reader.read(TAG.boolean, 'cA')[0] === 0xff
  if (reader.tag === undefined) return { isAuthority, pathLength: Number.POSITIVE_INFINITY }
  const [length = 0, second] = reader.unsigned('pathLenConstraint')
  return { isAuthority, pathLength: second === undefined ? length : Number.POSITIVE_INFINITY }
}

function untrusted(why: string): TlogError {
  return new TlogError('CERTIFICATE_UNTRUSTED', why)
}

/** As OpenSSL prints its subject, of which it says nothing where that is empty. */
function shown({ x509 }: Link): string {
  return JSON.stringify(String(x509.subject ?? '').slice(0, 256))
}

function utc(millis: number): string {
  return new Date(millis).toISOString()
}
