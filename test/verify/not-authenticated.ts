/** What of a bundle nothing signs, by the names under which docs/verify.md tells it. */

import type { Policy } from '../../src/formats/c2sp/policy.ts'
import { DerReader, TAG } from '../../src/formats/pki/der.ts'
import type { Bundle } from '../../src/formats/sigstore/bundle.ts'

export interface Change {
  readonly how: 'flipped' | 'removed' | 'swapped'
  /** One, or the two of a pair. A removed field is named as the file names it, any other as the parser does. */
  readonly fields: readonly string[]
  /** Of a flip: which bit of the field. */
  readonly bit: number
}

export interface Sides {
  readonly before: Bundle
  readonly after: Bundle
  readonly policy: Policy
  /** Whether the timestamp counts; without, its authority is a stranger. */
  readonly isStamped: boolean
}

/** Why the change may go unseen, or null when it may not. Of a pair, each of the two must have a reason. */
export function reasonOf(change: Change, sides: Sides): string | null {
  const reasons = change.fields.map((field) => reasonOfField(change, field, sides))
  return reasons.includes(null) ? null : (reasons[0] ?? null)
}

const ENTRY = 'verificationMaterial.tlogEntries.0'
const STAMPS = 'verificationMaterial.timestampVerificationData'

function reasonOfField({ how, bit }: Change, field: string, sides: Sides): string | null {
  const { before, after, policy, isStamped } = sides
  const isKey = before.material.kind === 'key'
  if (how === 'removed') return REMOVED.find(([what]) => what.test(field))?.[1] ?? null
  if (field === 'material.hint') return 'hints'
  if (field === 'mediaType' && isKey) return 'version'
  if (field === 'entries.0.proof.checkpoint')
    return knownPart(before, policy) === knownPart(after, policy) ? 'strangers' : null
  if (field !== 'timestamps.0' || how !== 'flipped') return null
  if (!isStamped) return 'strangers'
  return timestampReason(before.timestamps[0] ?? new Uint8Array(), bit, isKey || hasPromise(before))
}

/** What is removed was not needed: another word says as much, or the verdict says less. */
const REMOVED: readonly (readonly [RegExp, string])[] = [
  [/^verificationMaterial\.publicKey\.hint$/, 'hints'],
  [/^messageSignature\.messageDigest$/, 'hints'],
  [/^dsseEnvelope\.signatures\.0\.keyid$/, 'hints'],
  [new RegExp(`^${ENTRY}.inclusionProof(\\.checkpoint)?$`), 'second words'],
  [new RegExp(`^${ENTRY}.inclusionPromise$`), 'second words'],
  [new RegExp(`^${STAMPS}(\\.rfc3161Timestamps(\\.0)?)?$`), 'second words'],
  [new RegExp(`^${ENTRY}.inclusionProof\\.(logIndex|hashes)$`), 'zeros'],
]

function hasPromise({ entries }: Bundle): boolean {
  return entries.some(({ promise }) => promise !== null)
}

/** The checkpoint without the lines of keys that nobody named. */
function knownPart({ entries }: Bundle, policy: Policy): string {
  const [origin = '', ...lines] = (entries[0]?.proof?.checkpoint ?? '').split('\n')
  const names = [origin, origin.split(' - ')[0], ...policy.witnesses.map(({ vkey }) => vkey.name)]
  const isKnown = (line: string) => !line.startsWith('\u2014') || names.includes(line.split(' ')[1] ?? '')
  return [origin, ...lines.filter(isKnown)].join('\n')
}

/** Another signer than the root's makes it a stranger's: one word less, where there is another or none is needed. */
function timestampReason(der: Uint8Array, bit: number, isSecondWord: boolean): string | null {
  const { status, certificates, signer } = partsOf(der)
  const at = Math.floor(bit / 8)
  if (bit === status * 8 || isWithin(at, certificates)) return 'timestamps'
  return isSecondWord && isWithin(at, signer) ? 'strangers' : null
}

function isWithin(at: number, part: Uint8Array | null): boolean {
  return part !== null && at >= part.byteOffset && at < part.byteOffset + part.length
}

/** The status is granted (0) or granted with modifications (1): its offset (RFC 3161 §2.4.2). Views into a copy that begins at 0. */
function partsOf(der: Uint8Array) {
  const response = new DerReader(der.slice()).enter(TAG.sequence, '')
  const status = response.enter(TAG.sequence, '').read(TAG.integer, '').byteOffset
  const token = response.enter(TAG.sequence, '')
  token.next('the content type')
  const data = token.enter(0xa0, '').enter(TAG.sequence, '')
  for (const what of ['version', 'digests', 'content']) data.next(what)
  const certificates = data.tag === 0xa0 ? data.next('').der : null
  const info = data.enter(0x31, '').enter(TAG.sequence, '')
  info.next('version')
  return { status, certificates, signer: info.next('').der }
}
