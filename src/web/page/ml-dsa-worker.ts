/** Checks an ML-DSA-44 signature. It lies in the page as text, which is evaluated once a policy names such a key. */

import { verifyMlDsa44 } from '../browser/ml-dsa.ts'
import { answerWith } from './worker.ts'

export interface MlDsaJob {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

answerWith(({ publicKey, message, signature }: MlDsaJob) => verifyMlDsa44(publicKey, message, signature))
