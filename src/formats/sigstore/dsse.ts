/** DSSE envelopes: a typed payload and its signatures (github.com/secure-systems-lab/dsse). */

import { base64, concat, parseDecimal, parseUtf8, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { list, type Read, text } from '../fields.ts'
import type { JsonObject } from '../json.ts'
import { located } from '../located.ts'
import { bytes, filled, message } from './protojson.ts'

export interface EnvelopeSignature {
  readonly sig: Uint8Array
  /** A hint that nothing authenticates; empty when there is none. */
  readonly keyid: string
}

export interface Payload {
  readonly payloadType: string
  readonly payload: Uint8Array
}

export interface Envelope extends Payload {
  readonly signatures: readonly EnvelopeSignature[]
}

/** More signatures than any client sends. */
export const MAX_SIGNATURES = 10

/** The envelope as protojson. At least one signature; an absent payload is an empty one. */
export const envelope: Read<Envelope> = message((fields) => ({
  payloadType: filled(fields, 'payloadType', text),
  payload: fields.optional('payload', bytes) ?? new Uint8Array(),
  signatures: fields.required('signatures', list(signature, { min: 1, max: MAX_SIGNATURES })),
}))

const signature: Read<EnvelopeSignature> = message((fields) => ({
  sig: filled(fields, 'sig', bytes),
  keyid: fields.optional('keyid', text) ?? '',
}))

/** The inverse. Without a hint there is no `keyid`. */
export function envelopeJson({ payloadType, payload, signatures }: Envelope): JsonObject {
  const signed = signatures.map(({ sig, keyid }) => ({ sig: base64(sig), ...(keyid === '' ? {} : { keyid }) }))
  return { payload: base64(payload), payloadType, signatures: signed }
}

/**
 * The pre-authentication encoding, which is what gets signed:
 * `DSSEv1 <length of type> <type> <length of payload> <payload>`, lengths in bytes.
 */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType)
  return concat(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload)
}

/**
 * Type and payload of a pre-authentication encoding. `payload` is a view into `encoded`.
 *
 * @throws TlogError ENVELOPE_MALFORMED on any other spelling.
 */
export function parsePae(encoded: Uint8Array): Payload {
  const version = until(encoded, 0)
  if (version.text !== 'DSSEv1') throw malformed('does not begin with DSSEv1')
  const typeLength = until(encoded, version.next)
  const typeEnd = typeLength.next + length(typeLength.text)
  const type = encoded.subarray(typeLength.next, typeEnd)
  if (encoded[typeEnd] !== SPACE) throw malformed('no space after the type')
  const payloadLength = until(encoded, typeEnd + 1)
  const payload = encoded.subarray(payloadLength.next)
  if (payload.length !== length(payloadLength.text))
    throw malformed(`a payload of ${payload.length} bytes, not ${payloadLength.text}`)
  return { payloadType: located('ENVELOPE_MALFORMED', 'type', () => parseUtf8(type)), payload }
}

const SPACE = 0x20
/** "9007199254740991" and "DSSEv1" fit. */
const MAX_WORD_BYTES = 16

function until(encoded: Uint8Array, start: number): { text: string; next: number } {
  const end = encoded.subarray(start, start + MAX_WORD_BYTES + 1).indexOf(SPACE)
  if (end < 0) throw malformed(`no space after the word at byte ${start}`)
  const word = encoded.subarray(start, start + end)
  return { text: located('ENVELOPE_MALFORMED', `at byte ${start}`, () => parseUtf8(word)), next: start + end + 1 }
}

function length(digits: string): number {
  return located('ENVELOPE_MALFORMED', 'length', () => parseDecimal(digits))
}

function malformed(why: string): TlogError {
  return new TlogError('ENVELOPE_MALFORMED', `not a pre-authentication encoding: ${why}`)
}
