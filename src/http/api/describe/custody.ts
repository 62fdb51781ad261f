/** What the document says of the graph of statements. */

import type { Description } from '../openapi.ts'
import { artifactParameter, cursorParameter, limitParameter, wholeParameter, wordParameter } from '../parameters.ts'
import { ANY_DIGEST, listOf, nullable, record, ref, SIZE } from '../schemas.ts'
import { ATTACHMENT, LEAF_HASHES, PAYLOAD, refused, SIGNER_KEY, TIME } from './examples.ts'

const type = 'application/json'
const DIRECTION = { type: 'string', enum: ['up', 'down'], default: 'up', pattern: '^(up|down)$' } as const

export const DEFAULT_DEPTH = 20
export const MAX_STATEMENTS = 100
const MAX_DEPTH = 64

const HELLO = 'sha256:853ff93762a06ddbf722c4ebe9ddd66d8f63ddaea97f521c3ecc20da7c976020'
const ASKED = { artifact: HELLO, direction: 'up', depth: DEFAULT_DEPTH, logs: [{ log: 'v2', size: 2 }] }
const STATEMENT = {
  log: 'v2',
  index: 1,
  leafHash: LEAF_HASHES[1],
  kind: 'hashedrekord 0.0.2',
  time: TIME,
  signers: [{ key: SIGNER_KEY, names: [], issuer: null }],
  links: { self: '/logs/v2/entries/1' },
  artifact: HELLO,
  depth: 1,
  as: 'subject',
  attachment: `sha256:${ATTACHMENT.digest}`,
  statement: {
    payload: PAYLOAD,
    predicateType: 'https://slsa.dev/provenance/v1',
    buildType: '',
    builder: '',
    subjects: [{ name: 'hello.txt', uri: '', digests: [HELLO], role: '', relation: '' }],
    parts: 0,
    dependencies: [],
    completeness: {},
    advisory: null,
    cut: [],
  },
  withdrawn: null,
}

export const CUSTODY = {
  operationId: 'getCustody',
  tag: 'artifacts',
  summary: 'From what an artifact was made, or what was made from it',
  description:
    'Statements of all logs, breadth first: those about the artifact, those about what it was made from, and so on; or ' +
    'down, those by which something was made from it. Each once, so that cycles end. A page is bounded; `more` says where ' +
    'to go on, with what is left of the depth: ask for each of them in the same way, and pass over what was seen. Nothing ' +
    'of it is proven here: `links.self` has the proof of an entry, `attachment` the statement that its signature is over, ' +
    'and edges count by what is read there.',
  path: { artifact: artifactParameter },
  query: {
    direction: wordParameter<'up' | 'down'>(
      '`up` to what it was made from, `down` to what was made from it.',
      DIRECTION,
    ),
    depth: wholeParameter('Statements further away are left out', MAX_DEPTH, DEFAULT_DEPTH),
    after: cursorParameter,
    limit: limitParameter(MAX_STATEMENTS),
  },
  answers: {
    200: {
      description: 'One page.',
      type,
      schema: record({
        artifact: ANY_DIGEST,
        direction: DIRECTION,
        depth: SIZE,
        logs: {
          ...listOf(record({ log: { type: 'string' }, size: SIZE })),
          description: 'Which logs were searched, and how far.',
        },
        statements: listOf(ref('CustodyStatement'), { maxItems: MAX_STATEMENTS }),
        more: {
          ...listOf(record({ artifact: ANY_DIGEST, depth: SIZE, after: nullable({ type: 'string' }) })),
          description: 'Parameters of the requests that go on where this page stops; none: it is complete.',
        },
      }),
    },
  },
  errors: {
    400: 'The digest or a parameter is unknown, repeated or not in its one spelling.',
    404: 'No log has the name in `after`.',
  },
  examples: {
    found: {
      status: 200,
      parameters: { artifact: HELLO },
      answer: { value: { ...ASKED, statements: [STATEMENT], more: [] } },
    },
    nothing: {
      status: 200,
      parameters: { artifact: HELLO, direction: 'down', depth: 1, after: 'v2:1', limit: 1 },
      answer: { value: { ...ASKED, direction: 'down', depth: 1, statements: [], more: [] } },
    },
    unknownLog: refused(404, 'LOG_UNKNOWN', 'no log is named v9', { artifact: HELLO, after: 'v9:0' }),
  },
} satisfies Description
