/** Certificates for tests, of any content: DER, signed with ECDSA. */

import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { sha256 } from '#sha256'
import { formatDer, formatOid, formatUnsigned, TAG } from '../../src/formats/pki/der.ts'
import { concat, parseHex, utf8 } from '../../src/kernel/bytes.ts'

export interface CertificateOptions {
  readonly subject: string
  /** Null: by itself. */
  readonly issuer?: Made | null
  /** Seconds of UTCTime, such as 260101000000Z. */
  readonly from?: string
  readonly until?: string
  readonly extensions?: readonly Extension[]
  /** Of ECDSA with SHA-256, where it is not another. */
  readonly scheme?: string
  readonly curve?: string
  /** Has seen it, and says so in it (RFC 6962 §3.3). */
  readonly certificateLog?: KeyObject
}

export type Extension = readonly [oid: string, critical: boolean, value: Uint8Array]

export interface Made {
  readonly der: Uint8Array
  readonly name: Uint8Array
  readonly key: KeyObject
}

const sequence = (...parts: readonly Uint8Array[]) => formatDer(TAG.sequence, ...parts)
const SHA_256 = '1.2.840.10045.4.3.2'
const TRUE = formatDer(TAG.boolean, Uint8Array.of(0xff))

export const AUTHORITY: Extension = ['2.5.29.19', true, sequence(TRUE)]
export const ISSUES: Extension = ['2.5.29.15', true, formatDer(TAG.bitString, Uint8Array.of(2, 0x04))]
export const SIGNS: Extension = ['2.5.29.15', true, formatDer(TAG.bitString, Uint8Array.of(7, 0x80))]
export const CODE: Extension = ['2.5.29.37', false, sequence(formatOid('1.3.6.1.5.5.7.3.3'))]
export const SERVER: Extension = ['2.5.29.37', false, sequence(formatOid('1.3.6.1.5.5.7.3.1'))]

export const STAMPS: Extension = ['2.5.29.37', true, sequence(formatOid('1.3.6.1.5.5.7.3.8'))]

/** Fulcio's: which provider vouched for the name. */
export function vouched(issuer: string): Extension {
  return ['1.3.6.1.4.1.57264.1.8', false, formatDer(TAG.utf8String, utf8(issuer))]
}

export function authorityOver(length: number): Extension {
  return ['2.5.29.19', true, sequence(TRUE, formatUnsigned(Uint8Array.of(length)))]
}

export function email(address: string): Extension {
  return ['2.5.29.17', false, sequence(formatDer(0x81, utf8(address)))]
}

let serial = 1

export function certificateOf(options: CertificateOptions): Made {
  const { subject, issuer = null, from = '260101000000Z', until = '360101000000Z', scheme = SHA_256 } = options
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: options.curve ?? 'P-256' })
  const name = nameOf(subject)
  const algorithm = sequence(formatOid(scheme))
  const parts = [
    formatDer(0xa0, formatUnsigned(Uint8Array.of(2))),
    formatUnsigned(Uint8Array.of(serial++)),
    algorithm,
    issuer?.name ?? name,
    sequence(formatDer(TAG.utcTime, utf8(from)), formatDer(TAG.utcTime, utf8(until))),
    name,
    new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
  ]
  const { extensions = [], certificateLog: log } = options
  const seen = log && issuer && seenBy(log, issuer, sequence(...parts, ...extensionsOf(extensions)))
  const tbs = sequence(...parts, ...extensionsOf(seen ? [...extensions, seen] : extensions))
  const signature = sign('sha256', tbs, issuer?.key ?? privateKey)
  return { der: sequence(tbs, algorithm, formatDer(TAG.bitString, Uint8Array.of(0), signature)), name, key: privateKey }
}

/** A timestamp of a certificate log over what the certificate is without it. */
function seenBy(log: KeyObject, issuer: Made, tbs: Uint8Array): Extension {
  const spki = (key: KeyObject) => sha256(createPublicKey(key).export({ type: 'spki', format: 'der' }))
  const time = big(8, Date.parse('2026-01-01T00:00:00Z'))
  const signed = concat(Uint8Array.of(0, 0), time, big(2, 1), spki(issuer.key), big(3, tbs.length), tbs, big(2, 0))
  const signature = sign('sha256', signed, log)
  const sct = concat(Uint8Array.of(0), spki(log), time, big(2, 0), Uint8Array.of(4, 3), sized(signature))
  return ['1.3.6.1.4.1.11129.2.4.2', false, formatDer(TAG.octetString, sized(sized(sct)))]
}

function big(bytes: number, value: number): Uint8Array {
  return parseHex(value.toString(16).padStart(2 * bytes, '0'))
}

function sized(bytes: Uint8Array): Uint8Array {
  return concat(big(2, bytes.length), bytes)
}

function nameOf(common: string): Uint8Array {
  const part = sequence(formatOid('2.5.4.3'), formatDer(TAG.utf8String, utf8(common)))
  return sequence(formatDer(0x31, part))
}

function extensionsOf(extensions: readonly Extension[]): Uint8Array[] {
  if (extensions.length === 0) return []
  const all = extensions.map(([oid, critical, value]) =>
    sequence(formatOid(oid), ...(critical ? [TRUE] : []), formatDer(TAG.octetString, value)),
  )
  return [formatDer(0xa3, sequence(...all))]
}

/** NameConstraints: permitted, example.com. */
export const CONSTRAINED: Extension = ['2.5.29.30', true, parseHex('3011a00f300d820b6578616d706c652e636f6d')]
