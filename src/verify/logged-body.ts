/** An entry's body is about the bundle that carries it: the same digest, signature and key, and nothing else. */

import { digest as hashOf } from '#crypto'
import type { DigestName } from '../crypto/algorithms.ts'
import { type BodyV1, type Digest, parseBodyV1 } from '../formats/sigstore/body-v1.ts'
import { formatBodyV2 } from '../formats/sigstore/body-v2.ts'
import type { BundleEntry } from '../formats/sigstore/bundle-entry.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { SignedContent } from './signed-content.ts'

/** What an entry says of its body, and what a v2 log says of no entry. */
export type EntryBody = Pick<BundleEntry, 'kind' | 'version' | 'body' | 'integratedTime' | 'promise'>

/** @throws TlogError ENTRY_MISMATCH, naming what differs; ENTRY_MALFORMED */
export function requireLogged(entry: EntryBody, signed: SignedContent): void {
  if (isV2(entry)) requireRebuilt(entry, signed)
  else requireStored(parseBodyV1(entry.body, entry.kind, entry.version), signed)
}

export function isV2({ kind, version }: EntryBody): boolean {
  return kind === 'hashedrekord' && version === '0.0.2'
}

/** Whether the log took the envelope itself, and not a digest of it. */
export function isEnvelopeKind({ kind }: EntryBody): boolean {
  return kind === 'dsse' || kind === 'intoto'
}

/** The body has one spelling, so it is made anew from the bundle. */
function requireRebuilt(entry: EntryBody, { algorithm, content, verifier, digest }: SignedContent): void {
  if (entry.integratedTime !== 0 || entry.promise !== null) throw mismatch('a v2 log gives neither time nor promise')
  const expected = formatBodyV2({
    algorithm: algorithm.digest,
    digest,
    signature: content.signature,
    verifier: { keyDetails: algorithm.keyDetails, material: verifier },
  })
  if (!equal(entry.body, expected)) throw mismatch('its body is not that of this signature, digest and key')
}

function requireStored(body: BodyV1, signed: SignedContent): void {
  if (body.kind === 'hashedrekord') requireHashedRekord(body, signed)
  else requireEnvelope(body, signed)
}

function requireHashedRekord(body: Extract<BodyV1, { kind: 'hashedrekord' }>, signed: SignedContent): void {
  if (!equal(body.signature, signed.content.signature)) throw mismatch('another signature was logged')
  if (!equal(body.verifier.der, signed.verifier.rawBytes)) throw mismatch('another key or certificate was logged')
  requireDigest(body.digest, signed.algorithm.digest, signed.digest, 'digest')
}

/** A v1 log takes several signatures in one entry: this one is among them, with its key. */
function requireEnvelope(
  body: Extract<BodyV1, { kind: 'dsse' | 'intoto' }>,
  { content, verifier }: SignedContent,
): void {
  if (content.kind !== 'envelope') throw mismatch('an envelope was logged, the bundle holds none')
  const { payloadType, payload } = content
  const same = body.signatures.filter((one) => equal(one.signature, content.signature))
  if (same.length === 0) throw mismatch('another signature was logged')
  if (!same.some((one) => equal(one.verifier.der, verifier.rawBytes)))
    throw mismatch('another key or certificate was logged')
  if (body.kind === 'intoto' && body.payloadType !== payloadType) throw mismatch('another type of payload was logged')
  requireDigest(body.payloadHash, 'SHA2_256', hashOf('SHA2_256', payload), 'payload')
}

const NAMES = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' } as const

function requireDigest(logged: Digest, name: DigestName, bytes: Uint8Array, what: string): void {
  if (NAMES[logged.algorithm] !== name || !equal(logged.bytes, bytes)) throw mismatch(`another ${what} was logged`)
}

function mismatch(why: string): TlogError {
  return new TlogError('ENTRY_MISMATCH', why)
}
