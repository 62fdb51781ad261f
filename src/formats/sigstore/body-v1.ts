/**
 * The leaves of a Rekor v1 log (sigstore/rekor pkg/types) on which a bundle may rest and with which it is compared, field by
 * field, read: hashedrekord 0.0.1, dsse 0.0.1 and intoto 0.0.2.
 */

import { equal, parseBase64, parseHex, parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { list, literal, object, parsed, type Read, text } from '../fields.ts'
import { type JsonValue, parseJson } from '../json.ts'
import { located } from '../located.ts'
import { type PemBlock, parsePemBlock } from '../pki/pem.ts'
import { canonicalJson } from './canonical-json.ts'

export interface HashedRekordV1 {
  readonly kind: 'hashedrekord'
  readonly digest: Digest
  readonly signature: Uint8Array
  readonly verifier: PemBlock
}

/** Of an envelope, without its payload; and of the JSON text that was sent, which is lost. */
export interface DsseV1 {
  readonly kind: 'dsse'
  /** Of that text. */
  readonly envelopeHash: Digest
  readonly payloadHash: Digest
  readonly signatures: readonly { readonly signature: Uint8Array; readonly verifier: PemBlock }[]
}

export interface IntotoV2 {
  readonly kind: 'intoto'
  readonly payloadType: string
  readonly payloadHash: Digest
  readonly signatures: readonly { readonly signature: Uint8Array; readonly verifier: PemBlock }[]
}

export interface Digest {
  readonly algorithm: 'sha256' | 'sha384' | 'sha512'
  readonly bytes: Uint8Array
}

export type BodyV1 = HashedRekordV1 | DsseV1 | IntotoV2

const MAX_SIGNATURES = 10

/**
 * @throws TlogError ENTRY_MALFORMED unless the canonical JSON of a body of this kind and version, ENTRY_MISMATCH for a
 *   kind that no bundle rests on.
 */
export function parseBodyV1(leaf: Uint8Array, kind: string, version: string): BodyV1 {
  const reader = bodyReader(`${kind} ${version}`)
  if (reader === undefined)
    throw new TlogError(
      'ENTRY_MISMATCH',
      `an entry ${kind.slice(0, 32)} ${version.slice(0, 32)} cannot be compared with a bundle`,
    )
  return located('ENTRY_MALFORMED', `not a body of ${kind} ${version}`, () => {
    return reader(parseCanonical(leaf), '')
  })
}

/** Undefined for a kind that no bundle rests on. */
export function bodyReader(name: string): Read<BodyV1> | undefined {
  return READERS[name]
}

/** @throws TlogError ENTRY_MALFORMED, and as parseJson does */
export function parseCanonical(leaf: Uint8Array): JsonValue {
  const json = parseJson(leaf)
  if (!equal(canonicalJson(json), leaf)) throw new TlogError('ENTRY_MALFORMED', 'not its canonical JSON')
  return json
}

const base64Bytes = parsed(parseBase64)
export const base64Pem = parsed((encoded) => parsePemBlock(parseUtf8(parseBase64(encoded))))
/** Base64 inside base64: Rekor's JSON of bytes around DSSE's. */
const doubleBase64 = parsed((encoded) => parseBase64(parseUtf8(parseBase64(encoded))))

export const digest: Read<Digest> = object((fields) => ({
  algorithm: fields.required('algorithm', literal('sha256', 'sha384', 'sha512')),
  bytes: fields.required('value', parsed(parseHex)),
}))

export function body<T>(kind: string, version: string, spec: Read<T>): Read<T> {
  return object((fields) => {
    fields.required('apiVersion', literal(version))
    fields.required('kind', literal(kind))
    return fields.required('spec', spec)
  })
}

const publicKey = object((fields) => fields.required('content', base64Pem))
const rekordSignature = object((fields) => ({
  signature: fields.required('content', base64Bytes),
  verifier: fields.required('publicKey', publicKey),
}))
export const rekordData = object((fields) => fields.required('hash', digest))

const hashedRekord: Read<HashedRekordV1> = object((fields) => ({
  kind: 'hashedrekord',
  digest: fields.required('data', rekordData),
  ...fields.required('signature', rekordSignature),
}))

const dsseSignature = object((fields) => ({
  signature: fields.required('signature', base64Bytes),
  verifier: fields.required('verifier', base64Pem),
}))

const dsse: Read<DsseV1> = object((fields) => ({
  kind: 'dsse',
  envelopeHash: fields.required('envelopeHash', digest),
  payloadHash: fields.required('payloadHash', digest),
  signatures: fields.required('signatures', list(dsseSignature, { min: 1, max: MAX_SIGNATURES })),
}))

const intotoSignature = object((fields) => {
  fields.optional('keyid', text)
  return {
    signature: fields.required('sig', doubleBase64),
    verifier: fields.required('publicKey', base64Pem),
  }
})

/** Some logs kept the payload; its hash stands beside it. */
const intotoEnvelope = object((fields) => {
  fields.optional('payload', doubleBase64)
  return {
    payloadType: fields.required('payloadType', text),
    signatures: fields.required('signatures', list(intotoSignature, { min: 1, max: MAX_SIGNATURES })),
  }
})

const intotoContent = object((fields) => {
  // Of the envelope, as the client said: the log never checked it.
  fields.required('hash', digest)
  const payloadHash = fields.required('payloadHash', digest)
  return { ...fields.required('envelope', intotoEnvelope), payloadHash }
})

const intoto: Read<IntotoV2> = object((fields) => ({ kind: 'intoto', ...fields.required('content', intotoContent) }))

const READERS: Readonly<Record<string, Read<BodyV1>>> = {
  'hashedrekord 0.0.1': body('hashedrekord', '0.0.1', hashedRekord),
  'dsse 0.0.1': body('dsse', '0.0.1', dsse),
  'intoto 0.0.2': body('intoto', '0.0.2', intoto),
}
