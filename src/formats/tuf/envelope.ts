/** What all TUF metadata has in common: a signed object and signatures by named keys (TUF specification §4.2, §4.3). */

import { sha256 } from '#sha256'
import { hex, parseHex, utf8 } from '../../kernel/bytes.ts'
import { invalid, list, object, parsed, type Read, text } from '../fields.ts'
import { isJsonObject, type JsonObject, parseJson } from '../json.ts'
import { canonicalTufJson } from './canonical-json.ts'

export interface TufSignature {
  /** Lowercase hex; a name to look the key up by. */
  readonly keyId: string
  readonly signature: Uint8Array
}

/** Nothing about it has been checked against a key. */
export interface Envelope {
  readonly signed: JsonObject
  readonly signatures: readonly TufSignature[]
}

const MAX_BYTES = 1024 * 1024
const MAX_SIGNATURES = 64

const jsonObject: Read<JsonObject> = (value, path) => {
  if (!isJsonObject(value)) throw invalid(path, 'an object was expected')
  return value
}

const signature: Read<TufSignature> = object((fields) => ({
  keyId: fields.required('keyid', text),
  signature: fields.required('sig', parsed(parseHex)),
}))

const envelope: Read<Envelope> = object((fields) => ({
  signed: fields.required('signed', jsonObject),
  signatures: fields.required('signatures', list(signature, { max: MAX_SIGNATURES })),
}))

/** White space and the order of fields are free: what is signed is the canonical form. @throws TlogError JSON_…, FIELD_… */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length > MAX_BYTES) throw invalid('', `${bytes.length} bytes, at most ${MAX_BYTES}`)
  return envelope(parseJson(bytes), '')
}

/** Indented: an operator reads it. */
export function formatEnvelope({ signed, signatures }: Envelope): Uint8Array {
  const lines = signatures.map(({ keyId, signature }) => ({ keyid: keyId, sig: hex(signature) }))
  return utf8(`${JSON.stringify({ signed, signatures: lines }, null, 2)}\n`)
}

/** The bytes that are signed. */
export function signedBytes(signed: JsonObject): Uint8Array {
  return canonicalTufJson(signed)
}

/** An Ed25519 key as metadata spells it, and its ID: the hash of the canonical form (§4.3). */
export function ed25519Key(publicKey: Uint8Array): { readonly id: string; readonly json: JsonObject } {
  const json = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: hex(publicKey) } }
  return { id: hex(sha256(canonicalTufJson(json))), json }
}
