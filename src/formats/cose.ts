/** COSE_Sign1 (RFC 9052 §4.2): one signature, a payload that comes along, ES256. Parsed only, and what is signed made. */

import { concat, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { CborReader, MAJOR } from './cbor.ts'
import { formatDer, formatUnsigned, TAG } from './pki/der.ts'

export interface CoseSign1 {
  /** The protected header as its signer wrote it. CBOR. */
  readonly protected: Uint8Array
  /** What the payload is; null where that is a number, or is not said. */
  readonly contentType: string | null
  readonly payload: Uint8Array
  /** ECDSA over P-256, DER. */
  readonly signature: Uint8Array
}

type Label = number | string

/** Of COSE_Sign1 (§4.2). */
const SIGN1 = 18
const CONTEXT = utf8('Signature1')
const ALGORITHM = 1
const CRITICAL = 2
const CONTENT_TYPE = 3
/** ECDSA with SHA-256 (RFC 9053 §2.1). */
const ES256 = -7
const ES256_BYTES = 64
/** Certificates and countersignatures stand in lists in headers. */
const MAX_DEPTH = 8
const MAX_PARAMETERS = 64

/**
 * @throws TlogError ENVELOPE_MALFORMED, saying where; ALGORITHM_NOT_ALLOWED for any but ES256; SIGNATURE_INVALID for one
 *   that is not as long as P-256 makes it.
 */
export function parseCoseSign1(message: Uint8Array): CoseSign1 {
  const reader = new CborReader(message, 'ENVELOPE_MALFORMED')
  if (reader.tag('the COSE message') !== SIGN1) reader.fail('not a tagged COSE_Sign1')
  if (reader.array('COSE_Sign1') !== 4) reader.fail('COSE_Sign1 has four parts')
  const protectedBytes = reader.bytes('the protected header')
  const signed = readProtected(protectedBytes)
  for (const label of readHeader(reader, 'the unprotected header').keys())
    if (signed.labels.has(label) || label === ALGORITHM || label === CRITICAL)
      reader.fail('a parameter of the unprotected header belongs in the protected one')
  if (reader.major !== MAJOR.bytes) reader.fail('the payload did not come along')
  const payload = reader.bytes('the payload')
  const signature = derSignature(reader.bytes('the signature'))
  reader.end('the COSE message')
  return { protected: protectedBytes, contentType: signed.contentType, payload, signature }
}

/** @param external what both sides know and the message does not hold */
export function coseSignedBytes({ protected: header, payload }: CoseSign1, external: Uint8Array): Uint8Array {
  const parts = [header, external, payload].flatMap((part) => [cborHead(MAJOR.bytes, part.length), part])
  return concat(cborHead(MAJOR.array, 4), cborHead(MAJOR.text, CONTEXT.length), CONTEXT, ...parts)
}

function readProtected(bytes: Uint8Array) {
  const reader = new CborReader(bytes, 'ENVELOPE_MALFORMED')
  const header = readHeader(reader, 'the protected header')
  reader.end('the protected header')
  const algorithm = header.get(ALGORITHM)
  if (algorithm !== ES256) throw new TlogError('ALGORITHM_NOT_ALLOWED', `the COSE algorithm is not ES256 (${ES256})`)
  const contentType = header.get(CONTENT_TYPE)
  return { labels: header, contentType: typeof contentType === 'string' ? contentType : null }
}

/** Its labels, with the values that are numbers or text. */
function readHeader(reader: CborReader, what: string): ReadonlyMap<Label, Label | null> {
  const count = reader.map(what)
  if (count > MAX_PARAMETERS) reader.fail(`${what} has ${count} parameters`)
  const found = new Map<Label, Label | null>()
  for (let i = 0; i < count; i++) {
    const label = readLabel(reader, `a label of ${what}`)
    if (found.has(label)) reader.fail(`${what} has a parameter twice`)
    if (label === CRITICAL) checkCritical(reader)
    found.set(label, label === CRITICAL ? null : readValue(reader, what))
  }
  return found
}

/** §3.1: whoever does not understand a critical parameter must refuse the message. */
function checkCritical(reader: CborReader): void {
  const count = reader.array('the critical parameters')
  if (count === 0) reader.fail('an empty list of critical parameters')
  for (let i = 0; i < count; i++) {
    const label = readLabel(reader, 'a critical parameter')
    if (label !== ALGORITHM && label !== CONTENT_TYPE) reader.fail('a critical parameter that is not understood')
  }
}

function readLabel(reader: CborReader, what: string): Label {
  return reader.major === MAJOR.text ? reader.text(what) : reader.integer(what)
}

function readValue(reader: CborReader, what: string): Label | null {
  if (reader.major === MAJOR.text || reader.major === MAJOR.unsigned || reader.major === MAJOR.negative)
    return readLabel(reader, what)
  reader.skip(MAX_DEPTH, what)
  return null
}

/** RFC 9053 §2.1: r and s, each as long as the order. */
function derSignature(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== ES256_BYTES)
    throw new TlogError('SIGNATURE_INVALID', `an ES256 signature of ${bytes.length} bytes`)
  const numbers = [bytes.subarray(0, ES256_BYTES / 2), bytes.subarray(ES256_BYTES / 2)]
  return formatDer(TAG.sequence, ...numbers.map((number) => formatUnsigned(withoutZeros(number))))
}

function withoutZeros(number: Uint8Array): Uint8Array {
  const start = number.findIndex((byte) => byte !== 0)
  return start < 0 ? number.subarray(-1) : number.subarray(start)
}

function cborHead(major: number, length: number): Uint8Array {
  const first = major << 5
  if (length < 24) return Uint8Array.of(first | length)
  const width = length < 2 ** 8 ? 1 : length < 2 ** 16 ? 2 : 4
  const head = new Uint8Array(5)
  new DataView(head.buffer).setUint32(1, length)
  head[4 - width] = first | { 1: 24, 2: 25, 4: 26 }[width as 1 | 2 | 4]
  return head.subarray(4 - width)
}
