/** One log's word on a bundle: a promise with a time, or a proof under a checkpoint, or both. */

import type { Policy } from '../formats/c2sp/policy.ts'
import type { BundleEntry, BundleProof } from '../formats/sigstore/bundle-entry.ts'
import type { TrustedLog, TrustedRoot } from '../formats/sigstore/trusted-root.ts'
import { parseTime } from '../formats/time.ts'
import type { LeafHash, LeafIndex, UnixMillis } from '../kernel/brand.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { verifyInclusion } from '../kernel/proof.ts'
import type { VerifiedCheckpoint } from './checkpoint.ts'
import { isV2, requireLogged } from './logged-body.ts'
import type { VerifyMlDsa44 } from './ports.ts'
import { findLog, openPromise, openRekorCheckpoint, type RekorLog } from './rekor-log.ts'
import type { SignedContent } from './signed-content.ts'

export interface LoggedEntry {
  readonly log: TrustedLog
  readonly kind: string
  readonly version: string
  readonly leaf: LeafHash
  /** When the log took it, by its promise; null without one. */
  readonly promised: UnixMillis | null
  /** The tree that holds it; null where the log only promised. */
  readonly inclusion: { readonly index: LeafIndex; readonly checkpoint: VerifiedCheckpoint } | null
  /** Over all the log's trees; null where nothing vouches for it. */
  readonly index: LeafIndex | null
}

export interface LogTrust {
  readonly root: TrustedRoot
  readonly policy: Policy
  readonly mlDsa44: VerifyMlDsa44 | null
}

/**
 * @throws TlogError LOG_NOT_TRUSTED, ENTRY_MISMATCH, ENTRY_MALFORMED, PROMISE_INVALID, PROOF_INVALID, TIME_OUTSIDE, or as
 *   openRekorCheckpoint does
 */
export async function verifyLogged(entry: BundleEntry, signed: SignedContent, trust: LogTrust): Promise<LoggedEntry> {
  const log = findLog(trust.root, entry.logId)
  requireLogged(entry, signed)
  return await verifyWord(log, entry, trust)
}

/** That the log has the entry, whatever it is about. @throws TlogError as verifyLogged does, but for what it is about */
export async function verifyInLog(entry: BundleEntry, trust: LogTrust): Promise<LoggedEntry> {
  return await verifyWord(findLog(trust.root, entry.logId), entry, trust)
}

async function verifyWord(log: RekorLog, entry: BundleEntry, trust: LogTrust): Promise<LoggedEntry> {
  const { kind, version, promise, proof } = entry
  const leaf = leafHash(entry.body)
  const promised = promise === null ? null : await openPromise(log, entry, promise)
  requireWord(entry, trust.policy)
  const inclusion = proof === null ? null : await verifyProof(log, leaf, proof, trust)
  if (isV2(entry) && entry.index !== proof?.index)
    throw new TlogError('ENTRY_MISMATCH', `entry ${entry.index} comes with the proof of entry ${proof?.index}`)
  const index = isV2(entry) || promised !== null ? entry.index : null
  return { log: log.trusted, kind, version, leaf, promised, inclusion, index }
}

/** Something must bind the entry to the log, and a policy is about checkpoints. */
function requireWord({ promise, proof }: BundleEntry, { logs, quorum }: Policy): void {
  if (proof !== null && proof.checkpoint !== null) return
  if (promise === null) throw new TlogError('PROOF_INVALID', 'neither a proof under a checkpoint nor a promise')
  if (logs.length > 0 || quorum !== null)
    throw new TlogError('QUORUM_MISSED', 'there is a promise alone, and no checkpoint for the policy')
}

/** Without a checkpoint the path must still lead somewhere, and shows nothing. */
async function verifyProof(
  log: RekorLog,
  leaf: LeafHash,
  proof: BundleProof,
  { policy, mlDsa44 }: LogTrust,
): Promise<LoggedEntry['inclusion']> {
  verifyInclusion(leaf, proof.index, proof, proof.path)
  if (proof.checkpoint === null) return null
  const checkpoint = await openRekorCheckpoint(log, proof.checkpoint, policy, mlDsa44)
  if (checkpoint.size !== proof.size || !equal(checkpoint.root, proof.root))
    throw new TlogError('CHECKPOINT_UNTRUSTED', `the checkpoint of ${checkpoint.size} is not that of the proof`)
  return { index: proof.index, checkpoint }
}

/**
 * Whoever has the key of a retired log can go on signing: what is stamped after the log's end cannot be in it.
 * @throws TlogError TIME_OUTSIDE
 */
export function requireBeforeEnd({ log }: LoggedEntry, stamped: UnixMillis): void {
  const { end } = log.validFor
  if (end !== undefined && stamped > parseTime(end))
    throw new TlogError('TIME_OUTSIDE', `signed after ${end}, when the log ${log.baseUrl} had ended`)
}
