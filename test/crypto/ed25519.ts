/** C2SP's Ed25519 vectors (CCTV), and keys and signatures that are refused with a reason. */

import { ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js'
import { importEd25519Seed, signEd25519 } from '../../src/crypto/portable.ts'
import { fromHex, readJson } from './sides.ts'

export interface Vector {
  readonly number: number
  readonly key: string
  readonly sig: string
  readonly msg: string
  readonly flags: readonly string[] | null
}

const REFUSED_FLAGS = ['low_order_A', 'low_order_R', 'non_canonical_A', 'non_canonical_R']

export const CCTV = readJson<Vector[]>('cctv-ed25519/ed25519vectors.json')

/** How many of them are good: those without a point that may not be used, whose equation holds without the cofactor. */
export const CCTV_GOOD = 43

/** Whether a point of the vector may not be used, whatever the equation says. */
export function mustBeRefused({ flags }: Vector): boolean {
  return flags?.some((flag) => REFUSED_FLAGS.includes(flag)) ?? false
}

/** A signature of nothing, and the reason for which it is refused. */
export type Refusal = readonly [what: string, key: Uint8Array, signature: Uint8Array, reason: RegExp]

export async function refusals(): Promise<Refusal[]> {
  const signer = importEd25519Seed(new Uint8Array(32).fill(1))
  const { publicKey } = signer
  const signature = await signEd25519(signer, new Uint8Array(0))
  const identity = Uint8Array.of(1, ...new Array(31).fill(0))
  const aboveP = new Uint8Array(32).fill(0xff)
  const exactlyP = fromHex(`ed${'ff'.repeat(30)}7f`)
  const withR = (r: Uint8Array) => Uint8Array.from([...r, ...signature.subarray(32)])
  const order = '1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed'
  const orderBytes = fromHex(order).reverse()
  const cases: Refusal[] = [
    ['short key', publicKey.subarray(1), signature, /^KEY_MALFORMED .*31 bytes/],
    ['short signature', publicKey, signature.subarray(1), /^SIGNATURE_INVALID .*63 bytes/],
    ['the neutral element as key', identity, signature, /^KEY_NOT_ALLOWED .*small order/],
    ['a key above p', aboveP, signature, /^KEY_NOT_ALLOWED .*canonical/],
    ['p as key', exactlyP, signature, /^KEY_NOT_ALLOWED .*canonical/],
    ['p as R', publicKey, withR(exactlyP), /^SIGNATURE_INVALID R .*canonical/],
    ['the neutral element as R', publicKey, withR(identity), /^SIGNATURE_INVALID R .*small order/],
    ['R above p', publicKey, withR(aboveP), /^SIGNATURE_INVALID R .*canonical/],
    ['S = L', publicKey, Uint8Array.from([...signature.subarray(0, 32), ...orderBytes]), /^SIGNATURE_INVALID S /],
  ]
  for (const [i, point] of ED25519_TORSION_SUBGROUP.map(fromHex).entries()) {
    cases.push([`torsion ${i} as key`, point, withR(point), /^KEY_NOT_ALLOWED .*small order/])
    cases.push([`torsion ${i} as R`, publicKey, withR(point), /^SIGNATURE_INVALID R is .*small order/])
  }
  return cases
}
