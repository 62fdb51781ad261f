/** A time for a signature, from an RFC 3161 timestamp authority. */

import { digest } from '#crypto'
import { checkTimestampAnswer, formatTimestampRequest } from '../formats/pki/timestamp-request.ts'
import { TlogError } from '../kernel/error.ts'
import { type Ask, refusal } from './ask.ts'

const GOOD = new Set([200, 201])
const NONCE_BYTES = 16

/**
 * The response, DER, about this signature and no older than the question. Whether the authority is one to trust, and what
 * time it says, is not looked at here.
 *
 * @param url whole: authorities are asked where they say
 * @throws TlogError SERVICE_REFUSED, SERVICE_UNREACHABLE; TIMESTAMP_INVALID for an answer to something else
 */
export async function requestTimestamp(
  ask: Ask,
  url: string,
  signature: Uint8Array,
  random: (bytes: number) => Uint8Array,
): Promise<Uint8Array> {
  const nonce = Uint8Array.from(random(NONCE_BYTES))
  nonce[0] = 0x40 // no leading zero, no sign byte: one spelling as an integer
  const question = { digest: digest('SHA2_256', signature), nonce }
  const answer = await ask({ url, body: formatTimestampRequest(question), type: 'application/timestamp-query' })
  if (!GOOD.has(answer.status)) throw refusal(url, answer)
  try {
    checkTimestampAnswer(answer.bytes, question)
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
    throw new TlogError('TIMESTAMP_INVALID', `${url}: ${cause.message}`, { cause })
  }
  return answer.bytes
}
