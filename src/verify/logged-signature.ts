/** The signature over a file that an entry itself holds: all of it but the file. Nothing has been checked. */

import type { PemBlock } from '../formats/pki/pem.ts'
import { bodyKind } from '../formats/sigstore/body-kind.ts'
import { type BodyV1, parseBodyV1 } from '../formats/sigstore/body-v1.ts'
import { parseBodyV2 } from '../formats/sigstore/body-v2.ts'
import type { Bundle, MessageSignature, SigningMaterial } from '../formats/sigstore/bundle.ts'
import type { BundleEntry } from '../formats/sigstore/bundle-entry.ts'
import { type Payload, parsePae } from '../formats/sigstore/dsse.ts'
import { parseEnvelopeText } from '../formats/sigstore/proposal-v1.ts'
import type { Material } from '../formats/sigstore/request-v2.ts'
import { TlogError } from '../kernel/error.ts'

export interface LoggedSignature {
  readonly kind: string
  readonly version: string
  readonly content: MessageSignature
  readonly verifier: Material
}

const NAMES = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' } as const

/**
 * @param leaf a body of `hashedrekord`, 0.0.1 or 0.0.2
 * @throws TlogError ENTRY_MALFORMED; CHECK_UNAVAILABLE for another kind: of an envelope the log has hashes alone, and
 *   a rekord entry is by rules of its own, which no verifier of bundles knows.
 */
export function loggedSignature(leaf: Uint8Array): LoggedSignature {
  const { kind, version } = bodyKind(leaf)
  if (kind === 'hashedrekord' && version === '0.0.2') {
    const { algorithm, digest, signature, verifier } = parseBodyV2(leaf)
    const content = { kind: 'message', digest: { algorithm, bytes: digest }, signature } as const
    return { kind, version, content, verifier: verifier.material }
  }
  const body = kind === 'hashedrekord' ? parseBodyV1(leaf, kind, version) : null
  if (body?.kind !== 'hashedrekord')
    throw new TlogError(
      'CHECK_UNAVAILABLE',
      kind === 'rekord'
        ? `an entry ${kind} ${version} is shown by inspect, and not verified here`
        : `an entry ${kind} ${version} has hashes of what was signed: it takes the bundle`,
    )
  const digest = { algorithm: NAMES[body.digest.algorithm], bytes: body.digest.bytes }
  return {
    kind,
    version,
    content: { kind: 'message', digest, signature: body.signature },
    verifier: materialIn(body.verifier),
  }
}

/** What a publisher could have sent instead of the file's bundle: made of the log's entry alone. */
export function bundleOfEntry(entry: BundleEntry): Bundle {
  const { content, verifier } = loggedSignature(entry.body)
  return { version: '0.3', material: materialOf(verifier), entries: [entry], timestamps: [], content }
}

/**
 * The same of an envelope, of which the log has hashes: with the content to which the entry's leaf commits. That it is the one is
 * for the verifier of the bundle to find.
 *
 * @param content of a hashedrekord the pre-authentication encoding, of a dsse the envelope's text, of an intoto 0.0.2 the payload
 * @param by one of those in the entry
 * @throws TlogError ENTRY_MALFORMED, ENVELOPE_MALFORMED; CHECK_UNAVAILABLE for another kind
 */
export function bundleOfStatement(entry: BundleEntry, content: Uint8Array, by: EntrySignature): Bundle {
  const { signature, verifier } = by
  const envelope = { kind: 'envelope', ...payloadOf(entry, content), signature } as const
  return { version: '0.3', material: materialOf(verifier), entries: [entry], timestamps: [], content: envelope }
}

export interface EntrySignature {
  readonly signature: Uint8Array
  /** The key or certificate that the entry itself holds. */
  readonly verifier: Material
}

/** Of the kinds of bundleOfEntry and bundleOfStatement; at least one. @throws as these do */
export function signaturesIn({ body: leaf, kind, version }: LeafOf): readonly EntrySignature[] {
  if (kind === 'hashedrekord') {
    const { content, verifier } = loggedSignature(leaf)
    return [{ signature: content.signature, verifier }]
  }
  const { signatures } = envelopeBody(leaf, kind, version)
  return signatures.map(({ signature, verifier }) => ({ signature, verifier: materialIn(verifier) }))
}

/** The same as bundleOfStatement, with another's word on what was signed: that it fits is for the verifier of the bundle to find. */
export function bundleOfContent(entry: BundleEntry, content: Bundle['content'], by: EntrySignature): Bundle {
  return { version: '0.3', material: materialOf(by.verifier), entries: [entry], timestamps: [], content }
}

type LeafOf = Pick<BundleEntry, 'body' | 'kind' | 'version'>

function payloadOf({ body: leaf, kind, version }: BundleEntry, content: Uint8Array): Payload {
  if (kind === 'hashedrekord') return parsePae(content)
  const body = envelopeBody(leaf, kind, version)
  if (body.kind === 'intoto') return { payloadType: body.payloadType, payload: content }
  const { payloadType, payload } = parseEnvelopeText(content)
  return { payloadType, payload }
}

function envelopeBody(leaf: Uint8Array, kind: string, version: string): Exclude<BodyV1, { kind: 'hashedrekord' }> {
  const name = `${kind} ${version}`
  const body = name === 'dsse 0.0.1' || name === 'intoto 0.0.2' ? parseBodyV1(leaf, kind, version) : null
  if (body === null || body.kind === 'hashedrekord')
    throw new TlogError('CHECK_UNAVAILABLE', `an entry ${name} is not verified here`)
  return body
}

function materialIn({ label, der }: PemBlock): Material {
  return { kind: label === 'PUBLIC KEY' ? 'publicKey' : 'x509Certificate', rawBytes: der }
}

function materialOf({ kind, rawBytes }: Material): SigningMaterial {
  return kind === 'publicKey' ? { kind: 'key', hint: '' } : { kind: 'certificate', leaf: rawBytes, others: [] }
}
