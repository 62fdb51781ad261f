/** Whether a signed checkpoint goes on from what was cosigned before (c2sp.org/tlog-witness). Pure. */

import type { AddCheckpoint } from '../formats/c2sp/witness-request.ts'
import { type TreeSize, treeSize } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import { EMPTY_ROOT } from '../kernel/hash.ts'
import { type TreeHead, verifyConsistency } from '../kernel/proof.ts'

export type Verdict =
  /** To be cosigned: a larger tree, or the first one. */
  | { readonly kind: 'growth' }
  /** To be cosigned anew, with a later time. */
  | { readonly kind: 'refresh' }
  /** The log's memory is not ours: this is the size it must prove from. */
  | { readonly kind: 'moved'; readonly size: TreeSize }

/** Before the first checkpoint of a log. */
const NOTHING: TreeHead = { size: treeSize(0), root: EMPTY_ROOT }

/**
 * @param stored the newest head that was cosigned, or null
 * @param claimed what the log signed; a size of 0 may come with any root
 * @throws TlogError REQUEST_MALFORMED when `old` is above the claimed size; PROOF_INVALID when the proof does not hold, is
 *   there where none is needed, or the log signed two roots of one size.
 */
export function decide(
  stored: TreeHead | null,
  { old, proof }: Pick<AddCheckpoint, 'old' | 'proof'>,
  claimed: TreeHead,
): Verdict {
  if (old > claimed.size)
    throw new TlogError('REQUEST_MALFORMED', `old ${old} is above the size of the checkpoint, ${claimed.size}`)
  if (claimed.size === 0) verifyConsistency(NOTHING, claimed, proof)
  const known = stored ?? NOTHING
  if (old !== known.size) return { kind: 'moved', size: known.size }
  verifyConsistency(known, claimed, proof)
  return { kind: stored !== null && claimed.size === stored.size ? 'refresh' : 'growth' }
}
