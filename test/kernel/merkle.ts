/** How transparency-dev/merkle's vectors are checked, on any runtime. */

import { type Hash, hash, leafIndex, treeSize } from '../../src/kernel/brand.ts'
import { parseBase64 } from '../../src/kernel/bytes.ts'
import { nodeHash } from '../../src/kernel/hash.ts'
import {
  type ReadNodes,
  verifyConsistency,
  verifyInclusion,
  verifySubtree,
  verifySubtreeInclusion,
} from '../../src/kernel/proof.ts'
import type { NodeId } from '../../src/kernel/range.ts'

// Sizes of 2^64-1 are rounded by JSON.parse, but none above 2^53-1 is rounded below 2^53: treeSize refuses them all.
export interface MerkleVector {
  wantErr: boolean
  proof: string[] | null
  leafIdx: number
  treeSize: number
  root: string
  leafHash: string
  start: number
  end: number
  size: number
  size1: number
  size2: number
  root1: string
  root2: string
}
export const fromBase64 = (text: string) => hash(parseBase64(text))
const subtree = (v: MerkleVector, root: string) => ({
  start: leafIndex(v.start),
  end: treeSize(v.end),
  root: fromBase64(root),
})

export const checks: Record<string, (v: MerkleVector, proof: Hash[]) => void> = {
  inclusion: (v, proof) =>
    verifyInclusion(
      fromBase64(v.leafHash),
      leafIndex(v.leafIdx),
      { size: treeSize(v.treeSize), root: fromBase64(v.root) },
      proof,
    ),
  consistency: (v, proof) =>
    verifyConsistency(
      { size: treeSize(v.size1), root: fromBase64(v.root1) },
      { size: treeSize(v.size2), root: fromBase64(v.root2) },
      proof,
    ),
  subtreeinclusion: (v, proof) =>
    verifySubtreeInclusion(fromBase64(v.leafHash), leafIndex(v.leafIdx), subtree(v, v.root), proof),
  subtreeconsistency: (v, proof) =>
    verifySubtree(subtree(v, v.root1), { size: treeSize(v.size), root: fromBase64(v.root2) }, proof),
}

/** Accepted by that library, refused here on purpose. No vector that must pass has a size above 2^53-1. */
export const refusedHere = new Set(
  [
    // roots of 12 bytes: no Hash of ours
    'consistency/additional/sizes-are-equal-one-and-proof-is-empty',
    'subtreeconsistency/additional/sizes-are-equal-one-and-proof-is-empty',
    // empty subtrees: the drafts disagree about them, the kernel knows none
    'subtreeconsistency/additional/subtree-is-empty-sizes-are-equal-one-subtree-root-valid-proof-is-empty',
    'subtreeconsistency/additional/subtree-is-empty-sizes-are-equal-one-subtree-root-valid-tree-root-random-proof-is-empty',
    'subtreeconsistency/additional/subtree-is-empty-sizes-are-equal-zero-subtree-root-valid-proof-is-empty',
    'subtreeconsistency/additional/subtree-is-empty-sizes-are-equal-zero-subtree-root-valid-tree-root-random-proof-is-empty',
    'subtreeconsistency/additional/subtree-is-empty-subtree-root-valid-proof-is-empty',
    'subtreeconsistency/additional/subtree-is-empty-subtree-root-valid-tree-root-random-proof-is-empty',
  ].map((name) => `merkle/testdata/${name}.json`),
)

export const counts: Record<string, number> = {
  inclusion: 98,
  consistency: 98,
  subtreeinclusion: 204,
  subtreeconsistency: 118,
}
/** Nodes over a few leaves, each hashed once. */
export function readerOf(leaves: readonly Hash[]): ReadNodes {
  const levels: Hash[][] = [[...leaves]]
  const node = ({ level, index }: NodeId): Hash => {
    levels[level] ??= []
    levels[level][index] ??= nodeHash(
      node({ level: level - 1, index: 2 * index }),
      node({ level: level - 1, index: 2 * index + 1 }),
    )
    return levels[level][index]
  }
  return async (ids) => ids.map(node)
}
