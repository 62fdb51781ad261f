/** What the document says of the logs, their history, and of itself. */

import type { Description } from '../openapi.ts'
import { limitParameter, MAX_PAGE, sizeParameter } from '../parameters.ts'
import { listOf, nullable, record, ref } from '../schemas.ts'
import { ML_DSA_VKEY, NOTES, ROOTS, refused, TIME, UNKNOWN_LOG, VKEY } from './examples.ts'

const tag = 'logs'
const type = 'application/json'
const BAD_QUERY = { 400: 'A parameter is unknown, repeated or not in its one spelling.' }

const V2 = {
  slug: 'v2',
  dialect: 'rekor-v2',
  origin: 'log.example',
  vkey: VKEY,
  mlDsaVkey: ML_DSA_VKEY,
  state: 'active',
  size: 2,
  root: ROOTS[1],
  time: TIME,
  links: { self: '/logs/v2', checkpoint: '/logs/v2/checkpoint', checkpoints: '/logs/v2/checkpoints' },
}

export const LIST_LOGS = {
  operationId: 'listLogs',
  tag,
  summary: 'The logs of this server',
  answers: {
    200: { description: 'All of them, in order of creation.', type, schema: record({ logs: listOf(ref('Log')) }) },
  },
  errors: BAD_QUERY,
  examples: {
    all: { status: 200, answer: { value: { logs: [V2] } } },
  },
} satisfies Description

export const LOG = {
  operationId: 'getLog',
  tag,
  summary: 'One log and its newest tree',
  answers: { 200: { description: 'The log.', type, schema: ref('Log') } },
  errors: { ...BAD_QUERY, ...UNKNOWN_LOG },
  examples: {
    v2: { status: 200, parameters: { log: 'v2' }, answer: { value: V2 } },
    unknownLog: refused(404, 'LOG_UNKNOWN', 'no log is named v9', { log: 'v9' }),
  },
} satisfies Description

export const LOG_CHECKPOINTS = {
  operationId: 'listCheckpoints',
  tag,
  summary: 'The history of a log',
  description:
    'The checkpoints that were kept, about one a minute, by size; the last is always the newest, also before it is kept. A ' +
    'page that has a `next` never changes.',
  query: { after: sizeParameter('Only larger trees than this.'), limit: limitParameter(MAX_PAGE) },
  answers: {
    200: {
      description: 'One page.',
      type,
      schema: record({
        checkpoints: listOf(ref('Checkpoint'), { maxItems: 100 }),
        next: { ...nullable({ type: 'string' }), description: 'The path of the next page; null on the last.' },
      }),
    },
  },
  errors: { ...BAD_QUERY, ...UNKNOWN_LOG },
  examples: {
    first: {
      status: 200,
      parameters: { log: 'v2', limit: 10 },
      answer: { value: { checkpoints: [{ size: 1, root: ROOTS[0], time: TIME, note: NOTES[0] }], next: null } },
    },
    afterTheLast: {
      status: 200,
      parameters: { log: 'v2', after: 1000 },
      answer: { value: { checkpoints: [], next: null } },
    },
    badLimit: refused(400, 'FIELD_INVALID', 'limit: 1 to 100, not 0', { log: 'v2', limit: 0 }),
  },
} satisfies Description

const OPENAPI = record({
  openapi: { const: '3.1.0' },
  info: { type: 'object' },
  servers: { type: 'array' },
  paths: { type: 'object' },
  components: { type: 'object' },
})

export const DOCUMENT = {
  operationId: 'getOpenapi',
  tag: 'operations',
  summary: 'This document',
  answers: { 200: { description: 'OpenAPI 3.1.', type, schema: OPENAPI } },
  errors: BAD_QUERY,
  examples: { document: { status: 200, answer: { summary: 'This document.' } } },
} satisfies Description
