/** Digest sets (in-toto/attestation spec/v1/digest_set.md), of the algorithms that custody is told by. */

import { hex, parseHex } from '../../kernel/bytes.ts'
import { invalid, parsed, quoted, type Read } from '../fields.ts'
import { isJsonObject, type JsonObject } from '../json.ts'

/** Bytes of each; of Git either of its hashes. */
const LENGTHS = {
  sha256: [32],
  sha384: [48],
  sha512: [64],
  gitCommit: [20, 32],
  gitTree: [20, 32],
  gitBlob: [20, 32],
  gitTag: [20, 32],
  /** Go's hash of a directory: SHA-256 over lines of digest and name. */
  dirHash: [32],
  /** Of a dataset: the tree over the lines of its manifest, by path; and by the documents' digests. See dataset-tree.ts. */
  rfc6962_sha256: [32],
  rfc6962_sha256_sorted: [32],
  /** Of the tensors of a GGUF file, whatever its metadata says: ../model/tensors-digest.ts. */
  gguf_tensors_v1: [32],
} as const satisfies Readonly<Record<string, readonly number[]>>

export type DigestAlgorithm = keyof typeof LENGTHS
/** At least one. */
export type Digests = ReadonlyMap<DigestAlgorithm, Uint8Array>

export const DIGEST_ALGORITHMS = Object.keys(LENGTHS) as DigestAlgorithm[]

export function isDigestAlgorithm(name: string): name is DigestAlgorithm {
  return Object.hasOwn(LENGTHS, name)
}

/** @throws TlogError FIELD_INVALID for an algorithm that is not known, and another length than its own; HEX_MALFORMED */
export function parseDigest(algorithm: string, text: string): readonly [DigestAlgorithm, Uint8Array] {
  if (!isDigestAlgorithm(algorithm)) throw invalid(quoted(algorithm), `not one of ${DIGEST_ALGORITHMS.join(', ')}`)
  const lengths: readonly number[] = LENGTHS[algorithm]
  const digest = parseHex(text.slice(0, 256))
  if (!lengths.includes(digest.length) || text.length !== 2 * digest.length)
    throw invalid(algorithm, `${lengths.map((bytes) => 2 * bytes).join(' or ')} lowercase hex digits were expected`)
  return [algorithm, digest]
}

export const digests: Read<Digests> = (value, path) => {
  if (!isJsonObject(value)) throw invalid(path, 'an object was expected')
  const entries = Object.entries(value)
  if (entries.length === 0) throw invalid(path, 'at least one digest was expected')
  return new Map(
    entries.map(([name, digest]) => parsed((text) => parseDigest(name, text))(digest, `${path}.${quoted(name)}`)),
  )
}

export function digestsJson(set: Digests): JsonObject {
  return Object.fromEntries([...set].map(([algorithm, digest]) => [algorithm, hex(digest)]))
}
