/** What the document says of searches. */

import { MAX_SUBJECT } from '../../../formats/entry-query.ts'
import type { Description, Example } from '../openapi.ts'
import { cursorParameter, type Declared, limitParameter, textParameter, wordParameter } from '../parameters.ts'
import { listOf, nullable, record, ref, SIZE } from '../schemas.ts'
import { LEAF_HASHES, refused } from './examples.ts'

const type = 'application/json'

/** The hashes of so many may be in as many tiles. */
export const MAX_MATCHES = 1000

/** What a statement names may be digests of any algorithm. */
const HASH =
  '^(sha1:[0-9a-f]{40}|sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}|' +
  '(?![sS][hH][aA]-?(1|256|384|512):)[A-Za-z0-9_.-]{1,64}:([0-9a-f]{2}){1,64})$'

/** At least one of the first four. */
export const CRITERIA = {
  hash: wordParameter<string>(
    'The digest of a file, payload or envelope, or of what a statement names: `sha256:` and lowercase hex; sha1, ' +
      "sha384, sha512, or in-toto's name of another algorithm.",
    { type: 'string', pattern: HASH },
  ),
  email: textParameter('A name of this kind in the certificate of the signer; letters of ASCII in either case.', 512),
  subject: textParameter(
    'A name of any kind in the certificate of the signer: email, URI, DNS, IP, user.',
    MAX_SUBJECT,
  ),
  fingerprint: wordParameter<string>(
    'SHA-256 of the public key (SubjectPublicKeyInfo) or certificate, lowercase hex.',
    {
      type: 'string',
      pattern: '^[0-9a-f]{64}$',
    },
  ),
  operator: wordParameter<'and' | 'or'>('Whether an entry must fit all that is given, or one of it.', {
    type: 'string',
    pattern: '^(and|or)$',
    default: 'or',
  }),
} satisfies Declared

const FINGERPRINT = '495faa942c4b54be6d7ce01ee971980c9c2accd65e0b690f7b0dab4658dae0d5'
const HELLO = 'sha256:853ff93762a06ddbf722c4ebe9ddd66d8f63ddaea97f521c3ecc20da7c976020'
const found = (index: 0 | 1) => ({
  log: 'v2',
  index,
  leafHash: LEAF_HASHES[index],
  links: { self: `/logs/v2/entries/${index}` },
})
const SEARCHED = [{ log: 'v2', size: 2 }]
const errors = {
  400: 'A parameter is unknown, repeated or not in its form, or there is none to search by.',
  404: 'No log has the name in `after`.',
}
const nothingAsked: Example = refused(400, 'FIELD_MISSING', 'hash, email, subject or fingerprint: missing', {})

export const SEARCH = {
  operationId: 'findEntries',
  tag: 'entries',
  summary: 'Entries by digest, name or key',
  description:
    'All entries of every log that fit, in order of the logs and then of the entries. Complete up to the size that is ' +
    'given for each log; follow `next` until it is null. A page holds fewer than `limit`, or none, where much had to be ' +
    'searched for them. That nothing is found is not proven.',
  query: { ...CRITERIA, after: cursorParameter, limit: limitParameter(MAX_MATCHES) },
  answers: {
    200: {
      description: 'One page.',
      type,
      schema: record({
        logs: {
          ...listOf(record({ log: { type: 'string' }, size: SIZE })),
          description: 'Which logs are searched, and how far.',
        },
        entries: listOf(ref('FoundEntry'), { maxItems: MAX_MATCHES }),
        next: { ...nullable({ type: 'string' }), description: 'The path of the next page; null on the last.' },
      }),
    },
  },
  errors,
  examples: {
    byDigest: {
      status: 200,
      parameters: { hash: HELLO },
      answer: { value: { logs: SEARCHED, entries: [found(0)], next: null } },
    },
    byKey: {
      status: 200,
      parameters: { fingerprint: FINGERPRINT, limit: 1 },
      answer: {
        value: {
          logs: SEARCHED,
          entries: [found(0)],
          next: `/entries?fingerprint=${FINGERPRINT}&operator=or&after=v2:0&limit=1`,
        },
      },
    },
    both: {
      status: 200,
      parameters: { email: 'alice%40example.com', hash: HELLO, operator: 'and' },
      answer: { value: { logs: SEARCHED, entries: [], next: null } },
    },
    nothingAsked,
  },
} satisfies Description

export const COUNT = {
  operationId: 'countEntries',
  tag: 'entries',
  summary: 'How many entries there are by digest, name or key',
  description: 'Exact, and of each log up to the size that is given for it. Counts are made one after the other.',
  query: CRITERIA,
  answers: {
    200: {
      description: 'The count.',
      type,
      schema: record({
        count: SIZE,
        logs: listOf(record({ log: { type: 'string' }, size: SIZE, count: SIZE })),
      }),
    },
  },
  errors: { 400: errors[400], 503: 'Too many counts are under way.' },
  examples: {
    byKey: {
      status: 200,
      parameters: { fingerprint: FINGERPRINT },
      answer: { value: { count: 2, logs: [{ log: 'v2', size: 2, count: 2 }] } },
    },
    nothingAsked,
  },
} satisfies Description
