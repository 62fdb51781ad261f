/** What both sides refuse before any arithmetic, with the same words. */

import { TlogError } from '../kernel/error.ts'
import { checkDigest, checkKey } from './algorithms.ts'
import type { DigestCheck, MessageCheck } from './crypto.ts'
import { CURVES } from './curves.ts'
import { parseEcdsaSignature } from './ecdsa-signature.ts'
import { checkEncodings } from './ed25519.ts'

/** @throws TlogError KEY_NOT_ALLOWED, DIGEST_LENGTH_INVALID, or SIGNATURE_INVALID for a malformed signature. */
export function checkForm(check: DigestCheck | MessageCheck): void {
  const { algorithm, key, signature } = check
  checkKey(algorithm, key)
  if ('digest' in check) checkDigest(algorithm, check.digest)
  if (key.kind === 'ec') parseEcdsaSignature(CURVES[key.curve], signature)
  else if (key.kind === 'ed25519') checkEncodings(key.bytes, signature)
  else if (signature.length !== key.modulus.length)
    throw new TlogError('SIGNATURE_INVALID', `an RSA-${key.bits} signature of ${signature.length} bytes`)
}

/** @throws TlogError SIGNATURE_INVALID unless good. */
export function requireGood(isGood: boolean): void {
  if (isGood !== true) throw new TlogError('SIGNATURE_INVALID', 'the signature does not verify')
}
