/** Sums of points on the NIST curves. Variable time: public values only. Null is the point at infinity. */

import type { CurveParameters, Point } from './curves.ts'
import { invert, mod } from './modular.ts'

/** x = X/Z², y = Y/Z³; Z is 0 at infinity. */
interface Jacobian {
  readonly x: bigint
  readonly y: bigint
  readonly z: bigint
}

/** The factor, from 0 on, times a point of the curve. A few milliseconds. */
export function multiply(curve: CurveParameters, factor: bigint, point: Point): Point | null {
  const { p } = curve
  let sum: Jacobian = { x: 1n, y: 1n, z: 0n }
  for (const bit of factor.toString(2)) {
    sum = double(p, sum)
    if (bit === '1') sum = addAffine(p, sum, point)
  }
  return toAffine(p, sum)
}

export function add(curve: CurveParameters, a: Point | null, b: Point | null): Point | null {
  if (a === null || b === null) return a ?? b
  return toAffine(curve.p, addAffine(curve.p, { ...a, z: 1n }, b))
}

function toAffine(p: bigint, { x, y, z }: Jacobian): Point | null {
  if (z === 0n) return null
  const inverse = invert(z, p)
  const square = (inverse * inverse) % p
  return { x: (x * square) % p, y: (((y * square) % p) * inverse) % p }
}

/** "dbl-2001-b" of the Explicit-Formulas Database, for a = -3. Infinity stays there. */
function double(p: bigint, { x, y, z }: Jacobian): Jacobian {
  const delta = (z * z) % p
  const gamma = (y * y) % p
  const beta = (x * gamma) % p
  const alpha = (3n * (x - delta) * (x + delta)) % p
  const twice = mod(alpha * alpha - 8n * beta, p)
  return {
    x: twice,
    y: mod(alpha * (4n * beta - twice) - 8n * gamma * gamma, p),
    z: mod(2n * y * z, p),
  }
}

/** "madd", with the three cases that the formula does not cover. */
function addAffine(p: bigint, a: Jacobian, b: Point): Jacobian {
  if (a.z === 0n) return { ...b, z: 1n }
  const square = (a.z * a.z) % p
  const run = mod(b.x * square - a.x, p)
  const rise = mod(b.y * ((square * a.z) % p) - a.y, p)
  if (run === 0n) return rise === 0n ? double(p, a) : { x: 1n, y: 1n, z: 0n }
  const run2 = (run * run) % p
  const run3 = (run2 * run) % p
  const v = (a.x * run2) % p
  const x = mod(rise * rise - run3 - 2n * v, p)
  return { x, y: mod(rise * (v - x) - a.y * run3, p), z: (a.z * run) % p }
}
