/** What the caller trusts. Every part is stated: a verifier has no defaults to be fooled by. */

import type { Policy } from '../formats/c2sp/policy.ts'
import type { PublicKey } from '../formats/pki/spki.ts'
import type { TrustedRoot } from '../formats/sigstore/trusted-root.ts'
import type { Abilities } from './ports.ts'

/** Who must have signed. */
export type TrustedSigner =
  | { readonly kind: 'key'; readonly key: PublicKey }
  /** Compared as they are, to the last character: a subject name of the certificate, and who vouched for it. */
  | { readonly kind: 'identity'; readonly name: string; readonly issuer: string }

export interface Trust {
  readonly signer: TrustedSigner
  /** Logs, certificate and timestamp authorities. */
  readonly root: TrustedRoot
  /** On the checkpoints of those logs; NO_WITNESSES asks for none. */
  readonly policy: Policy
  readonly abilities: Abilities
}
