/** Checkpoints under a policy: signed by a log it names and cosigned by the quorum it asks for, on the same bytes. */

import type { Checkpoint } from '../formats/c2sp/checkpoint.ts'
import { parseCheckpoint } from '../formats/c2sp/checkpoint.ts'
import { parseNote } from '../formats/c2sp/note.ts'
import { isQuorum, type Policy } from '../formats/c2sp/policy.ts'
import { treeKeyName } from '../formats/sigstore/tree-id.ts'
import type { Hash } from '../kernel/brand.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { verifyConsistency } from '../kernel/proof.ts'
import { openLine, type ReceivedCheckpoint } from './note-line.ts'
import type { VerifyMlDsa44 } from './ports.ts'
import { type Verified, verified } from './verified.ts'

/** A witness that the policy names, and its word on this head. */
export interface Cosigner {
  /** As the policy calls it. */
  readonly witness: string
  /** Of its key. */
  readonly keyName: string
  /** Seconds since 1970, as the witness says. Zero: it does not say that it knows of no larger tree. */
  readonly time: number
}

export interface OpenedCheckpoint extends Checkpoint {
  /** Every witness of the policy that cosigned, also beyond the quorum. */
  readonly cosigners: readonly Cosigner[]
  /** As received: keep this, it is the evidence. */
  readonly note: Uint8Array
}

export type VerifiedCheckpoint = Verified<OpenedCheckpoint>

/** No log but those named elsewhere, no witness: whoever uses this does not learn of a log that shows two histories. */
export const NO_WITNESSES: Policy = { logs: [], witnesses: [], groups: [], quorum: null }

/**
 * Opens a checkpoint of a log that the policy names by its origin.
 *
 * @param policy as parsePolicy returns it
 * @throws TlogError NOTE_MALFORMED, CHECKPOINT_MALFORMED; LOG_NOT_TRUSTED when the policy has no key for the origin;
 *   CHECKPOINT_UNTRUSTED when none of its keys signed; SIGNATURE_INVALID when a line of a key of the policy is bad;
 *   QUORUM_MISSED; CHECK_UNAVAILABLE for a line of ML-DSA-44 without `mlDsa44`.
 */
export async function openCheckpoint(
  note: Uint8Array,
  policy: Policy,
  mlDsa44: VerifyMlDsa44 | null,
): Promise<VerifiedCheckpoint> {
  const received = receive(note)
  if (!(await isSignedByListed(received, policy, mlDsa44))) throw unsignedBy(received.checkpoint.origin)
  const cosigners = await openCosigners(received, policy, mlDsa44)
  return verified({ ...received.checkpoint, cosigners, note })
}

/** Parses only. @throws TlogError NOTE_MALFORMED, CHECKPOINT_MALFORMED */
export function receive(note: Uint8Array): ReceivedCheckpoint {
  const parsed = parseNote(note)
  return { note: parsed, checkpoint: parseCheckpoint(parsed.text) }
}

/**
 * Whether a key that the policy lists for the log signed; each of their lines must be good. The name of a key is the
 * origin, but for trees of Rekor v1: `HOST - TREE` has spaces, and the key is `HOST/TREE`.
 *
 * @throws TlogError LOG_NOT_TRUSTED when the policy lists none; SIGNATURE_INVALID, CHECK_UNAVAILABLE
 */
export async function isSignedByListed(
  received: ReceivedCheckpoint,
  { logs }: Policy,
  mlDsa44: VerifyMlDsa44 | null,
): Promise<boolean> {
  const { origin } = received.checkpoint
  const name = treeKeyName(origin) ?? origin
  const keys = logs.map(({ vkey }) => vkey).filter((vkey) => vkey.name === name)
  if (keys.length === 0) throw new TlogError('LOG_NOT_TRUSTED', `the policy has no key of the log ${shown(origin)}`)
  let isSigned = false
  for (const vkey of keys) if ((await openLine(vkey, received, mlDsa44)) !== null) isSigned = true
  return isSigned
}

export function unsignedBy(origin: string): TlogError {
  return new TlogError('CHECKPOINT_UNTRUSTED', `no key of ${shown(origin)} signed the checkpoint`)
}

/** @throws TlogError QUORUM_MISSED, SIGNATURE_INVALID, CHECK_UNAVAILABLE */
export async function openCosigners(
  received: ReceivedCheckpoint,
  policy: Policy,
  mlDsa44: VerifyMlDsa44 | null,
): Promise<readonly Cosigner[]> {
  const cosigners: Cosigner[] = []
  for (const { name, vkey } of policy.witnesses) {
    const line = await openLine(vkey, received, mlDsa44)
    if (line !== null) cosigners.push({ witness: name, keyName: vkey.name, time: line.time ?? 0 })
  }
  requireQuorum(policy, new Set(cosigners.map(({ witness }) => witness)))
  return cosigners
}

function requireQuorum(policy: Policy, cosigned: ReadonlySet<string>): void {
  if (!isQuorum(policy, cosigned))
    throw new TlogError(
      'QUORUM_MISSED',
      `the policy asks for ${shown(policy.quorum ?? '')}; of its witnesses cosigned: ${[...cosigned].map(shown).join(', ') || 'none'}`,
    )
}

/**
 * The newer tree holds all of the older one, of the same log. An equal size takes no proof, but an equal root.
 * @throws TlogError PROOF_INVALID; TREE_SHRUNK when `newer` is the smaller one.
 */
export function verifyGrowth(older: VerifiedCheckpoint, newer: VerifiedCheckpoint, path: readonly Hash[]): void {
  requireSameLog(older, newer)
  verifyConsistency(older, newer, path)
}

/** @throws TlogError PROOF_INVALID for another log or two roots of one size, TREE_SHRUNK when `newer` is smaller. */
export function requireSameLog(older: VerifiedCheckpoint, newer: VerifiedCheckpoint): void {
  if (older.origin !== newer.origin)
    throw new TlogError('PROOF_INVALID', `${shown(newer.origin)} is another log than ${shown(older.origin)}`)
  if (newer.size < older.size)
    throw new TlogError('TREE_SHRUNK', `${shown(newer.origin)} showed ${older.size} leaves and now ${newer.size}`)
  if (newer.size === older.size && !equal(newer.root, older.root))
    throw new TlogError('PROOF_INVALID', `${shown(newer.origin)} signed two roots of size ${newer.size}`)
}

export function shown(name: string): string {
  return JSON.stringify(name.slice(0, 128))
}
