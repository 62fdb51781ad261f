import fc from 'fast-check'
import t from 'tap'
import { CURVES, isOnCurve, type Point } from '../../src/crypto/curves.ts'
import { add, multiply } from '../../src/crypto/points.ts'
import { CURVE_NAMES, NOBLE } from './ecdsa.ts'

for (const name of CURVE_NAMES) {
  const curve = CURVES[name]
  const { n, p, base } = curve
  const theirs = (factor: bigint): Point | null => {
    const { x, y } = NOBLE[name].Point.BASE.multiplyUnsafe(factor % n).toAffine()
    return factor % n === 0n ? null : { x, y }
  }

  t.test(`${name}: the base point and its order`, async (t) => {
    t.ok(isOnCurve(curve, base))
    t.equal(multiply(curve, 0n, base), null)
    t.same(multiply(curve, 1n, base), base)
    t.same(multiply(curve, n - 1n, base), { x: base.x, y: p - base.y })
    t.equal(multiply(curve, n, base), null)
    t.same(multiply(curve, n + 2n, base), multiply(curve, 2n, base))
  })

  t.test(`${name}: multiples and sums are noble's`, async (t) => {
    const factors = fc.bigInt({ min: 0n, max: n })
    const property = fc.property(factors, factors, (a, b) => {
      const [first, second] = [multiply(curve, a, base), multiply(curve, b, base)]
      t.same([first, second], [theirs(a), theirs(b)])
      t.same(add(curve, first, second), theirs(a + b))
    })
    fc.assert(property, { numRuns: 15 })
  })

  t.test(`${name}: what the formula of addition does not cover`, async (t) => {
    const minus: Point = { x: base.x, y: p - base.y }
    t.equal(add(curve, null, null), null)
    t.same(add(curve, base, null), base)
    t.same(add(curve, null, base), base)
    t.equal(add(curve, base, minus), null)
    t.same(add(curve, base, base), theirs(2n))
  })
}
