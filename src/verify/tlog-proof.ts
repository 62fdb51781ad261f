/** Proof files: an entry is in a log, as a policy demands it, offline (c2sp.org/tlog-proof). */

import type { Policy } from '../formats/c2sp/policy.ts'
import { parseTlogProof } from '../formats/c2sp/tlog-proof.ts'
import type { Bundle } from '../formats/sigstore/bundle.ts'
import type { LeafHash, LeafIndex } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { verifyInclusion } from '../kernel/proof.ts'
import { openCheckpoint, type VerifiedCheckpoint } from './checkpoint.ts'
import type { VerifyMlDsa44 } from './ports.ts'
import { type Verified, verified } from './verified.ts'

export interface ProvenEntry {
  readonly entry: Uint8Array
  readonly leaf: LeafHash
  readonly index: LeafIndex
  readonly checkpoint: VerifiedCheckpoint
}

/**
 * Returns where `entry` is. The file's extra data is nobody's word and not returned; who wrote the entry, and when, a
 * proof does not say.
 *
 * @param file a proof file
 * @param entry the leaf's own bytes, from the caller and never from the file
 * @throws TlogError PROOF_MALFORMED, PROOF_INVALID, or as openCheckpoint does.
 */
export async function verifyTlogProof(
  file: Uint8Array,
  entry: Uint8Array,
  policy: Policy,
  mlDsa44: VerifyMlDsa44 | null,
): Promise<Verified<ProvenEntry>> {
  const { index, path, note } = parseTlogProof(file)
  const checkpoint = await openCheckpoint(note, policy, mlDsa44)
  const leaf = leafHash(entry)
  verifyInclusion(leaf, index, checkpoint, path)
  return verified({ entry, leaf, index, checkpoint })
}

/**
 * The same for an entry of a bundle, which says what the entry is about and is to be verified besides.
 * @throws TlogError ENTRY_MISMATCH when the proof is about none of its entries; or as verifyTlogProof does.
 */
export async function verifyProofOf(
  { entries }: Bundle,
  file: Uint8Array,
  policy: Policy,
  mlDsa44: VerifyMlDsa44 | null,
): Promise<Verified<ProvenEntry>> {
  for (const { body } of entries)
    try {
      return await verifyTlogProof(file, body, policy, mlDsa44)
    } catch (error) {
      if (!(error instanceof TlogError) || error.code !== 'PROOF_INVALID') throw error
    }
  throw new TlogError('ENTRY_MISMATCH', `the proof file is about none of the bundle's ${entries.length} entries`)
}
