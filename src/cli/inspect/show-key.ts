/** Public keys and certificates, decoded. Nothing about them is trusted by being shown. */

import { sha256 } from '#sha256'
import { parseCertificate } from '../../formats/pki/certificate.ts'
import {
  type CertificateParts,
  type Extension,
  readCertificateParts,
  readValidity,
} from '../../formats/pki/certificate-parts.ts'
import { DerReader, TAG } from '../../formats/pki/der.ts'
import { parseName } from '../../formats/pki/name.ts'
import { parseSctList, SCT_EXTENSION } from '../../formats/pki/sct.ts'
import { type PublicKey, parseSpki } from '../../formats/pki/spki.ts'
import { parseSubjectAltName } from '../../formats/pki/subject-alt-name.ts'
import { TlogError } from '../../kernel/error.ts'
import { EXTENSIONS, nameOf, SIGNATURES } from './oids.ts'
import {
  brief,
  bytes,
  type Content,
  detail,
  faultOf,
  list,
  malformed,
  type Node,
  part,
  parts,
  text,
  time,
  word,
} from './tree.ts'

/** A SubjectPublicKeyInfo. */
export function showKey(spki: Uint8Array): Content {
  return parts(
    part('algorithm', () => word(keyName(spki))),
    part('fingerprint', bytes(sha256(spki)), 'SHA-256 of the SubjectPublicKeyInfo'),
  )
}

/** A good key of a kind that may not sign here is named all the same. @throws TlogError KEY_MALFORMED */
function keyName(spki: Uint8Array): string {
  try {
    return nameOfKey(parseSpki(spki))
  } catch (error) {
    if (error instanceof TlogError && error.code === 'KEY_NOT_ALLOWED') return error.message
    throw error
  }
}

export function nameOfKey(key: PublicKey): string {
  if (key.kind === 'ec') return `ECDSA ${key.curve}`
  return key.kind === 'rsa' ? `RSA ${key.bits}` : 'Ed25519'
}

/** Entries hold a key or a certificate: which of the two, its bytes tell. */
export function showKeyOrCertificate(der: Uint8Array): Node {
  return isCertificate(der)
    ? part('certificate', () => brief(showCertificate(der), ...IDENTITY))
    : part('public key', () => showKey(der))
}

/** Whose it is; a bundle has the same certificate in front. */
const IDENTITY = ['fingerprint', 'subject alternative names', 'OIDC issuer']

/** A key begins with an object identifier, two levels down; a certificate does not. */
export function isCertificate(der: Uint8Array): boolean {
  try {
    return new DerReader(der).enter(TAG.sequence, 'it').enter(TAG.sequence, 'it').tag !== TAG.oid
  } catch {
    return false
  }
}

/** What the strict parser refuses is said first; what can be read of the parts follows. */
export function showCertificate(der: Uint8Array): Content {
  const found = readCertificateParts(der)
  return parts(
    faultOf(() => parseCertificate(der)),
    part('subject', () => showName(found.subject)),
    part('issuer', () => showName(found.issuer)),
    detail(part('serial number', bytes(found.serial))),
    ...validity(found),
    part('key', () => showKey(found.spki)),
    part('signature algorithm', word(nameOf(SIGNATURES, found.signatureAlgorithm))),
    part('fingerprint', bytes(sha256(der)), 'SHA-256 of the certificate'),
    ...found.extensions.map(showExtension),
  )
}

function validity({ validity }: CertificateParts): Node[] {
  const range = attemptRange(validity)
  if (typeof range === 'string') return [part('valid', malformed(range))]
  return [part('valid from', time(range.from)), part('valid until', time(range.until))]
}

function attemptRange(der: Uint8Array) {
  try {
    return readValidity(der)
  } catch (error) {
    if (error instanceof TlogError) return error.message
    throw error
  }
}

export function showName(der: Uint8Array): Content {
  const name = parseName(der).map(({ type, value }) => `${type}=${value}`)
  return name.length === 0 ? word('empty') : text(name.join(', '))
}

function showExtension({ oid, value }: Extension): Node {
  if (oid === '2.5.29.17') return part('subject alternative names', () => showNames(value))
  if (oid === SCT_EXTENSION) return part('certificate logs', () => showScts(value), 'promises to show the certificate')
  const known = EXTENSIONS[oid]
  if (known === undefined) return part(`extension ${oid}`, bytes(value))
  const node = part(known.label, () => known.show(value), known.note)
  return known.isDetail ? detail(node) : node
}

function showNames(value: Uint8Array): Content {
  return list(parseSubjectAltName(value), (name) =>
    parts(part('type', word(name.type === 'other' ? `other ${name.oid}` : name.type)), part('name', text(name.value))),
  )
}

function showScts(value: Uint8Array): Content {
  return list(parseSctList(value), (sct) => parts(part('log ID', bytes(sct.logId)), part('time', time(sct.time))))
}
