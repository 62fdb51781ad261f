/** What the document says of artifacts. */

import type { Description } from '../openapi.ts'
import { artifactParameter, cursorParameter, limitParameter } from '../parameters.ts'
import { ANY_DIGEST, listOf, nullable, record, ref, SIZE } from '../schemas.ts'
import { LEAF_HASHES, refused, SIGNER_KEY, TIME } from './examples.ts'

const type = 'application/json'

/** Each costs the server a bundle. */
export const MAX_FOUND = 20

const HELLO = 'sha256:853ff93762a06ddbf722c4ebe9ddd66d8f63ddaea97f521c3ecc20da7c976020'
const NOTHING = `sha256:${'00'.repeat(32)}`
const FOUND = {
  log: 'v2',
  index: 0,
  leafHash: LEAF_HASHES[0],
  kind: 'hashedrekord 0.0.2',
  time: TIME,
  signers: [{ key: SIGNER_KEY, names: [], issuer: null }],
  statement: null,
  withdrawn: null,
  links: { self: '/logs/v2/entries/0' },
}

export const FIND_ARTIFACT = {
  operationId: 'findArtifact',
  tag: 'artifacts',
  summary: 'What the logs have on a digest',
  description:
    'All entries that are about this digest, of every log, in order of the logs and then of the entries: whose leaf has it, ' +
    'or whose statement, where it is kept, names it. Complete up to the size that is given for each log; follow `next` ' +
    'until it is null. That nothing is found is not proven.',
  path: { artifact: artifactParameter },
  query: { after: cursorParameter, limit: limitParameter(MAX_FOUND) },
  answers: {
    200: {
      description: 'One page.',
      type,
      schema: record({
        artifact: ANY_DIGEST,
        logs: {
          ...listOf(record({ log: { type: 'string' }, size: SIZE })),
          description: 'Which logs were searched, and how far.',
        },
        entries: listOf(ref('ArtifactEntry'), { maxItems: MAX_FOUND }),
        next: { ...nullable({ type: 'string' }), description: 'The path of the next page; null on the last.' },
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
      answer: { value: { artifact: HELLO, logs: [{ log: 'v2', size: 2 }], entries: [FOUND], next: null } },
    },
    nothing: {
      status: 200,
      parameters: { artifact: NOTHING, after: 'v2:0', limit: 1 },
      answer: { value: { artifact: NOTHING, logs: [{ log: 'v2', size: 2 }], entries: [], next: null } },
    },
    badDigest: refused(
      400,
      'FIELD_INVALID',
      'artifact: not the name of an algorithm, a colon, and as much lowercase hex as it makes',
      {
        artifact: 'sha256:00',
      },
    ),
    unknownLog: refused(404, 'LOG_UNKNOWN', 'no log is named v9', { artifact: HELLO, after: 'v9:0' }),
  },
} satisfies Description
