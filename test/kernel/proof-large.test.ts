/** Sizes that no test can store: plans against BigInt, verifiers against RFC 9162's loops, and trees that are mostly zeros. */

import fc from 'fast-check'
import t from 'tap'
import { type Hash, hash, leafIndex, treeSize } from '../../src/kernel/brand.ts'
import { equal } from '../../src/kernel/bytes.ts'
import { leafHash, nodeHash } from '../../src/kernel/hash.ts'
import {
  consistencyPlan,
  inclusionPlan,
  type Plan,
  proveConsistency,
  proveInclusion,
  rootAt,
  rootFromInclusion,
  subtreePlan,
  verifyConsistency,
  verifyInclusion,
  verifySubtree,
} from '../../src/kernel/proof.ts'
import { bitLength, type NodeId } from '../../src/kernel/range.ts'
import { Definitions, inclusionRoot, subtreeRoots } from '../reference/rfc6962.ts'
import { entry } from './support.ts'

const LARGEST = Number.MAX_SAFE_INTEGER
const ranges = new Definitions((start, end) => `${start}:${end}`)

/** Sizes of every order, many beside 2^31, 2^32 and 2^53. */
const sizes = fc
  .oneof(
    fc.integer({ min: 1, max: LARGEST }),
    fc.nat({ max: 53 }).chain((bits) => fc.integer({ min: 1, max: Math.min(LARGEST, 2 ** bits) })),
    fc
      .tuple(fc.constantFrom(2 ** 8, 2 ** 16, 2 ** 31, 2 ** 32, 2 ** 40, LARGEST), fc.integer({ min: -300, max: 300 }))
      .map(([near, by]) => Math.max(1, Math.min(LARGEST, near + by))),
  )
  .map(treeSize)
const within = (size: number) =>
  fc.oneof(
    fc.integer({ min: 0, max: size - 1 }),
    fc.constantFrom(0, size - 1),
    fc.integer({ min: 0, max: 300 }).map((d) => Math.max(0, size - 1 - d)),
  )
const places = sizes.chain((size) => fc.tuple(fc.constant(size), within(size).map(leafIndex)))
/** A tree and a valid subtree of it. */
const parts = sizes.chain((size) =>
  fc.tuple(fc.constant(size), within(size), within(size)).map(([, a, b]) => {
    const unit = 2 ** bitLength(b % (size - a))
    const start = Math.floor(a / unit) * unit
    return { size, start, end: Math.min(size, start + (b % (size - a)) + 1) }
  }),
)

/** Each hash of the plan as the range its nodes cover; fails when they leave a gap or are not whole subtrees. */
function cover(plan: Plan): string[] {
  return plan.map((ids) => {
    const spans = ids.map(({ level, index }) => {
      if (!Number.isSafeInteger(index)) throw new Error(`index ${index}`)
      return [BigInt(index) << BigInt(level), BigInt(index + 1) << BigInt(level)] as const
    })
    for (const [i, [start]] of spans.entries())
      if (i > 0 && spans[i - 1]?.[1] !== start) throw new Error('a gap between nodes')
    return `${spans[0]?.[0]}:${spans.at(-1)?.[1]}`
  })
}
const same = (a: string[], b: string[]) => a.join() === b.join()

t.test('plans are the definitions, in BigInt', async () => {
  const runs = { numRuns: 1500 }
  fc.assert(
    fc.property(places, ([size, i]) => same(cover(inclusionPlan(i, size)), ranges.path(BigInt(i), 0n, BigInt(size)))),
    runs,
  )
  fc.assert(
    fc.property(places, ([size, i]) => {
      const first = treeSize(i + 1)
      return same(cover(consistencyPlan(first, size)), ranges.proof(BigInt(first), BigInt(size)))
    }),
    runs,
  )
  fc.assert(
    fc.property(parts, ({ size, start, end }) => {
      const wanted = ranges.subtreeProof(BigInt(start), BigInt(end), 0n, BigInt(size), true)
      return same(cover(subtreePlan(start, end, size)), wanted)
    }),
    runs,
  )
})

t.test('a path is no longer than the tree is high, and reads at most twice as many nodes', async () => {
  fc.assert(
    fc.property(places, ([size, i]) => {
      const height = bitLength(size - 1)
      const [path, proof] = [inclusionPlan(i, size), consistencyPlan(treeSize(i), size)]
      const lengths = path.length <= height && proof.length <= height + 1
      return lengths && path.flat().length <= 2 * height && proof.flat().length <= 2 * height
    }),
    { numRuns: 1000 },
  )
})

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hash)
/** As many hashes as `length`, sometimes a few more or fewer. */
const proofs = (length: number) =>
  fc
    .oneof(fc.constant(0), fc.constantFrom(-1, 1, 2))
    .chain((by) => fc.array(bytes32, { minLength: Math.max(0, length + by), maxLength: Math.max(0, length + by) }))

t.test('any path at all: the root, or the refusal, of RFC 9162 §2.1.3.2', async () => {
  const cases = places.chain(([size, i]) =>
    fc.record({
      size: fc.constant(size),
      i: fc.constant(i),
      leaf: bytes32,
      path: proofs(inclusionPlan(i, size).length),
    }),
  )
  fc.assert(
    fc.property(cases, ({ size, i, leaf, path }) => {
      const wanted = inclusionRoot(BigInt(i), BigInt(size), leaf, path)
      if (wanted !== null) return equal(rootFromInclusion(leaf, i, size, path), wanted)
      return refuses(() => rootFromInclusion(leaf, i, size, path))
    }),
    { numRuns: 500 },
  )
})

t.test('any subtree proof at all: the roots, or the refusal, of the draft and of RFC 9162 §2.1.4.2', async () => {
  const cases = parts.chain(({ size, start, end }) =>
    fc.record({
      size: fc.constant(size),
      start: fc.constant(leafIndex(start)),
      end: fc.constant(treeSize(end)),
      known: bytes32,
      proof: proofs(subtreePlan(start, end, size).length),
    }),
  )
  fc.assert(
    fc.property(cases, ({ size, start, end, known, proof }) => {
      const roots = subtreeRoots([BigInt(start), BigInt(end)], BigInt(size), known, proof)
      if (roots === null) return refuses(() => verifySubtree({ start, end, root: known }, { size, root: known }, proof))
      const [part, head] = [
        { start, end, root: hash(roots.part) },
        { size, root: hash(roots.whole) },
      ]
      verifySubtree(part, head, proof)
      if (start === 0) verifyConsistency({ size: end, root: part.root }, head, proof)
      return refuses(() => verifySubtree(part, { ...head, root: nodeHash(head.root, head.root) }, proof))
    }),
    { numRuns: 500 },
  )
})

function refuses(check: () => void): boolean {
  try {
    check()
    return false
  } catch (error) {
    return (error as { code?: string }).code === 'PROOF_INVALID'
  }
}

/** A tree of equal leaves but for a few: any node of it costs at most a few dozen hashes. */
function sparse(special: readonly number[]) {
  const zero: Hash[] = [leafHash(new Uint8Array())]
  for (let level = 1; level <= 53; level++) zero.push(nodeHash(zero[level - 1] as Hash, zero[level - 1] as Hash))
  const node = (id: NodeId, inside: readonly number[]): Hash => {
    const own = inside.filter((i) => Math.floor(i / 2 ** id.level) === id.index)
    if (own.length === 0) return zero[id.level] as Hash
    if (id.level === 0) return leafHash(entry(id.index))
    const child = (side: number) => node({ level: id.level - 1, index: 2 * id.index + side }, own)
    return nodeHash(child(0), child(1))
  }
  return async (ids: readonly NodeId[]) => ids.map((id) => node(id, special))
}

t.test('proofs in trees of up to 2^53-1 leaves', async () => {
  const cases = fc.tuple(
    places,
    fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 3 }),
  )
  await fc.assert(
    fc.asyncProperty(cases, async ([[size, i], others]) => {
      const read = sparse([i, ...others.map((x) => Math.floor(x * size))])
      const head = { size, root: await rootAt(size, read) }
      const leaf = leafHash(entry(i))
      const path = await proveInclusion(i, size, read)
      verifyInclusion(leaf, i, head, path)
      const first = treeSize(i + 1)
      const older = { size: first, root: await rootAt(first, read) }
      verifyConsistency(older, head, await proveConsistency(first, size, read))
      return size === 1 || refuses(() => verifyInclusion(leaf, leafIndex(i === 0 ? 1 : i - 1), head, path))
    }),
    { numRuns: 150 },
  )
})
