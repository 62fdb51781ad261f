/** The three NIST curves y² = x³ - 3x + b over the integers mod p, with a base point of prime order n (SP 800-186 §3.2.1). */

import type { Curve } from '../formats/pki/spki.ts'

export interface CurveParameters {
  readonly name: Curve
  readonly p: bigint
  readonly b: bigint
  readonly n: bigint
  readonly base: Point
  /** Of a coordinate. */
  readonly bytes: number
}

export interface Point {
  readonly x: bigint
  readonly y: bigint
}

export const CURVES: Readonly<Record<Curve, CurveParameters>> = {
  'P-256': {
    name: 'P-256',
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    base: {
      x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
      y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
    },
    bytes: 32,
  },
  'P-384': {
    name: 'P-384',
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    base: {
      x: 0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
      y: 0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn,
    },
    bytes: 48,
  },
  'P-521': {
    name: 'P-521',
    p: 2n ** 521n - 1n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    base: {
      x: 0xc6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66n,
      y: 0x11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650n,
    },
    bytes: 66,
  },
}

export function isOnCurve(curve: CurveParameters, { x, y }: Point): boolean {
  const { p, b } = curve
  return x < p && y < p && (y * y - (x * x - 3n) * x - b) % p === 0n
}

/** Splits 0x04 || x || y. The point need not be on the curve. */
export function parsePoint(curve: CurveParameters, uncompressed: Uint8Array): Point {
  return {
    x: toBigInt(uncompressed.subarray(1, 1 + curve.bytes)),
    y: toBigInt(uncompressed.subarray(1 + curve.bytes)),
  }
}

/** Big-endian. Eight bytes at a time: half the time of going through hex. */
export function toBigInt(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let value = 0n
  let at = 0
  for (; at < bytes.length % 8; at++) value = (value << 8n) | BigInt(view.getUint8(at))
  for (; at < bytes.length; at += 8) value = (value << 64n) | view.getBigUint64(at)
  return value
}

/** Big-endian, over the whole of `out`; `value` must fit. */
export function writeBigInt(value: bigint, out: Uint8Array): void {
  const view = new DataView(out.buffer, out.byteOffset, out.length)
  let rest = value
  let end = out.length
  for (; end >= 8; end -= 8) {
    view.setBigUint64(end - 8, BigInt.asUintN(64, rest))
    rest >>= 64n
  }
  for (; end > 0; end--) {
    view.setUint8(end - 1, Number(rest & 0xffn))
    rest >>= 8n
  }
}
