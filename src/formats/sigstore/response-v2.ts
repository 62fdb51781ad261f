/** What a Rekor v2 client gets back: the entry with its proof (sigstore/protobuf-specs sigstore_rekor.proto). */

import { type Hash, hash, type LeafIndex, leafIndex, type TreeSize, treeSize } from '../../kernel/brand.ts'
import { base64, parseBase64, parseDecimal } from '../../kernel/bytes.ts'
import { invalid, list, literal, object, parsed, type Read, text } from '../fields.ts'
import type { JsonValue } from '../json.ts'

export interface InclusionProof {
  readonly rootHash: Hash
  readonly treeSize: TreeSize
  /** The leaf's sibling first. */
  readonly hashes: readonly Hash[]
  /** The signed note over `treeSize` and `rootHash`. */
  readonly checkpoint: string
}

/** An entry of a v2 log: without a time of its own and without a promise, so it carries neither. */
export interface TransparencyLogEntry {
  readonly logIndex: LeafIndex
  /** 32 bytes. */
  readonly logId: Uint8Array
  readonly kindVersion: { readonly kind: string; readonly version: string }
  readonly inclusionProof: InclusionProof
  readonly canonicalizedBody: Uint8Array
}

/** A tree of 2^53 leaves needs 53. */
const MAX_HASHES = 53

/** One line; every field is there, 64-bit numbers are strings, and the Go client refuses any other field. */
export function formatEntryV2(entry: TransparencyLogEntry): string {
  const { logIndex, logId, kindVersion, inclusionProof: proof, canonicalizedBody } = entry
  return JSON.stringify({
    logIndex: String(logIndex),
    logId: { keyId: base64(logId) },
    kindVersion: { kind: kindVersion.kind, version: kindVersion.version },
    integratedTime: '0',
    inclusionPromise: null,
    inclusionProof: {
      logIndex: String(logIndex),
      rootHash: base64(proof.rootHash),
      treeSize: String(proof.treeSize),
      hashes: proof.hashes.map(base64),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: base64(canonicalizedBody),
  })
}

/**
 * The inverse, in the values: fields may stand in any order, each has one spelling.
 *
 * @throws TlogError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID (also when an index is not below the tree's size).
 */
export function parseEntryV2(json: JsonValue): TransparencyLogEntry {
  return entry(json, '')
}

const index = parsed((digits) => leafIndex(parseDecimal(digits)))
const hashText = parsed((encoded) => hash(parseBase64(encoded)))
const unset: Read<null> = (value, path) => {
  if (value !== null) throw invalid(path, 'must be null: a v2 log makes no promises')
  return value
}

const logId = object((fields): Uint8Array => fields.required('keyId', hashText))
const kindVersion = object((fields) => ({
  kind: fields.required('kind', text),
  version: fields.required('version', text),
}))
const checkpoint = object((fields) => fields.required('envelope', text))
const inclusionProof = object((fields) => ({
  logIndex: fields.required('logIndex', index),
  rootHash: fields.required('rootHash', hashText),
  treeSize: fields.required(
    'treeSize',
    parsed((digits) => treeSize(parseDecimal(digits))),
  ),
  hashes: fields.required('hashes', list(hashText, { max: MAX_HASHES })),
  checkpoint: fields.required('checkpoint', checkpoint),
}))

const entry: Read<TransparencyLogEntry> = object((fields) => {
  const logIndex = fields.required('logIndex', index)
  const common = { logId: fields.required('logId', logId), kindVersion: fields.required('kindVersion', kindVersion) }
  fields.required('integratedTime', literal('0'))
  fields.required('inclusionPromise', unset)
  const { logIndex: proven, ...proof } = fields.required('inclusionProof', inclusionProof)
  if (proven !== logIndex) throw invalid('inclusionProof.logIndex', `${proven}, where the entry says ${logIndex}`)
  if (proven >= proof.treeSize)
    throw invalid('inclusionProof.treeSize', `no leaf ${proven} in a tree of ${proof.treeSize}`)
  const canonicalizedBody = fields.required('canonicalizedBody', parsed(parseBase64))
  return { logIndex, ...common, inclusionProof: proof, canonicalizedBody }
})
