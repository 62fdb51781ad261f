/** What a file is known by: its digests. Computing them is for the caller, who may have to stream it. */

import type { DigestName } from '../crypto/algorithms.ts'
import type { DigestAlgorithm } from '../formats/custody/digests.ts'
import type { Bundle } from '../formats/sigstore/bundle.ts'
import { OMS_PREDICATE_TYPE, parseStatement, STATEMENT_TYPE, type Statement } from '../formats/sigstore/statement.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'

/** Digests of one file. SHA2_256 suffices but for signers whose algorithm takes another one; see `digestsOf`. */
export type Artifact = ReadonlyMap<ArtifactDigestName, Uint8Array>

/**
 * `MODEL_ROOT` stands alone: it is of a model's directory, from its manifest. It looks like a file's digest and is one, of
 * the digests of the model's files in a row: whoever writes those into a file must not have that file verified.
 */
export type ArtifactDigestName = DigestName | 'MODEL_ROOT' | NamedDigestName

/** Of what is no file: a dataset's tree, a commit. By in-toto's own names, and of statements alone. */
export type NamedDigestName = Exclude<DigestAlgorithm, 'sha256' | 'sha384' | 'sha512'>

const IN_TOTO = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512', MODEL_ROOT: 'sha256' } as const

function inTotoName(name: ArtifactDigestName): string {
  return Object.hasOwn(IN_TOTO, name) ? IN_TOTO[name as keyof typeof IN_TOTO] : name
}

/** Of a subject, what a verdict shows: SHA-256, unless it is known by another name. */
export function shownName(name: ArtifactDigestName): 'SHA2_256' | NamedDigestName {
  return Object.hasOwn(IN_TOTO, name) ? 'SHA2_256' : (name as NamedDigestName)
}

/** @throws TlogError CHECK_UNAVAILABLE when the caller did not compute this one. */
export function artifactDigest(artifact: Artifact, name: ArtifactDigestName): Uint8Array {
  const digest = artifact.get(name)
  if (digest === undefined) throw new TlogError('CHECK_UNAVAILABLE', `the file's ${name} digest is needed`)
  return digest
}

/**
 * The statement in an envelope, of which the artifact is a subject; with the subject's name, and which of the artifact's digests is shown.
 * @throws TlogError ARTIFACT_MISMATCH, also for a payload that is no in-toto statement; ENVELOPE_MALFORMED
 */
export function requireSubject(
  content: Extract<Bundle['content'], { kind: 'envelope' }>,
  artifact: Artifact,
): { readonly statement: Statement; readonly subject: string; readonly digestName: ArtifactDigestName } {
  const { payloadType, payload } = content
  if (payloadType !== STATEMENT_TYPE)
    throw new TlogError(
      'ARTIFACT_MISMATCH',
      `a payload of type ${JSON.stringify(payloadType.slice(0, 128))} names no artifact`,
    )
  const statement = parseStatement(payload)
  const isModel = statement.predicateType === OMS_PREDICATE_TYPE
  const comparable = [...artifact].filter(([algorithm]) => (algorithm === 'MODEL_ROOT') === isModel)
  if (comparable.length === 0)
    throw new TlogError('ARTIFACT_MISMATCH', `it is a statement about ${isModel ? 'a directory' : 'a file'}`)
  for (const { name, digests } of statement.subjects)
    for (const [algorithm, digest] of comparable) {
      const stated = digests.get(inTotoName(algorithm))
      if (stated !== undefined && equal(stated, digest))
        return { statement, subject: name, digestName: isModel ? 'MODEL_ROOT' : shownName(algorithm) }
    }
  throw new TlogError('ARTIFACT_MISMATCH', `none of the ${statement.subjects.length} subjects has the file's digest`)
}
