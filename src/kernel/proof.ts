/**
 * Proofs that a part belongs to a tree: inclusion and consistency (RFC 6962 §2.1, RFC 9162 §2.1) and the subtree proofs
 * of draft-ietf-plants-merkle-tree-certs §4, of which the first two are cases.
 *
 * Proving is plan, read, fold: the plan names the stored nodes that each hash of the proof is made of, one read fetches
 * them all, the fold makes the hashes. Verifying is the same recursion backwards; nothing is hashed before the number of
 * hashes is known to be exact.
 */

import type { Hash, LeafIndex, TreeSize } from './brand.ts'
import { equal } from './bytes.ts'
import { TlogError } from './error.ts'
import { EMPTY_ROOT, nodeHash } from './hash.ts'
import { fold, halves, type NodeId, peaks, perfect, type Range, same, validSubtree } from './range.ts'

/** A tree as a checkpoint states it. */
export interface TreeHead {
  readonly size: TreeSize
  readonly root: Hash
}

/** The tree over the leaves from `start` up to, but without, `end` of a larger one. */
export interface Subtree {
  readonly start: LeafIndex
  readonly end: TreeSize
  readonly root: Hash
}

/** As many as a tree of 2^63 leaves needs. The exact number is settled below; this bounds the copying until then. */
const MOST_HASHES = 63

/** Complete nodes of a tree, one for each id and in their order. Need not be authenticated: a fold shows what they are worth. */
export type ReadNodes = (ids: readonly NodeId[]) => Promise<readonly Hash[]>

/** For each hash of a proof, the perfect subtrees it is folded from, left to right. */
export type Plan = NodeId[][]

/**
 * The audit path of a leaf: its sibling first, the root's child last.
 * @throws TlogError RANGE_INVALID unless index < size.
 */
export function inclusionPlan(index: LeafIndex, size: TreeSize): Plan {
  if (index >= size) throw new TlogError('RANGE_INVALID', `leaf ${index} is outside a tree of ${size}`)
  return subtreePlan(index, index + 1, size)
}

/**
 * Empty when nothing needs a proof: from the empty tree, and between equal sizes.
 * @throws TlogError RANGE_INVALID unless first ≤ second.
 */
export function consistencyPlan(first: TreeSize, second: TreeSize): Plan {
  if (first > second) throw new TlogError('RANGE_INVALID', `a tree of ${first} is no prefix of one of ${second}`)
  return first === 0 ? [] : subtreePlan(0, first, second)
}

/**
 * The path from the subtree [start, end) to the root of a tree of `size` leaves.
 * @throws TlogError RANGE_INVALID unless it is a valid subtree, not empty, inside the tree.
 */
export function subtreePlan(start: number, end: number, size: TreeSize): Plan {
  if (!validSubtree(start, end) || end > size)
    throw new TlogError('RANGE_INVALID', `[${start}, ${end}) is no subtree of a tree of ${size}`)
  return siblings({ start, end }, { start: 0, end: size }, true).map(perfect)
}

/** What the path from `part` to `whole` hashes in, lowest first. `known`: the verifier has the part's own root. */
function siblings(part: Range, whole: Range, known: boolean): Range[] {
  if (same(part, whole)) return known ? [] : [whole]
  const [left, right] = halves(whole)
  if (part.end <= left.end) return [...siblings(part, left, known), right]
  if (part.start >= right.start) return [...siblings(part, right, known), left]
  return [...siblings({ start: right.start, end: part.end }, right, false), left]
}

/**
 * The hashes of a proof, from those of plan.flat() in that order.
 * @throws TlogError RANGE_INVALID when the hashes are more or fewer than the plan's nodes.
 */
export function foldPlan(plan: Plan, hashes: readonly Hash[]): Hash[] {
  const planned = plan.reduce((sum, ids) => sum + ids.length, 0)
  if (hashes.length !== planned) throw new TlogError('RANGE_INVALID', `${hashes.length} hashes for ${planned} nodes`)
  let at = 0
  return plan.map((ids) => {
    const part = hashes.slice(at, at + ids.length)
    at += ids.length
    return fold(part)
  })
}

/** Reads fewer than 2 · log2(size) nodes, in one call. Throws as inclusionPlan does. */
export async function proveInclusion(index: LeafIndex, size: TreeSize, read: ReadNodes): Promise<Hash[]> {
  return prove(inclusionPlan(index, size), read)
}

/** Reads fewer than 2 · log2(second) nodes, in one call. Throws as consistencyPlan does. */
export async function proveConsistency(first: TreeSize, second: TreeSize, read: ReadNodes): Promise<Hash[]> {
  return prove(consistencyPlan(first, second), read)
}

/** Reads fewer than 2 · log2(size) nodes, in one call. Throws as subtreePlan does. */
export async function proveSubtree(start: number, end: number, size: TreeSize, read: ReadNodes): Promise<Hash[]> {
  return prove(subtreePlan(start, end, size), read)
}

async function prove(plan: Plan, read: ReadNodes): Promise<Hash[]> {
  return foldPlan(plan, await read(plan.flat()))
}

/** The root of a tree of `size` leaves, also of one that has grown since. */
export async function rootAt(size: TreeSize, read: ReadNodes): Promise<Hash> {
  return fold(await read(peaks(size)))
}

/**
 * The root that `path` implies for a leaf: the leaf's sibling is first in it, the root's child last.
 * @throws TlogError PROOF_INVALID unless index < size and the path has exactly the hashes of that place.
 */
export function rootFromInclusion(leaf: Hash, index: LeafIndex, size: TreeSize, path: readonly Hash[]): Hash {
  if (index >= size) throw invalid(`leaf ${index} is outside a tree of ${size}`)
  return implied({ start: index, end: index + 1 }, { start: 0, end: size }, leaf, path).whole
}

/** @throws TlogError PROOF_INVALID unless `path` leads from the leaf at `index` to the tree's root. */
export function verifyInclusion(leaf: Hash, index: LeafIndex, tree: TreeHead, path: readonly Hash[]): void {
  if (!equal(rootFromInclusion(leaf, index, tree.size, path), tree.root))
    throw invalid(`the path of leaf ${index} does not reach the root of ${tree.size}`)
}

/**
 * The first tree is a prefix of the second. The empty tree has one root and is a prefix of every tree, without a proof;
 * trees of equal size are consistent if their roots are equal, without a proof.
 * @throws TlogError PROOF_INVALID otherwise.
 */
export function verifyConsistency(first: TreeHead, second: TreeHead, path: readonly Hash[]): void {
  if (first.size > second.size) throw invalid(`a tree of ${first.size} is no prefix of one of ${second.size}`)
  if (first.size === second.size && !equal(first.root, second.root)) throw invalid(`two roots of size ${first.size}`)
  if (first.size > 0) verifyPart({ start: 0, end: first.size }, first.root, second, path)
  else if (!equal(first.root, EMPTY_ROOT)) throw invalid('a tree of size 0 with another root than the empty tree')
  else if (path.length > 0) throw invalid('the empty tree is a prefix of every tree and takes no proof')
}

/**
 * The roots that a consistency proof leads to, whatever the first tree's is said to be: where they are others than those that
 * were signed, the proof shows what the signer had there. Null where the number of hashes does not go with the sizes. Of a
 * first tree of 2^k leaves the proof does not hold the root, and the one that is said is taken.
 */
export function consistencyRoots(
  first: TreeHead,
  second: TreeSize,
  path: readonly Hash[],
): { readonly part: Hash; readonly whole: Hash } | null {
  if (first.size === 0 || path.length !== consistencyPlan(first.size, second).length) return null
  return implied({ start: 0, end: first.size }, { start: 0, end: second }, first.root, path)
}

/**
 * A leaf, by its index in the whole tree, is in a subtree.
 * @throws TlogError PROOF_INVALID unless the range is a valid subtree and `path` leads from the leaf to its root.
 */
export function verifySubtreeInclusion(leaf: Hash, index: LeafIndex, subtree: Subtree, path: readonly Hash[]): void {
  const { start, end, root } = subtree
  if (!validSubtree(start, end)) throw invalid(`[${start}, ${end}) is not a subtree`)
  if (index < start || index >= end) throw invalid(`leaf ${index} is outside [${start}, ${end})`)
  if (!equal(implied({ start: index, end: index + 1 }, subtree, leaf, path).whole, root))
    throw invalid(`the path of leaf ${index} does not reach the root of [${start}, ${end})`)
}

/**
 * A subtree, which may not be empty, is part of a tree.
 * @throws TlogError PROOF_INVALID unless the range is a valid subtree of the tree and `path` joins both roots.
 */
export function verifySubtree(subtree: Subtree, tree: TreeHead, path: readonly Hash[]): void {
  verifyPart(subtree, subtree.root, tree, path)
}

function verifyPart(part: Range, root: Hash, tree: TreeHead, path: readonly Hash[]): void {
  const name = `[${part.start}, ${part.end})`
  if (!validSubtree(part.start, part.end) || part.end > tree.size)
    throw invalid(`${name} is no subtree of a tree of ${tree.size}`)
  const roots = implied(part, { start: 0, end: tree.size }, root, path)
  if (!equal(roots.part, root)) throw invalid(`the proof leads to another root of ${name}`)
  if (!equal(roots.whole, tree.root)) throw invalid(`the proof leads from ${name} to another root of ${tree.size}`)
}

/**
 * The roots of `part` and `whole` that a path implies: the last hash is the half of the tree that the rest is not about.
 * `known` is the part's root as claimed; without it the first hash is that of the part, which is then a whole subtree.
 */
function implied(part: Range, whole: Range, known: Hash | null, path: readonly Hash[]): { part: Hash; whole: Hash } {
  const sibling = path.at(-1)
  if (same(part, whole)) {
    const root = known ?? sibling
    if (root === undefined || path.length !== (known === null ? 1 : 0)) throw wrongLength()
    return { part: root, whole: root }
  }
  if (sibling === undefined || path.length > MOST_HASHES) throw wrongLength()
  const below = path.slice(0, -1)
  const [left, right] = halves(whole)
  if (part.end <= left.end) {
    const roots = implied(part, left, known, below)
    return { part: roots.part, whole: nodeHash(roots.whole, sibling) }
  }
  if (part.start >= right.start) {
    const roots = implied(part, right, known, below)
    return { part: roots.part, whole: nodeHash(sibling, roots.whole) }
  }
  const roots = implied({ start: right.start, end: part.end }, right, null, below)
  return { part: nodeHash(sibling, roots.part), whole: nodeHash(sibling, roots.whole) }
}

function wrongLength(): TlogError {
  return invalid('the proof has too many or too few hashes')
}

function invalid(why: string): TlogError {
  return new TlogError('PROOF_INVALID', why)
}
