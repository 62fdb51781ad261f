/** Proofs against the RFC word for word, in every small tree and in some larger ones; and what must be refused. */

import t from 'tap'
import { type Hash, hash, leafIndex, treeSize } from '../../src/kernel/brand.ts'
import { equal } from '../../src/kernel/bytes.ts'
import { EMPTY_ROOT } from '../../src/kernel/hash.ts'
import {
  foldPlan,
  inclusionPlan,
  proveConsistency,
  proveInclusion,
  proveSubtree,
  rootAt,
  rootFromInclusion,
  verifyConsistency,
  verifyInclusion,
  verifySubtree,
  verifySubtreeInclusion,
} from '../../src/kernel/proof.ts'
import { validSubtree } from '../../src/kernel/range.ts'
import { treeOf } from '../reference/rfc6962.ts'
import { entry, flipBit, WholeTree } from './support.ts'

const SMALL = 300
const tree = new WholeTree(SMALL)
const reference = treeOf(Array.from({ length: SMALL }, (_, i) => entry(i)))
const headOf = (size: number) => ({ size: treeSize(size), root: hash(reference.mth(0n, BigInt(size))) })
const subtreeOf = (start: number, end: number) => ({
  start: leafIndex(start),
  end: treeSize(end),
  root: hash(reference.mth(BigInt(start), BigInt(end))),
})
const leafAt = (i: number) => tree.node({ level: 0, index: i })

/** Says where two proofs first differ, or nothing. */
function mustEqual(name: string, found: readonly Hash[], wanted: readonly Uint8Array[]): void {
  const same = found.length === wanted.length && found.every((h, i) => equal(h, wanted[i] as Uint8Array))
  if (!same) throw new Error(`${name}: not the RFC's hashes`)
}

t.test(`inclusion of every leaf in every tree to ${SMALL}`, async (t) => {
  for (let size = 1; size <= SMALL; size++) {
    const head = headOf(size)
    for (let i = 0; i < size; i++) {
      const path = await proveInclusion(leafIndex(i), head.size, tree.read)
      mustEqual(`leaf ${i} in ${size}`, path, reference.path(BigInt(i), 0n, BigInt(size)))
      verifyInclusion(leafAt(i), leafIndex(i), head, path)
    }
    if (!equal(await rootAt(head.size, tree.read), head.root)) throw new Error(`root of ${size}`)
  }
  t.pass()
})

t.test(`consistency of every pair of trees to ${SMALL}`, async (t) => {
  for (let second = 0; second <= SMALL; second++)
    for (let first = 0; first <= second; first++) {
      const proof = await proveConsistency(treeSize(first), treeSize(second), tree.read)
      mustEqual(`${first} to ${second}`, proof, first === 0 ? [] : reference.proof(BigInt(first), BigInt(second)))
      verifyConsistency(headOf(first), headOf(second), proof)
    }
  t.pass()
})

t.test('every subtree of every tree to 66, and every leaf of it', async (t) => {
  for (let size = 1; size <= 66; size++)
    for (let end = 1; end <= size; end++)
      for (let start = 0; start < end; start++) {
        if (!validSubtree(start, end)) continue
        const proof = await proveSubtree(start, end, treeSize(size), tree.read)
        const wanted = reference.subtreeProof(BigInt(start), BigInt(end), 0n, BigInt(size), true)
        mustEqual(`[${start}, ${end}) in ${size}`, proof, wanted)
        verifySubtree(subtreeOf(start, end), headOf(size), proof)
        for (let i = start; size === 66 && i < end; i++) {
          const path = reference.path(BigInt(i - start), BigInt(start), BigInt(end)).map(hash)
          verifySubtreeInclusion(leafAt(i), leafIndex(i), subtreeOf(start, end), path)
        }
      }
  t.pass()
})

t.test('sizes beside those of full tiles', async (t) => {
  const large = new WholeTree(70_000)
  const sizes = [255, 256, 257, 511, 65_535, 65_536, 65_537, 70_000].map(treeSize)
  for (const [at, size] of sizes.entries()) {
    const head = { size, root: await rootAt(size, large.read) }
    for (const i of [0, 1, 254, 255, 256, 65_534, 65_535, 65_536, size - 1].filter((i) => i < size).map(leafIndex))
      verifyInclusion(large.node({ level: 0, index: i }), i, head, await proveInclusion(i, size, large.read))
    for (const first of sizes.slice(0, at + 1)) {
      const proof = await proveConsistency(first, size, large.read)
      verifyConsistency({ size: first, root: await rootAt(first, large.read) }, head, proof)
    }
  }
  t.equal((await proveInclusion(leafIndex(0), treeSize(70_000), large.read)).length, 17)
  t.equal((await proveInclusion(leafIndex(69_999), treeSize(70_000), large.read)).length, 9)
})

const refused = { name: 'TlogError', code: 'PROOF_INVALID' }
/** True when every variant is refused for being an invalid proof. */
function allRefused(variants: Iterable<() => void>): boolean {
  for (const variant of variants)
    try {
      variant()
      return false
    } catch (error) {
      if ((error as { code?: string }).code !== 'PROOF_INVALID') throw error
    }
  return true
}
/** Each hash of a proof with each of its bits flipped. */
function* flipped(proof: readonly Hash[]): Generator<Hash[]> {
  for (const [at, h] of proof.entries()) for (let bit = 0; bit < 256; bit++) yield proof.with(at, flipBit(h, bit))
}
/** The proof with a hash too many, in each place, or too few. */
function* resized(proof: readonly Hash[]): Generator<Hash[]> {
  for (let at = 0; at <= proof.length; at++) yield proof.toSpliced(at, 0, proof[at] ?? EMPTY_ROOT)
  for (let at = 0; at < proof.length; at++) yield proof.toSpliced(at, 1)
  yield Array.from({ length: 64 }, () => EMPTY_ROOT)
  yield Array.from({ length: 100_000 }, () => EMPTY_ROOT)
}
const bits = Array.from({ length: 256 }, (_, bit) => bit)

t.test('no altered audit path verifies', async (t) => {
  for (const size of [1, 2, 3, 7, 8, 13, 257]) {
    const head = headOf(size)
    for (const i of new Set([0, size >> 1, size - 1].map(leafIndex))) {
      const path = await proveInclusion(i, head.size, tree.read)
      const leaf = leafAt(i)
      const name = `leaf ${i} in ${size}`
      t.ok(
        allRefused([...flipped(path)].map((p) => () => verifyInclusion(leaf, i, head, p))),
        `${name}: bits of the path`,
      )
      t.ok(
        allRefused(bits.map((b) => () => verifyInclusion(flipBit(leaf, b), i, head, path))),
        `${name}: bits of the leaf`,
      )
      const otherRoots = bits.map((b) => () => verifyInclusion(leaf, i, { ...head, root: flipBit(head.root, b) }, path))
      t.ok(allRefused(otherRoots), `${name}: bits of the root`)
      t.ok(allRefused([...resized(path)].map((p) => () => verifyInclusion(leaf, i, head, p))), `${name}: lengths`)
      const places = Array.from({ length: size + 2 }, (_, at) => leafIndex(at)).filter((at) => at !== i)
      t.ok(allRefused(places.map((at) => () => verifyInclusion(leaf, at, head, path))), `${name}: other places`)
    }
  }
  const outside = { ...refused, message: /^leaf \d+ is outside/ }
  t.throws(() => rootFromInclusion(EMPTY_ROOT, leafIndex(0), treeSize(0), []), outside, 'the empty tree has no leaf')
  t.throws(() => verifyInclusion(leafAt(0), leafIndex(5), headOf(5), []), outside, 'beyond the last leaf')
  for (const i of [3, 6].map(leafIndex))
    t.throws(() => verifySubtreeInclusion(leafAt(i), i, subtreeOf(4, 6), [leafAt(5)]), outside, `leaf ${i} of [4, 6)`)
})

t.test('no altered consistency proof verifies', async (t) => {
  for (const [first, second] of [
    [1, 2],
    [3, 5],
    [4, 5],
    [6, 8],
    [7, 13],
    [8, 13],
    [255, 257],
    [256, 300],
    [128, 256],
  ] as const) {
    const [a, b] = [headOf(first), headOf(second)]
    const proof = await proveConsistency(a.size, b.size, tree.read)
    const name = `${first} to ${second}`
    t.ok(allRefused([...flipped(proof)].map((p) => () => verifyConsistency(a, b, p))), `${name}: bits of the proof`)
    t.ok(allRefused([...resized(proof)].map((p) => () => verifyConsistency(a, b, p))), `${name}: lengths`)
    const older = bits.map((bit) => () => verifyConsistency({ ...a, root: flipBit(a.root, bit) }, b, proof))
    t.ok(allRefused(older), `${name}: bits of the older root`)
    const newer = bits.map((bit) => () => verifyConsistency(a, { ...b, root: flipBit(b.root, bit) }, proof))
    t.ok(allRefused(newer), `${name}: bits of the newer root`)
    t.throws(() => verifyConsistency(b, a, proof), refused, `${name}: backwards`)
  }
})

t.test('no altered subtree proof verifies', async (t) => {
  for (const [start, end, size] of [
    [2, 4, 5],
    [4, 5, 5],
    [4, 7, 7],
    [8, 13, 13],
    [0, 3, 13],
    [8, 11, 300],
  ] as const) {
    const [part, head] = [subtreeOf(start, end), headOf(size)]
    const proof = await proveSubtree(start, end, head.size, tree.read)
    const name = `[${start}, ${end}) in ${size}`
    t.ok(allRefused([...flipped(proof)].map((p) => () => verifySubtree(part, head, p))), `${name}: bits of the proof`)
    t.ok(allRefused([...resized(proof)].map((p) => () => verifySubtree(part, head, p))), `${name}: lengths`)
    const parts = bits.map((bit) => () => verifySubtree({ ...part, root: flipBit(part.root, bit) }, head, proof))
    t.ok(allRefused(parts), `${name}: bits of its root`)
    const heads = bits.map((bit) => () => verifySubtree(part, { ...head, root: flipBit(head.root, bit) }, proof))
    t.ok(allRefused(heads), `${name}: bits of the tree's root`)
    const path = reference.path(0n, BigInt(start), BigInt(end)).map(hash)
    const leaf = leafAt(start)
    const check = (p: readonly Hash[], at: number = start) => verifySubtreeInclusion(leaf, leafIndex(at), part, p)
    t.doesNotThrow(() => check(path), name)
    t.ok(allRefused([...flipped(path), ...resized(path)].map((p) => () => check(p))), `${name}: path of a leaf`)
    t.ok(
      allRefused([...Array(end + 2).keys()].filter((i) => i !== start).map((i) => () => check(path, i))),
      `${name}: places`,
    )
  }
  const misplaced = { ...subtreeOf(2, 4), start: leafIndex(1) }
  t.throws(() => verifySubtree(misplaced, headOf(5), []), refused, 'not aligned')
  t.throws(() => verifySubtreeInclusion(leafAt(2), leafIndex(2), misplaced, []), refused, 'not aligned')
  t.throws(() => verifySubtree(subtreeOf(4, 8), headOf(7), []), refused, 'outside the tree')
  const empty = { start: leafIndex(2), end: treeSize(2), root: EMPTY_ROOT }
  t.throws(() => verifySubtree(empty, headOf(5), []), refused, 'empty')
})

t.test('the empty tree and equal trees', async (t) => {
  const empty = { size: treeSize(0), root: EMPTY_ROOT }
  const false0 = { size: treeSize(0), root: leafAt(0) }
  t.doesNotThrow(() => verifyConsistency(empty, empty, []))
  t.doesNotThrow(() => verifyConsistency(empty, headOf(5), []))
  t.doesNotThrow(() => verifyConsistency(headOf(5), headOf(5), []))
  const cases: [string, () => void][] = [
    ['a second root at size 0', () => verifyConsistency(false0, headOf(5), [])],
    ['two roots at size 0', () => verifyConsistency(empty, false0, [])],
    ['the same wrong root at size 0', () => verifyConsistency(false0, false0, [])],
    ['a hash from size 0', () => verifyConsistency(empty, headOf(5), [leafAt(0)])],
    ['a hash at size 0', () => verifyConsistency(empty, empty, [EMPTY_ROOT])],
    ['two roots of one size', () => verifyConsistency(headOf(5), { ...headOf(5), root: leafAt(0) }, [])],
    ['a hash between equals', () => verifyConsistency(headOf(5), headOf(5), [headOf(5).root])],
    ['backwards to nothing', () => verifyConsistency(headOf(5), empty, [])],
  ]
  for (const [name, check] of cases) t.throws(check, refused, name)
})

t.test('what cannot be proven', async (t) => {
  const outside = { code: 'RANGE_INVALID' }
  await t.rejects(proveInclusion(leafIndex(5), treeSize(5), tree.read), outside)
  await t.rejects(proveInclusion(leafIndex(0), treeSize(0), tree.read), outside)
  await t.rejects(proveConsistency(treeSize(6), treeSize(5), tree.read), outside)
  await t.rejects(proveSubtree(1, 3, treeSize(5), tree.read), outside)
  await t.rejects(proveSubtree(4, 6, treeSize(5), tree.read), outside)
  await t.rejects(proveSubtree(3, 3, treeSize(5), tree.read), outside)
  const plan = inclusionPlan(leafIndex(2), treeSize(7))
  const nodes = plan.flat().map((id) => tree.node(id))
  t.equal(foldPlan(plan, nodes).length, 3)
  t.throws(() => foldPlan(plan, nodes.slice(1)), outside, 'a reader that lost a node')
  t.throws(() => foldPlan(plan, [...nodes, EMPTY_ROOT]), outside, 'a reader that added one')
})
