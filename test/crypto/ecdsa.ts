/** ECDSA built by hand on noble's points, so that tests can choose every number in it. */

import { p256, p384, p521 } from '@noble/curves/nist.js'
import { algorithmForKey } from '../../src/crypto/algorithms.ts'
import type { DigestCheck } from '../../src/crypto/crypto.ts'
import { CURVES, type CurveParameters, toBigInt, writeBigInt } from '../../src/crypto/curves.ts'
import { invert, mod } from '../../src/crypto/modular.ts'
import { formatDer, formatUnsigned, TAG } from '../../src/formats/pki/der.ts'
import { type Curve, formatSpki, type PublicKey, parseSpki } from '../../src/formats/pki/spki.ts'
import { fromHex } from './outcome.ts'

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

/** A good signature in encodings that nobody should write, each with the reason for which it is refused. */
export function encodings(): (readonly [what: string, check: DigestCheck, reason: RegExp])[] {
  const signer = new Signer('P-256', new Uint8Array(66).fill(9))
  const { n } = signer.curve
  const { r, s, check } = signer.sign(12345n, 6789n)
  const der = check.signature
  const value = der.subarray(2)
  const long = (length: number[]) => Uint8Array.from([0x30, ...length, ...value])
  const cases: (readonly [what: string, signature: Uint8Array, reason: RegExp])[] = [
    ['empty', new Uint8Array(0), /the ECDSA signature is missing/],
    ['the two numbers bare', Uint8Array.from([...new Uint8Array(64).fill(1)]), /tag 0x01/],
    ['a byte after it', Uint8Array.from([...der, 0]), /at byte \d+: bytes after the ECDSA signature/],
    ['a third number', formatThree(value), /bytes after s/],
    ['cut short', der.subarray(0, -1), /cut short/],
    ['a long length', long([0x81, value.length]), /not minimal/],
    ['a longer length', long([0x82, 0, value.length]), /not minimal/],
    ['an indefinite length', Uint8Array.from([0x30, 0x80, ...value, 0, 0]), /indefinite/],
    ['a padded r', padded(r, s), /r is padded/],
    ['a negative r', fromHex('3006020180020101'), /r is negative/],
    ['an r of no bytes', fromHex('30050200020101'), /r is an integer of no bytes/],
    ['r = 0', formatSignature(0n, s), /r is not from 1 to the order/],
    ['s = 0', formatSignature(r, 0n), /s is not from 1 to the order/],
    ['r = n', formatSignature(n, s), /r is not from 1 to the order/],
    ['s = n', formatSignature(r, n), /s is not from 1 to the order/],
    ['r + n', formatSignature(r + n, s), /r is not from 1 to the order/],
    ['s + n', formatSignature(r, s + n), /s is not from 1 to the order/],
    ['an r of 4,000 bytes', formatSignature(2n ** 32000n, s), /r is not from 1 to the order/],
  ]
  return cases.map(([what, signature, reason]) => [what, { ...check, signature }, reason])
}

function formatThree(value: Uint8Array): Uint8Array {
  return Uint8Array.from([0x30, value.length + 3, ...value, 2, 1, 1])
}

function padded(r: bigint, s: bigint): Uint8Array {
  const der = formatSignature(r, s)
  const [, length = 0, , rLength = 0] = der
  return Uint8Array.from([0x30, length + 1, 2, rLength + 1, 0, ...der.subarray(4)])
}
