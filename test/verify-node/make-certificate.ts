/** Certificates for tests, of any content: DER, signed with ECDSA. */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { formatDer, formatOid, formatUnsigned, TAG } from '../../src/formats/pki/der.ts'
import { parseHex, utf8 } from '../../src/kernel/bytes.ts'

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
  const tbs = sequence(
    formatDer(0xa0, formatUnsigned(Uint8Array.of(2))),
    formatUnsigned(Uint8Array.of(serial++)),
    algorithm,
    issuer?.name ?? name,
    sequence(formatDer(TAG.utcTime, utf8(from)), formatDer(TAG.utcTime, utf8(until))),
    name,
    new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    ...extensionsOf(options.extensions ?? []),
  )
  const signature = sign('sha256', tbs, issuer?.key ?? privateKey)
  return { der: sequence(tbs, algorithm, formatDer(TAG.bitString, Uint8Array.of(0), signature)), name, key: privateKey }
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
