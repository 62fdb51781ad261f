/** What the document says of Rekor v1's API, which is described at github.com/sigstore/rekor, openapi.yaml. */

import type { Description, Example } from '../openapi.ts'
import type { Parameter } from '../parameters.ts'
import { BASE64, HASH, listOf, nullable, record, ref, type Schema } from '../schemas.ts'
import { DSSE_V1, ENTRIES_V1, HASHED_REKORD_V1, ID_V1, LEAF_V1, REKORD, SUBJECT, TREES_V1 } from './examples-v1.ts'
import { PROPOSAL } from './proposals-v1.ts'

const tag = 'rekor-v1'
const MAX = Number.MAX_SAFE_INTEGER
const errorSchema = ref('RekorV1Error')
const MALFORMED = { 422: 'The request has not the form that it must have.' }
const NOT_THERE = { 404: 'No log here speaks Rekor v1, or it has no such entry.' }
const UNREAD = { 503: 'Readers leave too many large entries lying: ask again after Retry-After.' }
const ONE_ENTRY = { 200: { description: 'The entry.', type: 'application/json', schema: ref('RekorV1Entry') } }

function refused(status: number, code: number, message: string, asked: Pick<Example, 'parameters' | 'body'>): Example {
  return { status, ...asked, answer: { value: { code, message } } }
}

/** Described here, parsed by the route. */
function parameter(description: string, schema: Schema): Parameter<string> {
  return { description, schema, parse: String }
}

export const ADD_ENTRY_V1: Description = {
  operationId: 'createLogEntry',
  tag,
  summary: 'Log a signature',
  description:
    'Answers once a published checkpoint covers the entry; a repeat gets the first one. ETag is the ID of the entry as it ' +
    'stands in the answer, without quotes, and Location its path. Goes to the log whose host is the one of the request, ' +
    'else to the first one. Fields that are not named are passed over.',
  body: PROPOSAL,
  writes: true,
  answers: { 201: { description: 'The entry.', type: 'application/json', schema: ref('RekorV1Entry') } },
  errorSchema,
  errors: {
    400: 'Not JSON, or not an entry that can be logged: the message says why.',
    401: 'This server asks for a token, and there was none that is good here.',
    403: 'The token is for other logs.',
    405: 'The log takes no entries any more.',
    409: 'The entry is in the log, and the server is set to say so; Location is its path.',
    413: 'The body, or the leaf it would become, is too large.',
    415: 'The body is not plain JSON.',
    422: 'The kind is missing, or none of Rekor.',
    503: 'The log is busy or closing: send the same again after Retry-After.',
  },
  examples: {
    hashedRekord: { status: 201, body: HASHED_REKORD_V1, answer: { value: ENTRIES_V1 } },
    dsse: { status: 201, body: DSSE_V1, answer: { summary: 'The second entry.' } },
    rekord: { status: 201, body: REKORD, answer: { summary: 'The third entry.' } },
    noKind: refused(422, 602, 'kind in body is required', { body: {} }),
  },
}

export const GET_ENTRY_BY_INDEX: Description = {
  operationId: 'getLogEntryByIndex',
  tag,
  summary: 'The entry at an index',
  query: {
    logIndex: parameter('Over all trees of the host, from 0.', { type: 'integer', minimum: 0, maximum: MAX }),
  },
  required: ['logIndex'],
  answers: ONE_ENTRY,
  errorSchema,
  errors: { ...NOT_THERE, ...MALFORMED, ...UNREAD },
  examples: {
    first: { status: 200, parameters: { logIndex: 0 }, answer: { value: ENTRIES_V1 } },
    notYet: refused(404, 404, 'the log has no such entry', { parameters: { logIndex: 1000 } }),
    negative: refused(422, 609, 'logIndex in query should be greater than or equal to 0', {
      parameters: { logIndex: -1 },
    }),
  },
}

export const GET_ENTRY_BY_ID: Description = {
  operationId: 'getLogEntryByUUID',
  tag,
  summary: 'The entry of an ID',
  path: {
    id: parameter('The ID of an entry, 80 hex digits; or the hash of its leaf alone, the last 64.', {
      type: 'string',
      pattern: '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$',
    }),
  },
  answers: ONE_ENTRY,
  errorSchema,
  errors: { 400: 'The first 16 digits are no tree.', ...NOT_THERE, ...MALFORMED, ...UNREAD },
  examples: {
    byLeaf: { status: 200, parameters: { id: LEAF_V1 }, answer: { value: ENTRIES_V1 } },
    unknown: refused(404, 404, 'the log has no such entry', { parameters: { id: 'ab'.repeat(32) } }),
  },
}

const QUERIES = { minItems: 1, maxItems: 10 }

export const RETRIEVE_ENTRIES: Description = {
  operationId: 'searchLogQuery',
  tag,
  summary: 'Up to ten entries',
  description: 'By ID, index and proposal, at most ten in all. What is not there is left out.',
  body: record(
    {
      entryUUIDs: nullable(listOf({ type: 'string', pattern: '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$' }, QUERIES)),
      logIndexes: nullable(listOf({ type: 'integer', minimum: 0, maximum: MAX }, QUERIES)),
      entries: nullable(listOf(PROPOSAL, QUERIES)),
    },
    ['entryUUIDs', 'logIndexes', 'entries'],
  ),
  answers: { 200: { description: 'The entries.', type: 'application/json', schema: listOf(ref('RekorV1Entry')) } },
  errorSchema,
  errors: { 400: 'Not JSON, or a proposal that could not be logged.', ...MALFORMED, ...UNREAD },
  examples: {
    two: { status: 200, body: { logIndexes: [0], entryUUIDs: ['ab'.repeat(32)] }, answer: { value: [ENTRIES_V1] } },
    proposed: { status: 200, body: { entries: [HASHED_REKORD_V1] }, answer: { value: [ENTRIES_V1] } },
    none: refused(422, 612, 'logIndexes in body should have at least 1 items', { body: { logIndexes: [] } }),
  },
}

export const SEARCH_INDEX: Description = {
  operationId: 'searchIndex',
  tag,
  summary: 'The IDs of all entries by a key, a name or a digest',
  description: 'Exact, complete, in the order of the log. Nothing is fetched from a URL.',
  body: record(
    {
      email: nullable({ type: 'string' }),
      subject: nullable({ type: 'string', maxLength: 512 }),
      hash: nullable({
        type: 'string',
        pattern: '^((sha512:)?[0-9a-fA-F]{128}|(sha256:)?[0-9a-fA-F]{64}|(sha1:)?[0-9a-fA-F]{40})?$',
      }),
      publicKey: nullable(record({ format: { enum: ['x509', 'minisign', 'ssh'] }, content: BASE64 })),
      operator: { enum: ['and', 'or'] },
    },
    ['email', 'subject', 'hash', 'publicKey', 'operator'],
  ),
  answers: { 200: { description: 'Their IDs.', type: 'application/json', schema: listOf(ref('RekorV1EntryId')) } },
  errorSchema,
  errors: {
    400: 'Not JSON, a key that is none, or more entries than an answer holds.',
    ...MALFORMED,
    503: 'Too many counts or long searches are under way: ask again after Retry-After.',
  },
  examples: {
    artifact: { status: 200, body: { hash: SUBJECT }, answer: { value: [ID_V1] } },
    unknown: {
      status: 200,
      body: { email: 'nobody@example.com', subject: 'a', operator: 'or' },
      answer: { value: [] },
    },
    noDigest: refused(422, 605, 'hash in body should be the hex of a sha1, sha256 or sha512', { body: { hash: 'ab' } }),
  },
}

const TREE_ID = parameter('The number of a tree; the one that takes entries, where there is none.', {
  type: 'string',
  pattern: '^([1-9][0-9]{0,18})?$',
})
const SIZE_V1: Schema = { type: 'integer', minimum: 1, maximum: MAX }
const UNKNOWN_TREE = refused(400, 400, 'treeID in query: there is no such tree', { parameters: { treeID: '1' } })

export const GET_TREES: Description = {
  operationId: 'getLogInfo',
  tag,
  summary: 'The tree that takes entries, and those that have ended',
  answers: { 200: { description: 'The trees.', type: 'application/json', schema: ref('RekorV1Trees') } },
  errorSchema,
  errors: { 404: 'No log here speaks Rekor v1.' },
  examples: { trees: { status: 200, answer: { value: TREES_V1 } } },
}

export const GET_PROOF: Description = {
  operationId: 'getLogProof',
  tag,
  summary: 'That a tree grew out of a smaller one',
  description: 'The root is that of the tree as it is now, not at the last size.',
  query: {
    firstSize: parameter('1, where there is none.', SIZE_V1),
    lastSize: parameter('At most the size of the newest checkpoint.', SIZE_V1),
    treeID: TREE_ID,
  },
  required: ['lastSize'],
  answers: {
    200: {
      description: 'The proof.',
      type: 'application/json',
      schema: record({ rootHash: HASH, hashes: listOf(HASH) }),
    },
  },
  errorSchema,
  errors: { 400: 'There is no such tree, or it has not these sizes.', ...MALFORMED },
  examples: {
    grown: {
      status: 200,
      parameters: { firstSize: 1, lastSize: 1 },
      answer: { value: { rootHash: LEAF_V1, hashes: [] } },
    },
    unknownTree: { ...UNKNOWN_TREE, parameters: { lastSize: 1, treeID: '1' } },
  },
}

export const GET_PUBLIC_KEY: Description = {
  operationId: 'getPublicKey',
  tag,
  summary: "A tree's public key",
  query: { treeID: TREE_ID },
  answers: { 200: { description: 'SPKI in PEM.', type: 'application/x-pem-file', schema: { type: 'string' } } },
  errorSchema,
  errors: { 400: 'There is no such tree.', 404: 'No log here speaks Rekor v1.' },
  examples: {
    key: { status: 200, answer: { summary: '-----BEGIN PUBLIC KEY-----…' } },
    unknownTree: UNKNOWN_TREE,
  },
}

export const PING: Description = {
  operationId: 'ping',
  tag,
  summary: 'For probes',
  answers: { 200: { description: 'A dot.', type: 'text/plain', schema: { const: '.' } } },
  errorSchema,
  errors: {},
  examples: { dot: { status: 200, answer: { value: '.' } } },
}

export const VERSION = { version: 'colophon', commit: 'unknown', treestate: 'unknown', builddate: 'unknown' }

export const GET_VERSION: Description = {
  operationId: 'getVersion',
  tag,
  summary: 'For probes of old',
  description: 'Which program a prober meets is none of its business; that there is one, is.',
  answers: {
    200: {
      description: 'The same at all times.',
      type: 'application/json',
      schema: record(Object.fromEntries(Object.entries(VERSION).map(([name, value]) => [name, { const: value }]))),
    },
  },
  errorSchema,
  errors: {},
  examples: { version: { status: 200, answer: { value: VERSION } } },
}
