/** Sigstore bundles 0.1 to 0.3: a signature and all that is needed to check it offline (sigstore/protobuf-specs sigstore_bundle.proto). */

import { TlogError } from '../../kernel/error.ts'
import { type Fields, invalid, list, literal, type Read, text } from '../fields.ts'
import { parseJson } from '../json.ts'
import { type BundleEntry, bundleEntry } from './bundle-entry.ts'
import { envelope, type Payload } from './dsse.ts'
import { bytes, enumName, filled, message } from './protojson.ts'

export type MessageDigestName = 'SHA2_256' | 'SHA2_384' | 'SHA2_512'

/** A signature over a file, of which the bundle has the digest alone. */
export interface MessageSignature {
  readonly kind: 'message'
  /** What the bundle says that was signed, or null: a hint, as the signature is over the file. */
  readonly digest: { readonly algorithm: MessageDigestName; readonly bytes: Uint8Array } | null
  readonly signature: Uint8Array
}

/** An envelope with one signature: a second one would be nobody's. What it says of the key, a hint, is left out. */
export interface SignedEnvelope extends Payload {
  readonly kind: 'envelope'
  readonly signature: Uint8Array
}

export type SigningMaterial =
  /** The hint tells a key's owner which one; it proves nothing. */
  | { readonly kind: 'key'; readonly hint: string }
  /** DER. `others` may hold intermediate certificates; a verifier takes those from its trusted root. */
  | { readonly kind: 'certificate'; readonly leaf: Uint8Array; readonly others: readonly Uint8Array[] }

/** Well formed and whole for its version. Nothing of it has been checked. */
export interface Bundle {
  readonly version: Version
  readonly material: SigningMaterial
  readonly entries: readonly BundleEntry[]
  /** RFC 3161 responses over the signature, DER. */
  readonly timestamps: readonly Uint8Array[]
  readonly content: MessageSignature | SignedEnvelope
}

const MEDIA_TYPES = {
  'application/vnd.dev.sigstore.bundle+json;version=0.1': '0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2': '0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.3': '0.3',
  'application/vnd.dev.sigstore.bundle.v0.3+json': '0.3',
} as const

type MediaType = keyof typeof MEDIA_TYPES
type Version = (typeof MEDIA_TYPES)[MediaType]

/** Statements carry their payload inside. */
const MAX_BYTES = 32 * 1024 * 1024
const MAX_CHAIN = 10
const MAX_ENTRIES = 16
const MAX_TIMESTAMPS = 16

/**
 * Parses protojson: fields by either name, base64 in either alphabet; what the format does not have is refused.
 *
 * A bundle of a version must have what the version promises: 0.1 a signed entry timestamp for each entry, later ones an
 * inclusion proof with its checkpoint; 0.3 a single certificate, earlier ones a chain.
 *
 * @throws TlogError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID with the field's path, or a JSON_ code.
 */
export function parseSigstoreBundle(file: Uint8Array): Bundle {
  return parseBundleWith(file, signingMaterial)
}

/** Of a version, by its fields in the bundle. */
export type MaterialForms = (version: Version) => Readonly<Record<string, Read<SigningMaterial>>>

/** As parseSigstoreBundle, with signing material in other forms. @throws TlogError as it does */
export function parseBundleWith(file: Uint8Array, forms: MaterialForms): Bundle {
  if (file.length > MAX_BYTES) throw new TlogError('FIELD_INVALID', `a bundle of ${file.length} bytes`)
  const bundle = bundleReader(forms)(parseJson(file, { integersOnly: true }), '')
  bundle.entries.forEach((entry, i) => {
    const missing = bundle.version === '0.1' ? withoutPromise(entry) : withoutProof(entry)
    if (missing !== null)
      throw new TlogError('FIELD_MISSING', `verificationMaterial.tlogEntries[${i}].${missing}: missing`)
  })
  return bundle
}

function withoutPromise({ promise }: BundleEntry): string | null {
  return promise === null ? 'inclusionPromise' : null
}

function withoutProof({ proof }: BundleEntry): string | null {
  if (proof === null) return 'inclusionProof'
  return proof.checkpoint === null ? 'inclusionProof.checkpoint' : null
}

const digestName = enumName<MessageDigestName>({ SHA2_256: 1, SHA2_384: 2, SHA2_512: 3 })

const messageDigest = message((fields) => ({
  algorithm: fields.required('algorithm', digestName),
  bytes: filled(fields, 'digest', bytes),
}))

const messageSignature: Read<MessageSignature> = message((fields) => ({
  kind: 'message',
  digest: fields.optional('messageDigest', messageDigest) ?? null,
  signature: filled(fields, 'signature', bytes),
}))

const signedEnvelope: Read<SignedEnvelope> = (value, path) => {
  const { payloadType, payload, signatures } = envelope(value, path)
  const [only, second] = signatures
  if (only === undefined || second !== undefined) throw invalid(`${path}.signatures`, 'a bundle has one signature')
  return { kind: 'envelope', payloadType, payload, signature: only.sig }
}

const der: Read<Uint8Array> = message((fields) => filled(fields, 'rawBytes', bytes))
export const keyHint: Read<SigningMaterial> = message((fields) => ({
  kind: 'key',
  hint: fields.optional('hint', text) ?? '',
}))
const single: Read<SigningMaterial> = (value, path) => ({ kind: 'certificate', leaf: der(value, path), others: [] })
const certificates = list(der, { min: 1, max: MAX_CHAIN })
export const chain: Read<SigningMaterial> = message((fields) => {
  const [leaf, ...others] = fields.required('certificates', certificates)
  if (leaf === undefined) throw fields.missing('certificates')
  return { kind: 'certificate', leaf, others }
})

const signedTimestamp = message((fields) => filled(fields, 'signedTimestamp', bytes))
const timestamps = message(
  (fields) => fields.optional('rfc3161Timestamps', list(signedTimestamp, { max: MAX_TIMESTAMPS })) ?? [],
)

export const signingMaterial: MaterialForms = (version) => ({
  publicKey: keyHint,
  ...(version === '0.3' ? { certificate: single } : { x509CertificateChain: chain }),
})

function material(forms: ReturnType<MaterialForms>) {
  return message((fields) => ({
    material: fields.oneOf<SigningMaterial>(forms),
    entries: fields.optional('tlogEntries', list(bundleEntry, { max: MAX_ENTRIES })) ?? [],
    timestamps: fields.optional('timestampVerificationData', timestamps) ?? [],
  }))
}

function bundleReader(forms: MaterialForms): Read<Bundle> {
  return message((fields: Fields) => {
    const mediaType = fields.required('mediaType', literal(...(Object.keys(MEDIA_TYPES) as MediaType[])))
    const version = MEDIA_TYPES[mediaType]
    return {
      version,
      ...fields.required('verificationMaterial', material(forms(version))),
      content: fields.oneOf<Bundle['content']>({ messageSignature, dsseEnvelope: signedEnvelope }),
    }
  })
}
