/** ML-DSA-44 by OpenSSL, which Node 24 brings along. */

import { createPublicKey, verify } from 'node:crypto'
import { formatDer, formatOid, TAG } from '../formats/pki/der.ts'
import type { VerifyMlDsa44 } from '../verify/ports.ts'

const ML_DSA_44 = '2.16.840.1.101.3.4.3.17'

/** In libuv's thread pool. A key of another length is no key, and nothing verifies with it. */
export const verifyMlDsa44: VerifyMlDsa44 = async (publicKey, message, signature) => {
  const algorithm = formatDer(TAG.sequence, formatOid(ML_DSA_44))
  const spki = formatDer(TAG.sequence, algorithm, formatDer(TAG.bitString, Uint8Array.of(0), publicKey))
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  return await new Promise<boolean>((resolve, reject) => {
    verify(null, message, key, signature, (error, isGood) => {
      if (error === null) resolve(isGood)
      else reject(error)
    })
  })
}
