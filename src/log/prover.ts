/** Receipts: made anew for every answer, against a published checkpoint, and checked before they leave. */

import type { Hash, LeafHash, LeafIndex, TreeSize, UnixMillis } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import { proveInclusion, type ReadNodes, verifyInclusion } from '../kernel/proof.ts'
import type { Published } from './ports.ts'

/** That an entry is in the tree of a published checkpoint. Plain data. */
export interface Receipt {
  readonly index: LeafIndex
  /** When the head that first covered the entry was sealed. */
  readonly time: UnixMillis
  /** The entry was in the log, or on its way, before this request. */
  readonly repeated: boolean
  readonly size: TreeSize
  readonly root: Hash
  /** Leaf's sibling first. */
  readonly path: readonly Hash[]
  /** The signed note, as published. */
  readonly note: Uint8Array
}

/**
 * The audit path of a leaf under a published checkpoint, verified.
 * @throws TlogError STORE_CORRUPT when a node is not there, or the path does not lead to the published root; STORE_UNAVAILABLE.
 */
export async function prove(
  leaf: { readonly hash: LeafHash; readonly index: LeafIndex },
  published: Published,
  read: ReadNodes,
): Promise<readonly Hash[]> {
  try {
    const path = await proveInclusion(leaf.index, published.size, read)
    verifyInclusion(leaf.hash, leaf.index, published, path)
    return path
  } catch (cause) {
    if (cause instanceof TlogError && cause.code === 'STORE_UNAVAILABLE') throw cause
    throw new TlogError(
      'STORE_CORRUPT',
      `leaf ${leaf.index} cannot be proven in the published tree of ${published.size}`,
      { cause },
    )
  }
}
