/** The signature of an RFC 3161 token (RFC 5652 §5.3), and what it is over, out of a response whose form was checked. */

import type { DigestName } from '../../crypto/algorithms.ts'
import { DerReader, formatDer, TAG } from './der.ts'

export interface TimestampSignature {
  /** DER. */
  readonly info: Uint8Array
  /** Of `info`, as the signed attributes state it. */
  readonly infoDigest: Uint8Array
  /** The signed attributes, as they are signed. */
  readonly message: Uint8Array
  readonly digest: DigestName
  readonly keyKind: 'ec' | 'rsa'
  readonly bytes: Uint8Array
}

const SET = 0x31
const CONTEXT_0 = 0xa0
const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const TST_INFO = '1.2.840.113549.1.9.16.1.4'

const DIGESTS: Readonly<Record<string, DigestName>> = {
  '2.16.840.1.101.3.4.2.1': 'SHA2_256',
  '2.16.840.1.101.3.4.2.2': 'SHA2_384',
  '2.16.840.1.101.3.4.2.3': 'SHA2_512',
}

const SCHEMES: Readonly<Record<string, { readonly keyKind: 'ec' | 'rsa'; readonly digest: DigestName | null }>> = {
  '1.2.840.10045.4.3.2': { keyKind: 'ec', digest: 'SHA2_256' },
  '1.2.840.10045.4.3.3': { keyKind: 'ec', digest: 'SHA2_384' },
  '1.2.840.10045.4.3.4': { keyKind: 'ec', digest: 'SHA2_512' },
  '1.2.840.113549.1.1.1': { keyKind: 'rsa', digest: null }, // its digest stands beside it
  '1.2.840.113549.1.1.11': { keyKind: 'rsa', digest: 'SHA2_256' },
  '1.2.840.113549.1.1.12': { keyKind: 'rsa', digest: 'SHA2_384' },
  '1.2.840.113549.1.1.13': { keyKind: 'rsa', digest: 'SHA2_512' },
}

/**
 * @param der as checkTimestampForm takes it
 * @throws TlogError DER_MALFORMED, saying where
 */
export function readTimestampSignature(der: Uint8Array): TimestampSignature {
  const response = new DerReader(der).enter(TAG.sequence, 'the response')
  response.next('the status')
  const token = response.enter(TAG.sequence, 'the token')
  token.oid('the content type')
  const data = token.enter(CONTEXT_0, 'the content').enter(TAG.sequence, 'SignedData')
  data.next('the version')
  data.next('the digest algorithms')
  const content = data.enter(TAG.sequence, 'the signed content')
  content.oid('the type of the signed content')
  const info = content.enter(CONTEXT_0, 'TSTInfo').read(TAG.octetString, 'TSTInfo')
  if (data.tag === CONTEXT_0) data.next('the certificates')
  return { info, ...readSigner(data.enter(SET, 'the signers').enter(TAG.sequence, 'the signer')) }
}

function readSigner(signer: DerReader): Omit<TimestampSignature, 'info'> {
  signer.next('the version')
  signer.next("the signer's certificate")
  const digest = DIGESTS[signer.enter(TAG.sequence, 'the digest algorithm').oid('the digest algorithm')]
  const attributes = signer.read(CONTEXT_0, 'the signed attributes')
  const scheme = SCHEMES[signer.enter(TAG.sequence, 'the signature algorithm').oid('the signature algorithm')]
  if (digest === undefined || scheme === undefined || (scheme.digest ?? digest) !== digest)
    signer.fail('the algorithms of digest and signature do not go together')
  return {
    infoDigest: readInfoDigest(attributes),
    message: formatDer(SET, attributes), // signed as the SET that it is, not under its tag in the message
    digest,
    keyKind: scheme.keyKind,
    bytes: signer.read(TAG.octetString, 'the signature'),
  }
}

/** §11: the type of what is signed, and its digest; each once, with one value. */
function readInfoDigest(attributes: Uint8Array): Uint8Array {
  const reader = new DerReader(attributes)
  const found = new Map<string, Uint8Array>()
  while (reader.tag !== undefined) {
    const attribute = reader.enter(TAG.sequence, 'a signed attribute')
    const oid = attribute.oid('a signed attribute')
    if (found.has(oid)) attribute.fail('a signed attribute twice')
    found.set(oid, attribute.read(SET, 'the values of a signed attribute'))
    attribute.end('the values of a signed attribute')
  }
  const sole = (oid: string) => new DerReader(found.get(oid) ?? new Uint8Array())
  const type = sole(CONTENT_TYPE)
  if (type.oid('the signed content type') !== TST_INFO) type.fail('signed as content of another type')
  type.end('the signed content type')
  const hash = sole(MESSAGE_DIGEST)
  const digest = hash.read(TAG.octetString, 'the signed digest')
  hash.end('the signed digest')
  return digest
}
