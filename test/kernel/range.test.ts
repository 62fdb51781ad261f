import fc from 'fast-check'
import t from 'tap'
import { treeSize } from '../../src/kernel/brand.ts'
import { EMPTY_ROOT } from '../../src/kernel/hash.ts'
import { bitLength, fold, halves, peaks, perfect, split, validSubtree } from '../../src/kernel/range.ts'
import { isSubtree, k, treeOf } from '../reference/rfc6962.ts'
import { entry, WholeTree } from './support.ts'

const LARGEST = Number.MAX_SAFE_INTEGER
/** Numbers of every length, and those beside a power of two. */
const numbers = fc.oneof(
  fc.maxSafeNat(),
  fc.nat({ max: 53 }).chain((bits) => fc.nat({ max: Math.min(LARGEST, 2 ** bits) })),
  fc.tuple(fc.nat({ max: 53 }), fc.integer({ min: -2, max: 2 })).map(([bits, d]) => clamp(2 ** bits + d)),
)
const clamp = (n: number) => Math.max(0, Math.min(LARGEST, n))

t.test('bit lengths and splits are exact beside every power of two', async (t) => {
  for (let power = 0; power <= 53; power++)
    for (const n of [2 ** power - 1, 2 ** power, 2 ** power + 1].filter(Number.isSafeInteger)) {
      t.equal(bitLength(n), n === 0 ? 0 : n.toString(2).length, `bits of ${n}`)
      if (n >= 2) t.equal(BigInt(split(n)), k(BigInt(n)), `split of ${n}`)
    }
})

t.test('properties against BigInt', async (t) => {
  fc.assert(fc.property(numbers, (n) => bitLength(n) === (n === 0 ? 0 : BigInt(n).toString(2).length)))
  fc.assert(fc.property(numbers, (n) => n < 2 || BigInt(split(n)) === k(BigInt(n))))
  fc.assert(
    fc.property(numbers, numbers, (a, b) => validSubtree(a, b) === isSubtree(BigInt(a), BigInt(b))),
    { numRuns: 2000 },
  )
  t.pass()
})

t.test('subtrees of small trees', async (t) => {
  for (let end = 0; end <= 70; end++)
    for (let start = 0; start <= end; start++)
      t.equal(validSubtree(start, end), isSubtree(BigInt(start), BigInt(end)), `[${start}, ${end})`)
  for (const [start, end] of [
    [-1, 1],
    [0.5, 1],
    [0, 1.5],
    [0, 2 ** 53],
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
  ] as const)
    t.notOk(validSubtree(start, end), `[${start}, ${end})`)
})

t.test('perfect subtrees tile their range from left to right, largest first', async (t) => {
  const check = (start: number, end: number) => {
    let at = start
    let before = 54
    for (const { level, index } of perfect({ start, end })) {
      if (!Number.isSafeInteger(index) || BigInt(index) << BigInt(level) !== BigInt(at) || level >= before) return false
      at += 2 ** level
      before = level
    }
    return at === end
  }
  fc.assert(fc.property(numbers, (size) => check(0, size)))
  const subtrees = fc.tuple(numbers, fc.double({ min: 0, max: 1, noNaN: true })).map(([length, where]) => {
    const unit = 2 ** bitLength(Math.max(1, length) - 1)
    const start = Math.floor((where * LARGEST) / unit) * unit
    return start + length <= LARGEST ? { start, end: start + length } : { start: 0, end: length }
  })
  fc.assert(
    fc.property(subtrees, ({ start, end }) => check(start, end)),
    { numRuns: 1000 },
  )
  t.throws(() => perfect({ start: 1, end: 3 }), { code: 'RANGE_INVALID' })
  t.throws(() => peaks(-1), { code: 'RANGE_INVALID' })
  t.throws(() => peaks(2 ** 53), { code: 'RANGE_INVALID' })
})

t.test('halves meet, and the left one is perfect', async (t) => {
  t.same(halves({ start: 4, end: 7 }), [
    { start: 4, end: 6 },
    { start: 6, end: 7 },
  ])
  t.same(halves({ start: 0, end: LARGEST }), [
    { start: 0, end: 2 ** 52 },
    { start: 2 ** 52, end: LARGEST },
  ])
})

t.test('the fold over the peaks is the root', async (t) => {
  const tree = new WholeTree(300)
  const reference = treeOf(Array.from({ length: 300 }, (_, i) => entry(i)))
  for (let size = 0; size <= 300; size++)
    t.same(fold(peaks(treeSize(size)).map((id) => tree.node(id))), reference.mth(0n, BigInt(size)), `size ${size}`)
  t.same(fold([]), EMPTY_ROOT)
})
