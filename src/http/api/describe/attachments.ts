/** What the document says of content that is kept beside the logs. */

import { utf8 } from '../../../kernel/bytes.ts'
import { BYTES, type Description } from '../openapi.ts'
import { attachmentParameter } from '../parameters.ts'
import { ARTIFACT, INDEX, listOf, record } from '../schemas.ts'
import { ATTACHMENT, refused, STATEMENT } from './examples.ts'

const KEPT = `sha256:${ATTACHMENT.digest}`
const NOTHING = `sha256:${'00'.repeat(32)}`
const path = { artifact: attachmentParameter }

/** What was signed: the pre-authentication encoding of the envelope. */
const TYPE = 'application/vnd.in-toto+json'
const CONTENT = `DSSEv1 ${TYPE.length} ${TYPE} ${utf8(STATEMENT).length} ${STATEMENT}`

export const GET_ATTACHMENT = {
  operationId: 'getAttachment',
  tag: 'attachments',
  summary: 'Content that a leaf commits to',
  description:
    'Of a Rekor v2 entry the pre-authentication encoding that was signed, of a dsse entry the text of the envelope, of an ' +
    'intoto one the payload. Hash it: that the digest is in a leaf, and the leaf in a log, is what makes it worth something.',
  path,
  answers: { 200: { description: 'The bytes.', type: BYTES, schema: null } },
  errors: {
    400: 'The digest is not in its one spelling.',
    404: 'No such content is kept here.',
    410: 'The operator took it back: `details[0].metadata` has the path of the entry that says so, and its time.',
  },
  examples: {
    statement: { status: 200, parameters: { artifact: KEPT }, answer: { summary: `${CONTENT.length} bytes` } },
    nothing: refused(404, 'NOT_FOUND', 'no such content is kept here', { artifact: NOTHING }),
  },
} satisfies Description

export const PUT_ATTACHMENT = {
  operationId: 'putAttachment',
  tag: 'attachments',
  summary: 'Bring the content of an entry that was logged by its digest',
  description:
    'Taken when a published leaf commits to it and it is an in-toto statement that can be indexed, at most ' +
    '`--attachment-limit` bytes. cosign from 3.1 sends a Rekor v2 log the digest alone; this is how its statements come to be found.',
  path,
  body: 'bytes',
  writes: true,
  answers: {
    201: {
      description: 'It is kept, for these entries.',
      type: 'application/json',
      schema: record({ attachment: ARTIFACT, entries: listOf(record({ log: { type: 'string' }, index: INDEX })) }),
    },
  },
  errors: {
    400: 'It hashes to another digest, or is no statement that can be indexed.',
    404: 'No leaf here commits to it, or not yet.',
    410: 'It was withdrawn; or the log is frozen, and takes nothing any more.',
    413: 'It is larger than this server keeps.',
    415: 'The body is not application/octet-stream.',
    503: 'The log is busy or closing: send the same again after Retry-After.',
  },
  examples: {
    statement: {
      status: 201,
      parameters: { artifact: KEPT },
      body: CONTENT,
      answer: { value: { attachment: KEPT, entries: [{ log: 'v2', index: 1 }] } },
    },
    another: {
      ...refused(400, 'FIELD_INVALID', `the content does not hash to ${NOTHING}`, { artifact: NOTHING }),
      body: CONTENT,
    },
  },
} satisfies Description
