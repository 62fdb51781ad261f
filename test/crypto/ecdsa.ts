/** ECDSA built by hand on noble's points, so that tests can choose every number in it. */

import { p256, p384, p521 } from '@noble/curves/nist.js'
import { algorithmForKey } from '../../src/crypto/algorithms.ts'
import type { DigestCheck } from '../../src/crypto/crypto.ts'
import { CURVES, type CurveParameters, toBigInt, writeBigInt } from '../../src/crypto/curves.ts'
import { invert, mod } from '../../src/crypto/modular.ts'
import { formatDer, formatUnsigned, TAG } from '../../src/formats/pki/der.ts'
import { type Curve, formatSpki, type PublicKey, parseSpki } from '../../src/formats/pki/spki.ts'

export const NOBLE = { 'P-256': p256, 'P-384': p384, 'P-521': p521 } as const
export const CURVE_NAMES: readonly Curve[] = ['P-256', 'P-384', 'P-521']

/** A DER INTEGER pair, of any numbers. */
export function formatSignature(r: bigint, s: bigint): Uint8Array {
  return formatDer(TAG.sequence, formatUnsigned(magnitude(r)), formatUnsigned(magnitude(s)))
}

function magnitude(value: bigint): Uint8Array {
  const text = value.toString(16)
  return Uint8Array.from((text.length % 2 === 0 ? text : `0${text}`).match(/../g) ?? [], (two) => Number(`0x${two}`))
}

export function bigEndian(value: bigint, length: number): Uint8Array {
  const out = new Uint8Array(length)
  writeBigInt(value, out)
  return out
}

export class Signer {
  readonly curve: CurveParameters
  readonly secret: bigint
  readonly key: PublicKey
  readonly digestLength: number

  constructor(name: Curve, secret: Uint8Array) {
    this.curve = CURVES[name]
    this.secret = 1n + (toBigInt(secret) % (this.curve.n - 1n))
    const point = NOBLE[name].Point.BASE.multiply(this.secret).toBytes(false)
    this.key = parseSpki(formatSpki({ kind: 'ec', curve: name, point }))
    this.digestLength = algorithmForKey(this.key).digestLength
  }

  /** The r that the nonce gives. */
  r(nonce: bigint): bigint {
    return NOBLE[this.curve.name].Point.BASE.multiply(nonce).x % this.curve.n
  }

  /** A good signature on `e`, below 2^(8·digestLength). */
  sign(e: bigint, nonce: bigint): { r: bigint; s: bigint; check: DigestCheck } {
    const { n } = this.curve
    const r = this.r(nonce)
    const s = mod((e + r * this.secret) * invert(nonce, n), n)
    return { r, s, check: this.check(e, formatSignature(r, s)) }
  }

  check(e: bigint, signature: Uint8Array): DigestCheck {
    const algorithm = algorithmForKey(this.key)
    return { algorithm, key: this.key, digest: bigEndian(e, this.digestLength), signature }
  }
}
