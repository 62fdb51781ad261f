/**
 * What a Rekor v1 client asks to be logged (sigstore/rekor pkg/types, ProposedEntry): hashedrekord 0.0.1, rekord 0.0.1,
 * dsse 0.0.1, intoto 0.0.1 and 0.0.2, cose 0.0.1, rfc3161 0.0.1. Parsed only. Fields that are not read mean nothing here, and clients of old send some.
 */

import { parseBase64, parseHex, parseUtf8, utf8 } from '../../kernel/bytes.ts'
import { invalid, list, literal, openObject, parsed, quoted, type Read, text } from '../fields.ts'
import { type JsonValue, parseJson } from '../json.ts'
import { parsePemBlock } from '../pki/pem.ts'
import type { Digest } from './body-v1.ts'
import { detachedSignature, sent } from './detached-signature.ts'
import { MAX_SIGNATURES } from './dsse.ts'
import type {
  CoseProposal,
  DsseProposal,
  EnvelopeText,
  HashedRekordProposal,
  IntotoSignature,
  IntotoV1Proposal,
  IntotoV2Proposal,
  ProposalV1,
  RekordProposal,
  SentSignature,
  TimestampProposal,
} from './proposals-v1.ts'

/** Ten signatures, their fields, and whatever an envelope holds beside them. */
const ENVELOPE_LIMITS = { maxValues: 1000 }

/**
 * Reads the body of POST /api/v1/log/entries.
 * @throws TlogError FIELD_MISSING, FIELD_INVALID, naming the field's path; also for a kind or version that is not taken.
 */
export function parseProposalV1(json: JsonValue): ProposalV1 {
  return proposal(json, '')
}

/**
 * The envelope that a dsse entry's attachment is.
 * @throws TlogError FIELD_MISSING, FIELD_INVALID, or a JSON_ code.
 */
export function parseEnvelopeText(bytes: Uint8Array): EnvelopeText {
  return envelopeText(parseUtf8(bytes), 'envelope')
}

/** Base64 as Go's decoder takes it, or its URL-safe form, both padded: DSSE allows both. */
const eitherBase64 = parsed((encoded) => {
  const isUrlSafe = /[-_]/.test(encoded) && !/[+/]/.test(encoded)
  return parseBase64(isUrlSafe ? encoded.replaceAll('-', '+').replaceAll('_', '/') : encoded)
})

const base64Bytes = parsed(parseBase64)
/** Base64 inside base64: Rekor's JSON of bytes around DSSE's. */
const doubleBase64 = parsed((encoded) => parseBase64(parseUtf8(parseBase64(encoded))))
const verifier = parsed((encoded) => parsePemBlock(parseUtf8(parseBase64(encoded))))

const HEX_LENGTH = { sha256: 64, sha384: 96, sha512: 128 } as const

function digest(...allowed: readonly Digest['algorithm'][]): Read<Digest> {
  return openObject((fields) => {
    const algorithm = fields.required('algorithm', literal(...allowed))
    const value: Read<Uint8Array> = (hex, path) => {
      const bytes = parsed(parseHex)(hex, path)
      if (bytes.length * 2 !== HEX_LENGTH[algorithm])
        throw invalid(path, `${HEX_LENGTH[algorithm]} hex digits make a ${algorithm}, not ${bytes.length * 2}`)
      return bytes
    }
    return { algorithm, bytes: fields.required('value', value) }
  })
}

const publicKey = openObject((fields) => fields.required('content', verifier))
const rekordSignature = openObject((fields) => ({
  signature: fields.required('content', base64Bytes),
  verifier: fields.required('publicKey', publicKey),
}))
const rekordData = openObject((fields) => fields.required('hash', digest('sha256', 'sha384', 'sha512')))

const hashedRekord: Read<HashedRekordProposal> = openObject((fields) => ({
  type: 'hashedrekord 0.0.1',
  digest: fields.required('data', rekordData),
  ...fields.required('signature', rekordSignature),
}))

const rekordContent: Read<Uint8Array> = (value, path) => {
  const content = base64Bytes(value, path)
  if (content.length === 0) throw invalid(path, 'an empty file')
  return content
}

const rekordFile = openObject((fields) => ({
  content: fields.required('content', rekordContent),
  digest: fields.optional('hash', digest('sha256')) ?? null,
}))

const rekord: Read<RekordProposal> = openObject((fields) => ({
  type: 'rekord 0.0.1',
  ...fields.required('data', sent(rekordFile)),
  signed: fields.required('signature', sent(detachedSignature(openObject))),
}))

const sentSignature = openObject((fields) => {
  fields.optional('keyid', text)
  return fields.required('sig', (value, path): SentSignature => {
    return { bytes: base64Bytes(value, path), encoded: text(value, path) }
  })
})

const envelope = openObject((fields) => ({
  payloadType: fields.required('payloadType', text),
  payload: fields.required('payload', eitherBase64),
  signatures: fields.required('signatures', list(sentSignature, { min: 1, max: MAX_SIGNATURES })),
}))

const envelopeText: Read<EnvelopeText> = (value, path) => {
  const string = text(value, path)
  return { text: string, ...envelope(parseJson(utf8(string), ENVELOPE_LIMITS), path) }
}

const proposedContent = openObject((fields) => ({
  envelope: fields.required('envelope', envelopeText),
  verifiers: fields.required('verifiers', list(verifier, { min: 1, max: MAX_SIGNATURES })),
}))

/** What the log computes itself is not a client's to state. */
const computed: Read<never> = (_, path) => {
  throw invalid(path, 'computed by the log; send proposedContent alone')
}

const dsse: Read<DsseProposal> = openObject((fields) => {
  for (const name of ['envelopeHash', 'payloadHash', 'signatures']) fields.optional(name, computed)
  return { type: 'dsse 0.0.1', ...fields.required('proposedContent', proposedContent) }
})

const intotoV1: Read<IntotoV1Proposal> = openObject((fields) => ({
  type: 'intoto 0.0.1',
  envelope: fields.required(
    'content',
    openObject((content) => content.required('envelope', envelopeText)),
  ),
  verifier: fields.required('publicKey', verifier),
}))

const intotoSignature: Read<IntotoSignature> = openObject((fields) => ({
  keyid: fields.optional('keyid', text) ?? '',
  signature: fields.required('sig', doubleBase64),
  sig: fields.required('sig', text),
  verifier: fields.required('publicKey', verifier),
  publicKey: fields.required('publicKey', text),
}))

const intotoEnvelope = openObject((fields) => ({
  payloadType: fields.required('payloadType', text),
  payload: fields.required('payload', doubleBase64),
  signatures: fields.required('signatures', list(intotoSignature, { min: 1, max: MAX_SIGNATURES })),
}))

const intotoV2: Read<IntotoV2Proposal> = openObject((fields) => ({
  type: 'intoto 0.0.2',
  ...fields.required(
    'content',
    openObject((content) => ({
      ...content.required('envelope', intotoEnvelope),
      envelopeHash: content.required('hash', digest('sha256')),
    })),
  ),
}))

const coseData = openObject((fields) => fields.optional('aad', base64Bytes) ?? new Uint8Array())

const cose: Read<CoseProposal> = openObject((fields) => ({
  type: 'cose 0.0.1',
  message: fields.required('message', base64Bytes),
  external: fields.required('data', coseData),
  verifier: fields.required('publicKey', verifier),
}))

const timestamp: Read<TimestampProposal> = openObject((fields) => ({
  type: 'rfc3161 0.0.1',
  response: fields.required(
    'tsr',
    openObject((tsr) => tsr.required('content', base64Bytes)),
  ),
}))

const SPECS: Readonly<Record<string, Readonly<Record<string, Read<ProposalV1>>>>> = {
  hashedrekord: { '0.0.1': hashedRekord },
  rekord: { '0.0.1': rekord },
  dsse: { '0.0.1': dsse },
  intoto: { '0.0.1': intotoV1, '0.0.2': intotoV2 },
  cose: { '0.0.1': cose },
  rfc3161: { '0.0.1': timestamp },
}

/** Those of Rekor that are not taken here. A client that sends one hears what a Rekor that does not take it would say. */
const OTHER_KINDS = ['alpine', 'helm', 'jar', 'rpm', 'tuf']

/** Whether Rekor has entries of this kind. */
export function isKindV1(kind: string): boolean {
  return Object.hasOwn(SPECS, kind) || OTHER_KINDS.includes(kind)
}

const proposal: Read<ProposalV1> = openObject((fields) => {
  const kind = fields.required('kind', text)
  const versions = Object.hasOwn(SPECS, kind) ? SPECS[kind] : undefined
  if (versions === undefined)
    throw invalid(
      'kind',
      `entry kind '${quoted(kind)}' is not enabled for submission on this server; ${Object.keys(SPECS).join(', ')} are`,
    )
  const version = fields.required('apiVersion', text)
  const spec = Object.hasOwn(versions, version) ? versions[version] : undefined
  if (spec === undefined)
    throw invalid('apiVersion', `${kind} ${quoted(version)} is not taken; ${Object.keys(versions).join(' and ')} are`)
  return fields.required('spec', spec)
})
