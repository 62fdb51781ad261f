/** What a file is known by: its digests. Computing them is for the caller, who may have to stream it. */

import type { DigestName } from '../crypto/algorithms.ts'
import type { Bundle } from '../formats/sigstore/bundle.ts'
import { parseStatement, STATEMENT_TYPE, type Statement } from '../formats/sigstore/statement.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'

/** Digests of one file. SHA2_256 suffices but for signers whose algorithm takes another one; see `digestsOf`. */
export type Artifact = ReadonlyMap<DigestName, Uint8Array>

const IN_TOTO = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' } as const

/** @throws TlogError CHECK_UNAVAILABLE when the caller did not compute this one. */
export function artifactDigest(artifact: Artifact, name: DigestName): Uint8Array {
  const digest = artifact.get(name)
  if (digest === undefined) throw new TlogError('CHECK_UNAVAILABLE', `the file's ${name} digest is needed`)
  return digest
}

/**
 * The statement in an envelope, of which the artifact is a subject; with the subject's name.
 * @throws TlogError ARTIFACT_MISMATCH, also for a payload that is no in-toto statement; ENVELOPE_MALFORMED
 */
export function requireSubject(
  content: Extract<Bundle['content'], { kind: 'envelope' }>,
  artifact: Artifact,
): { readonly statement: Statement; readonly subject: string } {
  const { payloadType, payload } = content
  if (payloadType !== STATEMENT_TYPE)
    throw new TlogError(
      'ARTIFACT_MISMATCH',
      `a payload of type ${JSON.stringify(payloadType.slice(0, 128))} names no artifact`,
    )
  const statement = parseStatement(payload)
  for (const { name, digests } of statement.subjects)
    for (const [algorithm, digest] of artifact) {
      const stated = digests.get(IN_TOTO[algorithm])
      if (stated !== undefined && equal(stated, digest)) return { statement, subject: name }
    }
  throw new TlogError('ARTIFACT_MISMATCH', `none of the ${statement.subjects.length} subjects has the file's digest`)
}
