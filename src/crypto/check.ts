/** What both sides refuse before any arithmetic, with the same words. */

import { TlogError } from '../kernel/error.ts'
import { checkKey } from './algorithms.ts'
import type { Check } from './crypto.ts'
import { CURVES } from './curves.ts'
import { parseEcdsaSignature } from './ecdsa-signature.ts'
import { checkEncodings } from './ed25519.ts'

/** @throws TlogError KEY_NOT_ALLOWED, or SIGNATURE_INVALID for a malformed signature. */
export function checkForm({ algorithm, key, signature }: Check): void {
  checkKey(algorithm, key)
  if (key.kind === 'ec') parseEcdsaSignature(CURVES[key.curve], signature)
  else if (key.kind === 'ed25519') checkEncodings(key.bytes, signature)
  else if (signature.length !== key.modulus.length)
    throw new TlogError('SIGNATURE_INVALID', `an RSA-${key.bits} signature of ${signature.length} bytes`)
}

/** @throws TlogError SIGNATURE_INVALID unless good. */
export function requireGood(isGood: boolean): void {
  if (isGood !== true) throw new TlogError('SIGNATURE_INVALID', 'the signature does not verify')
}
