/** The lookup keys of an entry, all of them derived from its leaf: they can be rebuilt from the tree alone. */

import { certificateKey, digestKey, identityKey, publicKeyKey, subjectKey } from '../../formats/lookup-key.ts'
import type { Certificate } from '../../formats/pki/certificate.ts'
import type { PublicKey } from '../../formats/pki/spki.ts'
import { type BodyV2, parseBodyV2 } from '../../formats/sigstore/body-v2.ts'
import { TlogError } from '../../kernel/error.ts'
import type { LeafFacts } from '../../log/fsck.ts'
import type { LookupKey } from '../../log/ports.ts'
import { resolveVerifier } from './verifier.ts'

/** How lookup keys and attachments spell a digest's algorithm. */
export const DIGEST_TYPES = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' } as const

/** Above this an entry is refused, never indexed in part: an answer to a search is complete. */
const MAX_KEYS = 64

/** Digest, key, and of a certificate itself, its subjects and who vouched for them. */
export function lookupKeys(
  body: BodyV2,
  verifier: { readonly key: PublicKey; readonly certificate: Certificate | null },
): readonly LookupKey[] {
  const keys = [digestKey(DIGEST_TYPES[body.algorithm], body.digest), publicKeyKey(verifier.key.der)]
  const { certificate } = verifier
  if (certificate !== null) {
    keys.push(certificateKey(certificate.der), ...certificate.sans.map(subjectKey))
    const { issuer } = certificate
    if (issuer !== undefined) keys.push(...certificate.sans.map((name) => identityKey(issuer, name)))
  }
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
  const attachment = { algorithm, digest: body.digest, key: digestKey(algorithm, body.digest) }
  return { keys: lookupKeys(body, resolveVerifier(body.verifier)), attachments: [attachment] }
}
