/** Resource descriptors (in-toto/attestation spec/v1/resource_descriptor.md) with the annotations that custody is told by. */

import { type LeafIndex, leafIndex, type TreeSize, treeSize } from '../../kernel/brand.ts'
import { hex, parseHex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { type Fields, invalid, list, literal, object, parsed, type Read, text } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { type Digests, digests, digestsJson } from './digests.ts'
import {
  DECLARERS,
  type Declarer,
  DIGEST_KINDS,
  parseUri,
  RELATIONS,
  ROLES,
  type Role,
  USES,
  VISIBILITIES,
} from './vocabulary.ts'

/** A link by hash to the statement about a dependency, and where that was logged. */
export interface StatementLink {
  /** SHA-256 of its payload, as it is logged. */
  readonly payloadSha256: Uint8Array
  readonly predicateType: string
  readonly log?: { readonly origin: string; readonly index: LeafIndex } | undefined
}

/** Without the prefix `lineage_` that each has on the wire. */
export interface Annotations {
  readonly role?: Role | undefined
  readonly relation?: (typeof RELATIONS)[number] | undefined
  readonly use?: (typeof USES)[number] | undefined
  readonly visibility?: (typeof VISIBILITIES)[number] | undefined
  readonly attestation?: StatementLink | undefined
  readonly declaredBy?: Declarer | undefined
  readonly digestKind?: (typeof DIGEST_KINDS)[number] | undefined
  /** Of a part: its place in what it became part of. In bytes. */
  readonly offset?: number | undefined
  readonly size?: number | undefined
  /** Of a dataset's tree: its documents. */
  readonly treeSize?: TreeSize | undefined
  /** Of a document in it. */
  readonly leafIndex?: LeafIndex | undefined
  readonly inclusionProof?: readonly Uint8Array[] | undefined
}

/** Has a URI or a digest, or both. */
export interface Resource {
  readonly name?: string | undefined
  readonly uri?: string | undefined
  readonly digests?: Digests | undefined
  readonly downloadLocation?: string | undefined
  readonly mediaType?: string | undefined
  readonly annotations?: Annotations | undefined
}

const MAX_NAME = 1024
const MAX_PATH = 63
const PREFIX = 'lineage_'

export const name: Read<string> = (value, path) => {
  const found = text(value, path)
  if (found === '' || found.length > MAX_NAME || /\p{Cc}/u.test(found))
    throw invalid(path, `1 to ${MAX_NAME} characters without controls were expected`)
  return found
}

export const uri = parsed(parseUri)

export const hash32 = parsed((digits) => {
  const bytes = parseHex(digits.slice(0, 66))
  if (bytes.length !== 32) throw new TlogError('FIELD_INVALID', 'not SHA-256 in hex')
  return bytes
})

export const whole: Read<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw invalid(path, 'a whole number was expected')
  return value
}

const link: Read<StatementLink> = object((fields) => ({
  payloadSha256: fields.required('payloadSha256', hash32),
  predicateType: fields.required('predicateType', uri),
  log: fields.optional(
    'log',
    object((log) => ({
      origin: log.required('origin', name),
      index: log.required('index', (value, path) => leafIndex(whole(value, path))),
    })),
  ),
}))

export const annotations: Read<Annotations> = object((fields) => ({
  role: fields.optional('lineage_role', literal(...ROLES)),
  relation: fields.optional('lineage_relation', literal(...RELATIONS)),
  use: fields.optional('lineage_use', literal(...USES)),
  visibility: fields.optional('lineage_visibility', literal(...VISIBILITIES)),
  attestation: fields.optional('lineage_attestation', link),
  declaredBy: fields.optional('lineage_declaredBy', literal(...DECLARERS)),
  digestKind: fields.optional('lineage_digestKind', literal(...DIGEST_KINDS)),
  offset: fields.optional('lineage_offset', whole),
  size: fields.optional('lineage_size', whole),
  treeSize: fields.optional('lineage_treeSize', (value, path) => treeSize(whole(value, path))),
  leafIndex: fields.optional('lineage_leafIndex', (value, path) => leafIndex(whole(value, path))),
  inclusionProof: fields.optional('lineage_inclusionProof', list(hash32, { max: MAX_PATH })),
}))

/** What is not known here has no place in a statement of ours: nobody would know what it says. */
export const resource: Read<Resource> = object((fields) => readResource(fields))

function readResource(fields: Fields): Resource {
  const found = {
    name: fields.optional('name', name),
    uri: fields.optional('uri', uri),
    digests: fields.optional('digest', digests),
    downloadLocation: fields.optional('downloadLocation', uri),
    mediaType: fields.optional('mediaType', name),
    annotations: fields.optional('annotations', annotations),
  }
  if (found.uri === undefined && found.digests === undefined) throw fields.missing('digest or uri')
  return found
}

export function resourceJson({ digests: set, annotations: notes, ...rest }: Resource): JsonObject {
  const said = notes === undefined ? {} : annotationsJson(notes)
  return present({
    ...rest,
    digest: set && digestsJson(set),
    annotations: Object.keys(said).length === 0 ? undefined : said,
  })
}

export function annotationsJson({ attestation, inclusionProof, ...plain }: Annotations): JsonObject {
  const log = attestation?.log
  const said = present({
    ...plain,
    attestation:
      attestation &&
      present({
        payloadSha256: hex(attestation.payloadSha256),
        predicateType: attestation.predicateType,
        log: log && { origin: log.origin, index: log.index },
      }),
    inclusionProof: inclusionProof?.map(hex),
  })
  return Object.fromEntries(Object.entries(said).map(([key, value]) => [PREFIX + key, value]))
}

/** Without what is undefined. */
export function present(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, JsonValue] => field[1] !== undefined),
  )
}
