/** What the document says of the operator's paths, and of the files that clients need. */

import type { Description } from '../openapi.ts'
import { listOf, record } from '../schemas.ts'
import { LOG_ID, refused, TIME } from './examples.ts'

const tag = 'operations'
const json = 'application/json'
const SLUGS = listOf({ type: 'string' })

export const HEALTH: Description = {
  operationId: 'getHealth',
  tag,
  summary: 'Whether the process is alive',
  answers: { 200: { description: 'It is.', type: json, schema: record({ status: { const: 'SERVING' } }) } },
  errors: {},
  examples: { alive: { status: 200, answer: { value: { status: 'SERVING' } } } },
}

export const READY: Description = {
  operationId: 'getReadiness',
  tag,
  summary: 'Whether every log takes entries',
  answers: {
    200: { description: 'All do.', type: json, schema: record({ status: { const: 'READY' }, logs: SLUGS }) },
    503: {
      description: 'Those named do not.',
      type: json,
      schema: record({ status: { const: 'NOT_READY' }, logs: SLUGS }),
    },
  },
  errors: {},
  examples: { ready: { status: 200, answer: { value: { status: 'READY', logs: [] } } } },
}

export const METRICS: Description = {
  operationId: 'getMetrics',
  tag,
  summary: 'Counters in Prometheus’ text form',
  description: 'Absent where metrics have a listener of their own.',
  answers: { 200: { description: 'The counters.', type: 'text/plain', schema: { type: 'string' } } },
  errors: {},
  examples: { now: { status: 200, answer: { summary: 'A line for each counter and each of its labels.' } } },
}

const ROOT = {
  mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  tlogs: [
    {
      baseUrl: 'https://log.example',
      hashAlgorithm: 'SHA2_256',
      publicKey: {
        rawBytes: 'MCowBQYDK2VwAyEAGX9rI+FshTLGq8g4+s1ep4m+DHaykgM0A5v6iz02jWE=',
        keyDetails: 'PKIX_ED25519',
        validFor: { start: TIME },
      },
      logId: { keyId: LOG_ID },
    },
  ],
}

export const TRUST_FILE: Description = {
  operationId: 'getTrustFile',
  tag: 'trust',
  summary: 'A file that a client needs to trust this server',
  description:
    'Keys and policies for Sigstore and C2SP clients, and below tuf/ a TUF repository of the same. They say whom the server ' +
    'wants to be trusted: take them once, over a channel that you trust for other reasons.',
  path: {
    path: { description: 'Name of the file; `index.json` lists all.', schema: { type: 'string' }, parse: String },
  },
  answers: {
    200: {
      description: 'The file.',
      type: json,
      schema: { type: 'object' },
      otherTypes: ['text/plain', 'application/x-pem-file'],
    },
  },
  errors: { 404: 'There is no such file.' },
  examples: {
    trustedRoot: {
      status: 200,
      parameters: { path: 'trusted_root.json' },
      answer: {
        value: ROOT,
      },
    },
    none: refused(404, 'NOT_FOUND', 'there is no such trust file', { path: 'nothing.json' }),
  },
}
