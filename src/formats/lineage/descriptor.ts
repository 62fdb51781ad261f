/**
 * Artifacts as statements describe them: in-toto's ResourceDescriptor, with the `lineage_` annotations of docs/custody-graph.md.
 * Total: what has another shape says nothing. It is the claim of whoever signed, and made to be shown as one.
 */

import { isJsonArray, isJsonObject, type JsonValue } from '../json.ts'

export interface CustodyArtifact {
  readonly name: string
  readonly uri: string
  /** `algorithm:hex` in in-toto's names of algorithms, each once. None: nothing leads from here to anywhere. */
  readonly digests: readonly string[]
  /** What it is to the subject: dataset, base-model, weights, runtime, tool, …; empty when it is not said. */
  readonly role: string
  /** In Hugging Face's words: finetune, adapter, merge, quantized; or fused. */
  readonly relation: string
  readonly use: string
  readonly visibility: string
  /** SHA-256 of the payload of the statement about it that was meant, in hex: a link that no other statement fits. */
  readonly link: string | null
}

/** Of SHA-512. */
const MAX_DIGITS = 128
/** Of one artifact: more algorithms than there are. */
const MAX_DIGESTS = 16
/** Of one list, artifacts without a digest. */
const MAX_BARE = 256
/** UTF-16 units of a name or an address. */
const MAX_TEXT = 512
const ALGORITHM = /^[\w.-]{1,64}$/
const SHA256 = /^[0-9a-f]{64}$/

export function field(value: JsonValue, name: string): JsonValue {
  return isJsonObject(value) ? (value[name] ?? null) : null
}

export function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT).replace(/[\ud800-\udbff]$/, '') : '' // no half of a character
}

export function itemsOf(value: JsonValue): readonly JsonValue[] {
  return isJsonArray(value) ? value : []
}

/** Of what stands in a list, that leads somewhere, and the first of what does not: a megabyte holds 250,000 times nothing. */
export function artifactsOf(list: JsonValue, role = ''): CustodyArtifact[] {
  let bare = 0
  return itemsOf(list)
    .map((each) => artifactOf(each, role))
    .filter(({ digests }) => digests.length > 0 || ++bare <= MAX_BARE)
}

/** @param role where the annotations say none */
export function artifactOf(descriptor: JsonValue, role = ''): CustodyArtifact {
  const notes = field(descriptor, 'annotations')
  const link = textOf(field(field(notes, 'lineage_attestation'), 'payloadSha256'))
  return {
    name: textOf(field(descriptor, 'name')),
    uri: textOf(field(descriptor, 'uri')),
    digests: digestsOf(field(descriptor, 'digest')),
    role: textOf(field(notes, 'lineage_role')) || role,
    relation: textOf(field(notes, 'lineage_relation')),
    use: textOf(field(notes, 'lineage_use')),
    visibility: textOf(field(notes, 'lineage_visibility')),
    link: SHA256.test(link) ? link : null,
  }
}

/** One that is known by a digest and a name alone. */
export function plainArtifact(name: string, digests: readonly string[], role: string): CustodyArtifact {
  return { name, uri: '', digests, role, relation: '', use: '', visibility: '', link: null }
}

/** A DigestSet. `dirHash1` is what in-toto's own example calls `dirHash`: one algorithm, one name. */
export function digestsOf(set: JsonValue): readonly string[] {
  if (!isJsonObject(set)) return []
  const found = Object.entries(set).flatMap(([algorithm, value]) => digestText(algorithm, value) ?? [])
  return [...new Set(found)].slice(0, MAX_DIGESTS)
}

/** Null for what is no digest. */
export function digestText(algorithm: string, value: JsonValue): string | null {
  const digits = typeof value === 'string' ? value.toLowerCase() : ''
  if (!ALGORITHM.test(algorithm) || digits.length > MAX_DIGITS || !/^([0-9a-f]{2})+$/.test(digits)) return null
  return `${algorithm === 'dirHash1' ? 'dirHash' : algorithm}:${digits}`
}
