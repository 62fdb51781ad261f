/** What an RFC 3161 response says, for showing. timestamp.ts decides which form is taken; here nothing is checked. */

import type { UnixMillis } from '../../kernel/brand.ts'
import { DerReader, TAG } from './der.ts'
import { readDerTime } from './der-time.ts'

export interface TimestampParts {
  /** 0 granted, 1 granted with modifications, 2 rejection … */
  readonly status: number
  /** Null where the authority refused. */
  readonly token: TimestampToken | null
}

export interface TimestampToken {
  /** Object identifiers. */
  readonly policy: string
  readonly hashAlgorithm: string
  /** What was stamped, by its hash. */
  readonly imprint: Uint8Array
  readonly serial: Uint8Array
  readonly time: UnixMillis
  /** DER, as they came along. */
  readonly certificates: readonly Uint8Array[]
  /** A name as DER, and a number: the certificate that the signature is by. */
  readonly signerIssuer: Uint8Array
  readonly signerSerial: Uint8Array
}

const SET = 0x31
const CONTEXT_0 = 0xa0
const MAX_CERTIFICATES = 32

/** @throws TlogError DER_MALFORMED, saying where */
export function readTimestampParts(der: Uint8Array): TimestampParts {
  const response = new DerReader(der).enter(TAG.sequence, 'the response')
  const [status = 0] = response.enter(TAG.sequence, 'the status').unsigned('the status')
  return { status, token: response.tag === undefined ? null : readToken(response) }
}

function readToken(response: DerReader): TimestampToken {
  const content = response.enter(TAG.sequence, 'the token')
  content.oid('the content type')
  const data = content.enter(CONTEXT_0, 'the content').enter(TAG.sequence, 'SignedData')
  data.read(TAG.integer, 'the version of SignedData')
  data.read(SET, 'the digest algorithms')
  const signed = data.enter(TAG.sequence, 'the signed content')
  signed.oid('the type of the signed content')
  const info = signed.enter(CONTEXT_0, 'TSTInfo').enter(TAG.octetString, 'TSTInfo').enter(TAG.sequence, 'TSTInfo')
  return { ...readInfo(info), certificates: readCertificates(data), ...readSigner(data) }
}

function readInfo(info: DerReader) {
  info.read(TAG.integer, 'the version of TSTInfo')
  const policy = info.oid('the policy')
  const imprint = info.enter(TAG.sequence, 'the imprint')
  return {
    policy,
    hashAlgorithm: imprint.enter(TAG.sequence, 'the hash algorithm').oid('the hash algorithm'),
    imprint: imprint.read(TAG.octetString, 'the imprint'),
    serial: info.read(TAG.integer, 'the serial number'),
    time: readDerTime(info, 'the time'),
  }
}

function readCertificates(data: DerReader): Uint8Array[] {
  if (data.tag !== CONTEXT_0) return []
  const list = data.enter(CONTEXT_0, 'the certificates')
  const found: Uint8Array[] = []
  while (list.tag !== undefined && found.length < MAX_CERTIFICATES) found.push(list.next('a certificate').der)
  return found
}

function readSigner(data: DerReader) {
  while (data.tag !== undefined && data.tag !== SET) data.next('the revocation lists')
  const signer = data.enter(SET, 'the signers').enter(TAG.sequence, 'the signer')
  signer.read(TAG.integer, 'the version of the signer')
  const name = signer.enter(TAG.sequence, "the signer's certificate")
  return { signerIssuer: name.next('the issuer').der, signerSerial: name.read(TAG.integer, 'the serial number') }
}
