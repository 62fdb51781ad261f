/**
 * What a Rekor v2 client asks to be logged (sigstore/rekor-tiles api/proto/rekor/v2). Parsed only: which keys and
 * algorithms go is for crypto to say.
 */

import { base64 } from '../../kernel/bytes.ts'
import { invalid, list, type Read } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { type Envelope, envelope, envelopeJson, MAX_SIGNATURES } from './dsse.ts'
import { type KeyDetails, keyDetails } from './key-details.ts'
import { bytes, filled, message } from './protojson.ts'

/** The key that checks a signature, as DER: an SPKI or a certificate that holds one. */
export interface Material {
  readonly kind: 'publicKey' | 'x509Certificate'
  readonly rawBytes: Uint8Array
}

export interface Verifier {
  readonly keyDetails: KeyDetails
  readonly material: Material
}

/** A signature over a digest; the message stays with the client. */
export interface HashedRekordRequest {
  readonly kind: 'hashedrekord'
  readonly digest: Uint8Array
  readonly signature: Uint8Array
  readonly verifier: Verifier
}

/** A whole envelope, as sigstore-js and older clients send it. */
export interface DsseRequest {
  readonly kind: 'dsse'
  readonly envelope: Envelope
  readonly verifiers: readonly Verifier[]
}

export type RequestV2 = HashedRekordRequest | DsseRequest

/**
 * Reads the body of POST /api/v2/log/entries: protojson with `message`'s names and `bytes`' base64, any of which ends as
 * the same leaf.
 *
 * @throws TlogError FIELD_UNKNOWN, FIELD_MISSING or FIELD_INVALID, naming the field's path.
 */
export function parseRequestV2(json: JsonValue): RequestV2 {
  return request(json, '')
}

const material = (kind: Material['kind']): Read<Material> =>
  message((fields) => ({ kind, rawBytes: filled(fields, 'rawBytes', bytes) }))

const verifier: Read<Verifier> = message((fields) => ({
  keyDetails: fields.required('keyDetails', keyDetails),
  material: fields.oneOf({ publicKey: material('publicKey'), x509Certificate: material('x509Certificate') }),
}))

const signature = message((fields) => ({
  signature: filled(fields, 'content', bytes),
  verifier: fields.required('verifier', verifier),
}))

const hashedRekord: Read<HashedRekordRequest> = message((fields) => ({
  kind: 'hashedrekord',
  digest: filled(fields, 'digest', bytes),
  ...fields.required('signature', signature),
}))

const dsse: Read<DsseRequest> = message((fields) => ({
  kind: 'dsse',
  envelope: fields.required('envelope', envelope),
  verifiers: fields.required('verifiers', list(verifier, { min: 1, max: MAX_SIGNATURES })),
}))

const identity: Read<never> = (_, path) => {
  throw invalid(path, 'identity entries are not supported; send hashedRekordRequestV002')
}

const request: Read<RequestV2> = message((fields) =>
  fields.oneOf<RequestV2>({
    hashedRekordRequestV002: hashedRekord,
    dsseRequestV002: dsse,
    identityRequestV001: identity,
  }),
)

/** The inverse. */
export function formatRequestV2(request: RequestV2): string {
  if (request.kind === 'hashedrekord') {
    const { digest, signature, verifier } = request
    const signed = { content: base64(signature), verifier: verifierJson(verifier) }
    return JSON.stringify({ hashedRekordRequestV002: { digest: base64(digest), signature: signed } })
  }
  const { envelope, verifiers } = request
  return JSON.stringify({
    dsseRequestV002: { envelope: envelopeJson(envelope), verifiers: verifiers.map(verifierJson) },
  })
}

function verifierJson({ keyDetails, material }: Verifier): JsonObject {
  return { keyDetails, [material.kind]: { rawBytes: base64(material.rawBytes) } }
}
