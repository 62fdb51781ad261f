/**
 * RFC 6962 §2.1 and RFC 9162 §2.1 word for word, and the subtrees of draft-ietf-plants-merkle-tree-certs §4.
 * Slow, obviously right, never shipped. It shares no code with what it checks: another SHA-256, and BigInt.
 */

import { createHash } from 'node:crypto'

export const sha256 = (...parts: Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}
export const leaf = (d: Uint8Array): Uint8Array => sha256(Uint8Array.of(0), d)
export const node = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(Uint8Array.of(1), left, right)

/** The largest power of two smaller than n. */
export function k(n: bigint): bigint {
  let power = 1n
  while (power * 2n < n) power *= 2n
  return power
}

/** The smallest power of two that is n or more. */
export function bitCeil(n: bigint): bigint {
  let power = 1n
  while (power < n) power *= 2n
  return power
}

/** "[start, end) is a subtree if start is a multiple of BIT_CEIL(end - start)"; empty ones left out. */
export function isSubtree(start: bigint, end: bigint): boolean {
  return 0n <= start && start < end && start % bitCeil(end - start) === 0n
}

/** The definitions over whatever stands for MTH(D[start:end]): a hash, or the range itself. */
export class Definitions<T> {
  readonly mth: (start: bigint, end: bigint) => T
  constructor(mth: (start: bigint, end: bigint) => T) {
    this.mth = mth
  }

  /** PATH(m, D[start:end]), m counted from start. */
  path(m: bigint, start: bigint, end: bigint): T[] {
    const n = end - start
    if (n === 1n) return []
    const middle = start + k(n)
    if (m < k(n)) return [...this.path(m, start, middle), this.mth(middle, end)]
    return [...this.path(m - k(n), middle, end), this.mth(start, middle)]
  }

  /** PROOF(m, D[0:n]) */
  proof(m: bigint, n: bigint): T[] {
    return this.subproof(m, 0n, n, true)
  }

  /** SUBPROOF(m, D[start:end], b) */
  subproof(m: bigint, start: bigint, end: bigint, b: boolean): T[] {
    const n = end - start
    if (m === n) return b ? [] : [this.mth(start, end)]
    const middle = start + k(n)
    if (m <= k(n)) return [...this.subproof(m, start, middle, b), this.mth(middle, end)]
    return [...this.subproof(m - k(n), middle, end, false), this.mth(start, middle)]
  }

  /** SUBTREE_SUBPROOF(start, end, D[from:to], b), start and end counted from `from`. */
  subtreeProof(start: bigint, end: bigint, from: bigint, to: bigint, b: boolean): T[] {
    const n = to - from
    if (start === 0n && end === n) return b ? [] : [this.mth(from, to)]
    const middle = from + k(n)
    if (end <= k(n)) return [...this.subtreeProof(start, end, from, middle, b), this.mth(middle, to)]
    if (k(n) <= start) return [...this.subtreeProof(start - k(n), end - k(n), middle, to, b), this.mth(from, middle)]
    return [...this.subtreeProof(0n, end - k(n), middle, to, false), this.mth(from, middle)]
  }
}

/** MTH over real entries, each range hashed once. */
export function treeOf(entries: readonly Uint8Array[]): Definitions<Uint8Array> {
  const known = new Map<string, Uint8Array>()
  const compute = (start: bigint, end: bigint): Uint8Array => {
    const n = end - start
    if (n === 0n) return sha256()
    if (n === 1n) return leaf(entries[Number(start)] as Uint8Array)
    return node(mth(start, start + k(n)), mth(start + k(n), end))
  }
  const mth = (start: bigint, end: bigint): Uint8Array => {
    const name = `${start}:${end}`
    const value = known.get(name) ?? compute(start, end)
    known.set(name, value)
    return value
  }
  return new Definitions(mth)
}

/** RFC 9162 §2.1.3.2: the root that an inclusion proof computes, or null when it fails before comparing. */
export function inclusionRoot(
  leafIndex: bigint,
  treeSize: bigint,
  hash: Uint8Array,
  path: readonly Uint8Array[],
): Uint8Array | null {
  if (leafIndex >= treeSize) return null
  let fn = leafIndex
  let sn = treeSize - 1n
  let r = hash
  for (const p of path) {
    if (sn === 0n) return null
    if (fn % 2n === 1n || fn === sn) {
      r = node(p, r)
      while (fn % 2n === 0n && fn !== 0n) {
        fn >>= 1n
        sn >>= 1n
      }
    } else r = node(r, p)
    fn >>= 1n
    sn >>= 1n
  }
  return sn === 0n ? r : null
}

/** The draft's subtree consistency verification; with start 0 it is RFC 9162 §2.1.4.2. */
export function subtreeRoots(
  [start, end]: readonly [bigint, bigint],
  size: bigint,
  known: Uint8Array,
  proof: readonly Uint8Array[],
): { part: Uint8Array; whole: Uint8Array } | null {
  let [fn, sn, tn] = [start, end - 1n, size - 1n]
  const shift = () => {
    fn >>= 1n
    sn >>= 1n
    tn >>= 1n
  }
  if (sn === tn) while (fn !== sn) shift()
  else while (fn !== sn && sn % 2n === 1n) shift()
  const rest = [...proof]
  const first = fn === sn ? known : rest.shift()
  if (first === undefined) return null
  let [fr, sr] = [first, first]
  for (const c of rest) {
    if (tn === 0n) return null
    if (sn % 2n === 1n || sn === tn) {
      if (fn < sn) fr = node(c, fr)
      sr = node(c, sr)
      while (sn % 2n === 0n && sn !== 0n) shift()
    } else sr = node(sr, c)
    shift()
  }
  return tn === 0n ? { part: fr, whole: sr } : null
}
