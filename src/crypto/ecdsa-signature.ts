/** ECDSA signatures as DER: SEQUENCE { r INTEGER, s INTEGER } (RFC 3279 §2.2.3). One encoding; BER is refused. */

import { DerReader, TAG } from '../formats/pki/der.ts'
import { TlogError } from '../kernel/error.ts'
import { type CurveParameters, toBigInt } from './curves.ts'

export interface EcdsaSignature {
  readonly r: bigint
  /** Low or high: Go does not normalise, so half of the honest signatures have s above n/2. */
  readonly s: bigint
}

/** @throws TlogError SIGNATURE_INVALID unless minimal DER with r and s from 1 to n - 1. */
export function parseEcdsaSignature(curve: CurveParameters, der: Uint8Array): EcdsaSignature {
  const outer = new DerReader(der, 'SIGNATURE_INVALID')
  const numbers = outer.enter(TAG.sequence, 'the ECDSA signature')
  outer.end('the ECDSA signature')
  const r = scalar(curve, numbers, 'r')
  const s = scalar(curve, numbers, 's')
  numbers.end('s')
  return { r, s }
}

function scalar(curve: CurveParameters, reader: DerReader, name: string): bigint {
  const bytes = reader.unsigned(name)
  // Before the conversion: its cost grows with the square of the length.
  const value = bytes.length > curve.bytes ? curve.n : toBigInt(bytes)
  if (value === 0n || value >= curve.n)
    throw new TlogError('SIGNATURE_INVALID', `${name} is not from 1 to the order of ${curve.name}`)
  return value
}
