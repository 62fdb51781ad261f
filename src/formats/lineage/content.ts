/** What kept content says of custody: by the type of an envelope's payload, or by itself. */

import type { Payload } from '../sigstore/dsse.ts'
import { STATEMENT_TYPE } from '../sigstore/statement.ts'
import { claimedBill } from './statement.ts'

/** Null for a payload of another type, and for what claims to be a bill and is none that is read here. */
export function custodyPayload({ payloadType, payload }: Payload): Uint8Array | null {
  if (payloadType === STATEMENT_TYPE) return payload
  return BILL_TYPES.test(payloadType) && claimedBill(payload) !== null ? payload : null
}

/** With parameters or without: `application/vnd.cyclonedx+json; version=1.7`. */
const BILL_TYPES = /^application\/(vnd\.cyclonedx|spdx)\+json *(;|$)/

const BRACE = 0x7b

/** A file that was signed as it is: a bill of materials in JSON. Null for any other, such as an encoded envelope. */
export function documentOf(content: Uint8Array): Uint8Array | null {
  return content[0] === BRACE && claimedBill(content) !== null ? content : null
}
