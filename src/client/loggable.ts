/** A signature that logs are asked to take. */

import type { Algorithm } from '../crypto/algorithms.ts'
import type { Payload } from '../formats/sigstore/dsse.ts'
import type { Material } from '../formats/sigstore/request-v2.ts'

export interface Loggable {
  readonly algorithm: Algorithm
  /** By the algorithm's own hash: of the file, or of the envelope's pre-authentication encoding. */
  readonly digest: Uint8Array
  readonly signature: Uint8Array
  readonly verifier: Material
  /** Null: the signature is over a file. */
  readonly envelope: Payload | null
}
