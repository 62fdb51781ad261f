/**
 * Where things are in a tree: ranges of leaves and the perfect subtrees they are made of.
 * Plain arithmetic, exact to 2^53: JavaScript's bit operators would cut sizes to 32 bits.
 */

import type { Hash } from './brand.ts'
import { TlogError } from './error.ts'
import { EMPTY_ROOT, nodeHash } from './hash.ts'

/** The leaves from `start` up to, but without, `end`. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** A perfect subtree: the 2^level leaves from index · 2^level on. Once complete it is a node of every larger tree. */
export interface NodeId {
  readonly level: number
  readonly index: number
}

/** Number of binary digits; 0 has none. */
export function bitLength(n: number): number {
  return n < 2 ** 32 ? 32 - Math.clz32(n) : 64 - Math.clz32(Math.floor(n / 2 ** 32))
}

/** The largest power of two strictly below `n`, for n ≥ 2: where RFC 6962 §2.1 cuts a tree of `n` leaves. */
export function split(n: number): number {
  return 2 ** (bitLength(n - 1) - 1)
}

/** The two children of a subtree of two or more leaves: the left one is perfect and the larger, or both are equal. */
export function halves(range: Range): readonly [Range, Range] {
  const middle = range.start + split(range.end - range.start)
  return [
    { start: range.start, end: middle },
    { start: middle, end: range.end },
  ]
}

export function same(a: Range, b: Range): boolean {
  return a.start === b.start && a.end === b.end
}

/**
 * Is [start, end) a subtree: not empty, and starting at a multiple of the smallest power of two that holds it?
 * draft-ietf-plants-merkle-tree-certs §4; a prefix [0, n) always is one.
 */
export function validSubtree(start: number, end: number): boolean {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end <= start) return false
  return start % 2 ** bitLength(end - start - 1) === 0
}

/**
 * The perfect subtrees of a valid subtree, left to right: one for each binary digit of its length, largest first.
 * The empty range has none.
 * @throws TlogError RANGE_INVALID when the range is not aligned to its length.
 */
export function perfect(range: Range): NodeId[] {
  const { start, end } = range
  if (start !== end && !validSubtree(start, end))
    throw new TlogError('RANGE_INVALID', `[${start}, ${end}) is not a subtree`)
  const nodes: NodeId[] = []
  for (let at = start; at < end; ) {
    const level = bitLength(end - at) - 1
    nodes.push({ level, index: at / 2 ** level })
    at += 2 ** level
  }
  return nodes
}

/** The perfect subtrees whose fold is the root of a tree of `size` leaves. */
export function peaks(size: number): NodeId[] {
  return perfect({ start: 0, end: size })
}

/** The root over neighbouring perfect subtrees, largest first: each is the left child of all that follows it. */
export function fold(hashes: readonly Hash[]): Hash {
  if (hashes.length === 0) return EMPTY_ROOT
  return hashes.reduceRight((right, left) => nodeHash(left, right))
}
