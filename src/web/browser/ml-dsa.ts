/** ML-DSA-44 in JavaScript, a few milliseconds a check. Loaded when a policy's key asks for it. */

import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import type { VerifyMlDsa44 } from '../../verify/ports.ts'

/** Its verifier throws on lengths that are not the algorithm's: nothing verifies with those. */
export const verifyMlDsa44: VerifyMlDsa44 = async (publicKey, message, signature) => {
  const { lengths } = ml_dsa44
  if (publicKey.length !== lengths.publicKey || signature.length !== lengths.signature) return false
  return ml_dsa44.verify(signature, message, publicKey)
}
