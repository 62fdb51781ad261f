/** The lookup keys of an entry: those that follow from its leaf, and those of the artifacts that a statement behind it names. */

import { custodyPayload, documentOf } from '../../formats/lineage/content.ts'
import { digestKey } from '../../formats/lookup-key.ts'
import { type BodyV2, parseBodyV2 } from '../../formats/sigstore/body-v2.ts'
import { parsePae } from '../../formats/sigstore/dsse.ts'
import { TlogError } from '../../kernel/error.ts'
import type { LeafFacts } from '../../log/facts.ts'
import type { LookupKey } from '../../log/ports.ts'
import { type Signer, signerKeys } from '../signer-keys.ts'
import { firstStatementKeys } from '../statement-keys.ts'
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
  const { digest } = body
  const attachment = {
    algorithm,
    digest,
    key: digestKey(algorithm, digest),
    keysOf: paeKeys,
    statementOf,
  }
  return { keys: lookupKeys(body, resolveVerifier(body.verifier)), attachments: [attachment] }
}

/** Of whatever was signed: what is no encoding of a statement is kept and found by its digest alone. */
export function paeKeys(content: Uint8Array): readonly LookupKey[] {
  try {
    const payload = statementOf(content)
    return payload === null ? [] : firstStatementKeys(payload)
  } catch (error) {
    if (error instanceof TlogError) return []
    throw error
  }
}

/** What was signed is an envelope, or a file: then a bill of materials is its own statement. */
function statementOf(content: Uint8Array): Uint8Array | null {
  return documentOf(content) ?? custodyPayload(parsePae(content))
}
