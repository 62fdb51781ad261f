/**
 * The form of an RFC 3161 response: a granted status and a CMS SignedData (RFC 5652) with one signer. No signature is
 * checked here. Whoever checks them looks at some of the parts; here each part is what the others take it for.
 */

import { TlogError } from '../../kernel/error.ts'
import { DerReader, TAG } from './der.ts'

const SIGNED_DATA = '1.2.840.113549.1.7.2'
const TST_INFO = '1.2.840.113549.1.9.16.1.4'
const DIGESTS = ['2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.2.2', '2.16.840.1.101.3.4.2.3']
/** ECDSA and RSA with SHA-256, 384 or 512; RSA whose hash stands beside it. */
const SIGNATURES = [
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
  '1.2.840.113549.1.1.1',
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
]
const SET = 0x31
const CONTEXT_0 = 0xa0
const CONTEXT_1 = 0xa1
const MAX_BYTES = 64 * 1024
/** Names inside certificates inside the response are the deepest. */
const MAX_DEPTH = 24

/** @throws TlogError DER_MALFORMED, saying where; also for a status other than granted */
export function checkTimestampForm(der: Uint8Array): void {
  if (der.length > MAX_BYTES) throw new TlogError('DER_MALFORMED', `a timestamp of ${der.length} bytes`)
  new DerReader(der).walk(MAX_DEPTH)
  const outer = new DerReader(der)
  const response = outer.enter(TAG.sequence, 'the response')
  outer.end('the response')
  checkStatus(response.enter(TAG.sequence, 'the status'))
  const token = response.enter(TAG.sequence, 'the token')
  response.end('the token')
  requireOid(token, [SIGNED_DATA], 'the content type')
  const wrapped = token.enter(CONTEXT_0, 'the content')
  token.end('the content')
  checkSignedData(wrapped.enter(TAG.sequence, 'SignedData'))
  wrapped.end('SignedData')
}

/** granted or grantedWithMods; words may follow. */
function checkStatus(status: DerReader): void {
  const [value = -1, second] = status.unsigned('the status')
  if (value > 1 || second !== undefined) status.fail(`the status is ${value}, not granted`)
  if (status.tag === TAG.sequence) status.next('the status in words')
  status.end('the status')
}

function checkSignedData(data: DerReader): void {
  requireNumber(data, 3, 'the version of SignedData')
  const digests = data.enter(SET, 'the digest algorithms')
  const stated = requireAlgorithm(digests, DIGESTS, 'the digest algorithm')
  digests.end('the digest algorithm')
  const content = data.enter(TAG.sequence, 'the signed content')
  requireOid(content, [TST_INFO], 'the type of the signed content')
  const wrapped = content.enter(CONTEXT_0, 'TSTInfo')
  content.end('TSTInfo')
  wrapped.read(TAG.octetString, 'TSTInfo')
  wrapped.end('TSTInfo')
  // Certificates are no matter of trust, so their content is none of form.
  if (data.tag === CONTEXT_0) data.next('the certificates')
  const signers = data.enter(SET, 'the signers')
  data.end('the signers')
  checkSigner(signers.enter(TAG.sequence, 'the signer'), stated)
  signers.end('the one signer')
}

function checkSigner(signer: DerReader, stated: string): void {
  requireNumber(signer, 1, 'the version of the signer')
  const name = signer.enter(TAG.sequence, "the signer's certificate")
  name.read(TAG.sequence, 'the issuer')
  name.read(TAG.integer, 'the serial number')
  name.end('the serial number')
  if (requireAlgorithm(signer, DIGESTS, "the signer's digest algorithm") !== stated)
    signer.fail('two digest algorithms')
  signer.read(CONTEXT_0, 'the signed attributes')
  requireAlgorithm(signer, SIGNATURES, 'the signature algorithm')
  signer.read(TAG.octetString, 'the signature')
  if (signer.tag === CONTEXT_1) signer.next('the unsigned attributes')
  signer.end('the signature')
}

/** Without parameters, or with NULL. */
function requireAlgorithm(reader: DerReader, allowed: readonly string[], what: string): string {
  const algorithm = reader.enter(TAG.sequence, what)
  const oid = requireOid(algorithm, allowed, what)
  if (algorithm.tag !== undefined && algorithm.read(TAG.null, what).length !== 0)
    algorithm.fail(`${what} has parameters`)
  algorithm.end(what)
  return oid
}

function requireOid(reader: DerReader, allowed: readonly string[], what: string): string {
  const oid = reader.oid(what)
  if (!allowed.includes(oid)) reader.fail(`${what} is ${oid}`)
  return oid
}

function requireNumber(reader: DerReader, number: number, what: string): void {
  const [value, second] = reader.unsigned(what)
  if (value !== number || second !== undefined) reader.fail(`${what} is not ${number}`)
}
