/** The lookup keys of an entry, all of them derived from its leaf: they can be rebuilt from the tree alone. */

import { digestKey } from '../../formats/lookup-key.ts'
import { type BodyV2, parseBodyV2 } from '../../formats/sigstore/body-v2.ts'
import { TlogError } from '../../kernel/error.ts'
import type { LeafFacts } from '../../log/facts.ts'
import type { LookupKey } from '../../log/ports.ts'
import { type Signer, signerKeys } from '../signer-keys.ts'
import { resolveVerifier } from './verifier.ts'

/** How lookup keys and attachments spell a digest's algorithm. */
export const DIGEST_TYPES = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' } as const

/** Above this an entry is refused, never indexed in part: an answer to a search is complete. */
const MAX_KEYS = 64

/** The digest and the signer's. */
export function lookupKeys(body: BodyV2, signer: Signer): readonly LookupKey[] {
  const keys = [digestKey(DIGEST_TYPES[body.algorithm], body.digest), ...signerKeys(signer)]
  if (keys.length > MAX_KEYS)
    throw new TlogError(
      'CERTIFICATE_MALFORMED',
      `${keys.length} lookup keys; at most ${MAX_KEYS} are kept for an entry`,
    )
  return keys.map((key) => ({ key, source: 'leaf' }))
}

/**
 * What can be said of a leaf without its request.
 * @throws TlogError ENTRY_MALFORMED, or a code of the parser that refused, when the leaf is not of this dialect.
 */
export function factsOfLeaf(leaf: Uint8Array): LeafFacts {
  const body = parseBodyV2(leaf)
  const algorithm = DIGEST_TYPES[body.algorithm]
  const attachment = { algorithm, digest: body.digest, key: digestKey(algorithm, body.digest), keysOf: () => [] }
  return { keys: lookupKeys(body, resolveVerifier(body.verifier)), attachments: [attachment] }
}
