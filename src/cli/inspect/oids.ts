/** Object identifiers and extensions that certificates of this world have, by what they mean. */

import { DerReader, TAG } from '../../formats/pki/der.ts'
import { parseUtf8 } from '../../kernel/bytes.ts'
import { bytes, type Content, list, text, word } from './tree.ts'

export const SIGNATURES: Readonly<Record<string, string>> = {
  '1.2.840.10045.4.3.2': 'ECDSA with SHA-256',
  '1.2.840.10045.4.3.3': 'ECDSA with SHA-384',
  '1.2.840.10045.4.3.4': 'ECDSA with SHA-512',
  '1.2.840.113549.1.1.1': 'RSA',
  '1.2.840.113549.1.1.11': 'RSA PKCS#1 v1.5 with SHA-256',
  '1.2.840.113549.1.1.12': 'RSA PKCS#1 v1.5 with SHA-384',
  '1.2.840.113549.1.1.13': 'RSA PKCS#1 v1.5 with SHA-512',
  '1.3.101.112': 'Ed25519',
}

export const DIGESTS: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'SHA-256',
  '2.16.840.1.101.3.4.2.2': 'SHA-384',
  '2.16.840.1.101.3.4.2.3': 'SHA-512',
}

const PURPOSES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'TLS server',
  '1.3.6.1.5.5.7.3.2': 'TLS client',
  '1.3.6.1.5.5.7.3.3': 'code signing',
  '1.3.6.1.5.5.7.3.4': 'email',
  '1.3.6.1.5.5.7.3.8': 'timestamps',
}

export function nameOf(names: Readonly<Record<string, string>>, oid: string): string {
  return names[oid] ?? oid
}

interface ShownExtension {
  readonly label: string
  readonly show: (value: Uint8Array) => Content
  readonly note?: string
  readonly isDetail?: boolean
}

const FULCIO = '1.3.6.1.4.1.57264.1.'
/** Bits of keyUsage, the highest of the first byte first. */
const USAGES = [
  'digital signature',
  'content commitment',
  'key encipherment',
  'data encipherment',
  'key agreement',
  'certificate signing',
  'CRL signing',
]

/** Fulcio's oid-info.md: 1 to 6 hold plain text, the later ones a DER UTF8String. */
const RAW = [
  'old OIDC issuer',
  'workflow trigger',
  'workflow commit',
  'workflow name',
  'workflow repository',
  'workflow ref',
]
const CLAIMS: Readonly<Record<number, string>> = {
  8: 'OIDC issuer',
  9: 'build signer URI',
  10: 'build signer digest',
  11: 'runner environment',
  12: 'source repository URI',
  13: 'source repository digest',
  14: 'source repository ref',
  15: 'source repository ID',
  16: 'source owner URI',
  17: 'source owner ID',
  18: 'build config URI',
  19: 'build config digest',
  20: 'build trigger',
  21: 'run invocation URI',
  22: 'source visibility',
}

/** What most readers ask for. */
const MAIN = [8, 9, 11, 12, 14, 20, 21]

/** By object identifier; what is not here is shown as its bytes. */
export const EXTENSIONS: Readonly<Record<string, ShownExtension>> = {
  '2.5.29.15': { label: 'key usage', show: showUsage },
  '2.5.29.37': { label: 'purposes', show: showPurposes },
  '2.5.29.19': { label: 'authority', show: showConstraints, note: 'whether its key may sign certificates' },
  '2.5.29.14': { label: 'key identifier', show: showKeyIdentifier, isDetail: true },
  '2.5.29.35': { label: 'authority key identifier', show: showAuthorityKey, isDetail: true },
  ...Object.fromEntries(RAW.map((label, i) => [`${FULCIO}${i + 1}`, { label, show: showRaw, isDetail: true }])),
  ...Object.fromEntries(
    Object.entries(CLAIMS).map(([n, label]) => [
      `${FULCIO}${n}`,
      { label, show: showClaim, isDetail: !MAIN.includes(Number(n)) },
    ]),
  ),
}

function showRaw(value: Uint8Array): Content {
  return text(parseUtf8(value))
}

function showKeyIdentifier(value: Uint8Array): Content {
  return bytes(new DerReader(value, 'CERTIFICATE_MALFORMED').read(TAG.octetString, 'the key identifier'))
}

function showClaim(value: Uint8Array): Content {
  return text(parseUtf8(new DerReader(value, 'CERTIFICATE_MALFORMED').read(TAG.utf8String, 'the claim')))
}

function showPurposes(value: Uint8Array): Content {
  const purposes = new DerReader(value, 'CERTIFICATE_MALFORMED').enter(TAG.sequence, 'extKeyUsage')
  const found: string[] = []
  while (purposes.tag !== undefined) found.push(nameOf(PURPOSES, purposes.oid('a purpose')))
  return list(found, word)
}

function showUsage(value: Uint8Array): Content {
  const [, bits = 0] = new DerReader(value, 'CERTIFICATE_MALFORMED').read(TAG.bitString, 'keyUsage')
  return list(
    USAGES.filter((_, i) => Math.floor(bits / 2 ** (7 - i)) % 2 === 1),
    word,
  )
}

function showConstraints(value: Uint8Array): Content {
  const constraints = new DerReader(value, 'CERTIFICATE_MALFORMED').enter(TAG.sequence, 'basicConstraints')
  return word(constraints.tag === TAG.boolean ? 'yes' : 'no')
}

function showAuthorityKey(value: Uint8Array): Content {
  const inner = new DerReader(value, 'CERTIFICATE_MALFORMED').enter(TAG.sequence, 'authorityKeyIdentifier')
  return inner.tag === 0x80 ? bytes(inner.next('the identifier').value) : bytes(value)
}
