/**
 * ECDSA over a bare digest, natively. OpenSSL through Node hashes the message itself and takes no digest, but:
 *
 *   a signature (r, s) on e is good under Q  when  x(e/s·G + r/s·Q) = r mod n.
 *   Choose any fixed message, of hash e', and ask OpenSSL about it under Q' = Q + t·G with t = (e - e')/r:
 *   e'/s·G + r/s·Q' = e'/s·G + r/s·Q + (e - e')/s·G = e/s·G + r/s·Q.
 *   The same point, so the same verdict, whatever the four values are: nothing is assumed of the signer.
 *
 * It needs Q on the curve: off it, t·G + Q could be a point whose logarithm the caller knows. Per check one native base
 * multiplication and one affine addition; the two inversions are shared by the batch.
 */

import { createECDH, type ECDH, verify } from 'node:crypto'
import { type Curve, formatSpki } from '../../formats/pki/spki.ts'
import { CURVES, type CurveParameters, isOnCurve, type Point, parsePoint, toBigInt, writeBigInt } from '../curves.ts'
import { type EcdsaSignature, parseEcdsaSignature } from '../ecdsa-signature.ts'
import { invert, invertAll, mod } from '../modular.ts'

export interface EcdsaDigestCheck {
  /** Uncompressed. */
  readonly point: Uint8Array
  /** At most as long as the order of the curve. */
  readonly digest: Uint8Array
  /** DER. */
  readonly signature: Uint8Array
}

const FIXED_MESSAGE = new Uint8Array(0)
/** SHA-256 of nothing: a number below every order. */
const FIXED_HASH = 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855n

const OPENSSL_NAMES: Readonly<Record<Curve, string>> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
}

/** One curve's parameters, and buffers that every check overwrites. */
interface Workspace {
  readonly curve: CurveParameters
  readonly base: ECDH
  readonly scalar: Uint8Array
  /** A SubjectPublicKeyInfo, and its last bytes: x and y. */
  readonly spki: Buffer
  readonly x: Uint8Array
  readonly y: Uint8Array
}

const WORKSPACES: Readonly<Record<Curve, Workspace>> = {
  'P-256': workspace('P-256'),
  'P-384': workspace('P-384'),
  'P-521': workspace('P-521'),
}

function workspace(name: Curve): Workspace {
  const curve = CURVES[name]
  const { bytes } = curve
  const point = new Uint8Array(1 + 2 * bytes)
  point[0] = 4
  const spki = Buffer.from(formatSpki({ kind: 'ec', curve: name, point }))
  return {
    curve,
    base: createECDH(OPENSSL_NAMES[name]),
    scalar: new Uint8Array(bytes),
    spki,
    x: spki.subarray(-2 * bytes, -bytes),
    y: spki.subarray(-bytes),
  }
}

/** The verdict on each check, in order. Malformed signatures and points off the curve are not good ones. */
export function verifyDigests(name: Curve, checks: readonly EcdsaDigestCheck[]): boolean[] {
  const space = WORKSPACES[name]
  const { curve } = space
  const verdicts = checks.map(() => false)
  const open = checks.flatMap((check, at) => prepare(curve, check, at) ?? [])
  const inverses = invertAll(
    open.map(({ signature }) => signature.r),
    curve.n,
  )
  const sums = open.map((item, i) => {
    const t = mod((item.e - FIXED_HASH) * (inverses[i] ?? 0n), curve.n)
    return chord(curve.p, item.key, t === 0n ? null : multiplyBase(space, t))
  })
  const slopes = invertAll(
    sums.map(({ run }) => run),
    curve.p,
  )
  for (const [i, item] of open.entries()) {
    const sum = sums[i]
    if (sum === undefined) continue
    verdicts[item.at] = verifyUnder(space, item, follow(curve.p, sum, slopes[i] ?? 0n))
  }
  return verdicts
}

interface Prepared {
  /** Its place in the batch. */
  readonly at: number
  readonly key: Point
  readonly e: bigint
  readonly der: Uint8Array
  readonly signature: EcdsaSignature
}

function prepare(curve: CurveParameters, check: EcdsaDigestCheck, at: number): Prepared | null {
  if (check.digest.length > curve.bytes) throw new RangeError('a digest longer than the order would have to be cut')
  const key = parsePoint(curve, check.point)
  if (!isOnCurve(curve, key)) return null
  try {
    const signature = parseEcdsaSignature(curve, check.signature)
    return { at, key, e: toBigInt(check.digest), der: check.signature, signature }
  } catch {
    return null
  }
}

function multiplyBase({ curve, base, scalar }: Workspace, factor: bigint): Point {
  writeBigInt(factor, scalar)
  base.setPrivateKey(scalar)
  return parsePoint(curve, base.getPublicKey())
}

/** The line through two points, as a slope not yet divided: rise/run. `other` null: there is nothing to add. */
interface Chord {
  readonly point: Point
  readonly other: Point | null
  readonly rise: bigint
  /** Never 0, so that a batch can be inverted. */
  readonly run: bigint
  readonly isVertical: boolean
}

function chord(p: bigint, point: Point, other: Point | null): Chord {
  const line = { point, other, isVertical: false }
  if (other === null) return { ...line, rise: 0n, run: 1n }
  if (other.x !== point.x) return { ...line, rise: other.y - point.y, run: mod(other.x - point.x, p) }
  if (other.y === point.y) return { ...line, rise: 3n * (point.x * point.x - 1n), run: 2n * point.y }
  return { ...line, rise: 0n, run: 1n, isVertical: true }
}

/** The sum of the two points of a chord, or null for infinity. */
function follow(p: bigint, { point, other, rise, isVertical }: Chord, runInverse: bigint): Point | null {
  if (isVertical) return null
  if (other === null) return point
  const slope = (rise * runInverse) % p
  const x = mod(slope * slope - point.x - other.x, p)
  return { x, y: mod(slope * (point.x - x) - point.y, p) }
}

function verifyUnder(space: Workspace, { der, signature }: Prepared, key: Point | null): boolean {
  if (key === null) return verifyUnderInfinity(space, signature)
  writeBigInt(key.x, space.x)
  writeBigInt(key.y, space.y)
  return verify('sha256', FIXED_MESSAGE, { key: space.spki, format: 'der', type: 'spki' }, der)
}

/** Under Q' = 0 only e'/s·G is left; OpenSSL takes no such key. */
function verifyUnderInfinity(space: Workspace, { r, s }: EcdsaSignature): boolean {
  const { n } = space.curve
  return multiplyBase(space, (FIXED_HASH * invert(s, n)) % n).x % n === r
}
