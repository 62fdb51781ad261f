/**
 * Any leaf of a Rekor v1 log, read: also rekord, cose, rfc3161 and intoto 0.0.1, on which no bundle rests. Verifiers in browsers do
 * without this.
 */

import { parseBase64 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { object, parsed, type Read } from '../fields.ts'
import { isJsonObject } from '../json.ts'
import { located } from '../located.ts'
import type { PemBlock } from '../pki/pem.ts'
import { type BodyV1, base64Pem, body, bodyReader, type Digest, digest, parseCanonical, rekordData } from './body-v1.ts'
import { type DetachedSignature, detachedSignature } from './detached-signature.ts'

/** Of a file that was sent along, and is not kept. */
export interface RekordV1 {
  readonly kind: 'rekord'
  /** SHA-256. */
  readonly digest: Digest
  readonly signed: DetachedSignature
}

export interface IntotoV1 {
  readonly kind: 'intoto 0.0.1'
  readonly envelopeHash: Digest
  readonly payloadHash: Digest
  readonly verifier: PemBlock
}

/** Of a COSE message, which the log keeps beside the tree. */
export interface CoseV1 {
  readonly kind: 'cose'
  /** Of the message. */
  readonly envelopeHash: Digest
  readonly payloadHash: Digest
  readonly verifier: PemBlock
}

export interface TimestampV1 {
  readonly kind: 'rfc3161'
  /** DER. */
  readonly response: Uint8Array
}

export type LeafV1 = BodyV1 | RekordV1 | IntotoV1 | CoseV1 | TimestampV1

/** @throws TlogError ENTRY_MALFORMED unless the canonical JSON of one of the kinds and versions above. */
export function parseLeafV1(leaf: Uint8Array): LeafV1 {
  return located('ENTRY_MALFORMED', 'not a leaf of Rekor v1', () => {
    const json = parseCanonical(leaf)
    const { kind, apiVersion } = isJsonObject(json) ? json : {}
    const name = typeof kind === 'string' && typeof apiVersion === 'string' ? `${kind} ${apiVersion}` : ''
    const reader = bodyReader(name) ?? OTHERS[name]
    if (reader === undefined) throw new TlogError('ENTRY_MALFORMED', 'of no known kind and version')
    return reader(json, '')
  })
}

const rekord: Read<RekordV1> = object((fields) => ({
  kind: 'rekord',
  digest: fields.required('data', rekordData),
  signed: fields.required('signature', detachedSignature(object)),
}))

const intotoHashes = object((fields) => ({
  envelopeHash: fields.required('hash', digest),
  payloadHash: fields.required('payloadHash', digest),
}))

const intotoV1: Read<IntotoV1> = object((fields) => ({
  kind: 'intoto 0.0.1',
  ...fields.required('content', intotoHashes),
  verifier: fields.required('publicKey', base64Pem),
}))

const coseHashes = object((fields) => ({
  envelopeHash: fields.required('envelopeHash', digest),
  payloadHash: fields.required('payloadHash', digest),
}))

const cose: Read<CoseV1> = object((fields) => ({
  kind: 'cose',
  ...fields.required('data', coseHashes),
  verifier: fields.required('publicKey', base64Pem),
}))

const timestamp: Read<TimestampV1> = object((fields) => ({
  kind: 'rfc3161',
  response: fields.required(
    'tsr',
    object((tsr) => tsr.required('content', parsed(parseBase64))),
  ),
}))

const OTHERS: Readonly<Record<string, Read<LeafV1>>> = {
  'rekord 0.0.1': body('rekord', '0.0.1', rekord),
  'intoto 0.0.1': body('intoto', '0.0.1', intotoV1),
  'cose 0.0.1': body('cose', '0.0.1', cose),
  'rfc3161 0.0.1': body('rfc3161', '0.0.1', timestamp),
}
