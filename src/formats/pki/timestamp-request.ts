/** What a timestamp authority is asked, and whether its answer is about that (RFC 3161 §2.4). Who answered is not checked here. */

import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { DerReader, formatDer, formatOid, formatUnsigned, TAG } from './der.ts'
import { checkTimestampForm } from './timestamp.ts'

const SHA_256 = '2.16.840.1.101.3.4.2.1'
const SET = 0x31
const CONTEXT_0 = 0xa0
const TRUE = Uint8Array.of(0xff)

export interface TimestampQuestion {
  /** SHA-256 of what gets the time. */
  readonly digest: Uint8Array
  /** At least 8 bytes that nobody can guess, the first not zero: an answer from before cannot have it. */
  readonly nonce: Uint8Array
}

/** Asks for the authority's certificate too: not every verifier has it. */
export function formatTimestampRequest({ digest, nonce }: TimestampQuestion): Uint8Array {
  const algorithm = formatDer(TAG.sequence, formatOid(SHA_256), formatDer(TAG.null))
  const imprint = formatDer(TAG.sequence, algorithm, formatDer(TAG.octetString, digest))
  const certificates = formatDer(TAG.boolean, TRUE)
  return formatDer(TAG.sequence, formatUnsigned(Uint8Array.of(1)), imprint, formatUnsigned(nonce), certificates)
}

/**
 * The answer is granted, well formed, and about this question.
 * @throws TlogError TIMESTAMP_INVALID when it is about another one; DER_MALFORMED, saying where
 */
export function checkTimestampAnswer(response: Uint8Array, { digest, nonce }: TimestampQuestion): void {
  checkTimestampForm(response)
  const info = new DerReader(tstInfo(response)).enter(TAG.sequence, 'TSTInfo')
  info.unsigned('the version of TSTInfo')
  info.oid('the policy')
  const imprint = info.enter(TAG.sequence, 'the imprint')
  const algorithm = imprint.enter(TAG.sequence, "the imprint's algorithm").oid("the imprint's algorithm")
  if (algorithm !== SHA_256 || !equal(imprint.read(TAG.octetString, 'the imprint'), digest))
    throw new TlogError('TIMESTAMP_INVALID', 'the timestamp is over something else than was asked')
  info.unsigned('the serial number')
  info.read(TAG.generalizedTime, 'the time')
  if (info.tag === TAG.sequence) info.next('the accuracy')
  if (info.tag === TAG.boolean) info.next('the ordering')
  if (info.tag !== TAG.integer || !equal(info.unsigned('the nonce'), nonce))
    throw new TlogError('TIMESTAMP_INVALID', 'the timestamp answers another question: its nonce is not the one sent')
}

/** The signed content of a response whose form has been checked. */
function tstInfo(response: Uint8Array): Uint8Array {
  const outer = new DerReader(response).enter(TAG.sequence, 'the response')
  outer.next('the status')
  const token = outer.enter(TAG.sequence, 'the token')
  token.next('the content type')
  const data = token.enter(CONTEXT_0, 'the content').enter(TAG.sequence, 'SignedData')
  data.next('the version of SignedData')
  data.read(SET, 'the digest algorithms')
  const content = data.enter(TAG.sequence, 'the signed content')
  content.next('the type of the signed content')
  return content.enter(CONTEXT_0, 'TSTInfo').read(TAG.octetString, 'TSTInfo')
}
