/** Heads and entries of the logs that a trusted root or a policy names, whatever the entries are about. */

import type { Policy } from '../formats/c2sp/policy.ts'
import type { BundleEntry } from '../formats/sigstore/bundle-entry.ts'
import type { TrustedRoot } from '../formats/sigstore/trusted-root.ts'
import type { LeafHash, LeafIndex, UnixMillis } from '../kernel/brand.ts'
import { utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { verifyInclusion } from '../kernel/proof.ts'
import { NO_WITNESSES, openCheckpoint, type VerifiedCheckpoint } from './checkpoint.ts'
import { verifyInLog } from './logged-entry.ts'
import type { VerifyMlDsa44 } from './ports.ts'
import { findLog, findSigner, openRekorCheckpoint } from './rekor-log.ts'

/** At least one of the two; of both the policy's quorum holds for the root's logs. */
export interface StatedLogs {
  readonly root: TrustedRoot | null
  readonly policy: Policy | null
  readonly mlDsa44: VerifyMlDsa44 | null
}

/** @throws TlogError as openRekorCheckpoint does where there is a root, else as openCheckpoint does */
export async function openStatedCheckpoint(
  note: string,
  { root, policy, mlDsa44 }: StatedLogs,
): Promise<VerifiedCheckpoint> {
  if (root === null) return await openCheckpoint(utf8(note), policy ?? NO_WITNESSES, mlDsa44)
  const log = findLog(root, findSigner(root.tlogs, note).logId)
  return await openRekorCheckpoint(log, note, policy ?? NO_WITNESSES, mlDsa44)
}

export interface PlacedEntry {
  readonly leaf: LeafHash
  /** In the tree of the checkpoint. */
  readonly index: LeafIndex
  readonly checkpoint: VerifiedCheckpoint
  /** When the log took it, by its promise; null without one, and where no root says whose word that is. */
  readonly promised: UnixMillis | null
}

/**
 * @param entry `logId` null: that of whoever signed the checkpoint
 * @throws TlogError PROOF_INVALID, and as openStatedCheckpoint and verifyLogged do
 */
export async function verifyStatedEntry(
  entry: Omit<BundleEntry, 'logId'> & { readonly logId: Uint8Array | null },
  logs: StatedLogs,
): Promise<PlacedEntry> {
  const { root, policy, mlDsa44 } = logs
  const { proof, body } = entry
  const leaf = leafHash(body)
  if (proof === null || proof.checkpoint === null) throw new TlogError('PROOF_INVALID', 'no proof under a checkpoint')
  if (root === null) {
    const checkpoint = await openStatedCheckpoint(proof.checkpoint, logs)
    verifyInclusion(leaf, proof.index, checkpoint, proof.path)
    return { leaf, index: proof.index, checkpoint, promised: null }
  }
  const logId = entry.logId ?? findSigner(root.tlogs, proof.checkpoint).logId
  const found = await verifyInLog({ ...entry, logId }, { root, policy: policy ?? NO_WITNESSES, mlDsa44 })
  if (found.inclusion === null) throw new TlogError('PROOF_INVALID', 'no proof under a checkpoint')
  return { leaf, ...found.inclusion, promised: found.promised }
}
