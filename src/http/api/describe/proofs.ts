/** What the document says of proofs. */

import type { Description } from '../openapi.ts'
import { indexParameter, leafParameter, sizeParameter } from '../parameters.ts'
import { ref } from '../schemas.ts'
import { LEAF_HASHES, NOTES, ROOTS, refused, UNKNOWN_LOG } from './examples.ts'

const tag = 'proofs'
const type = 'application/json'
const errors = {
  400: 'A parameter is missing, unknown, repeated or not in its one spelling; or they contradict each other.',
  404: `${UNKNOWN_LOG[404]} A size or an index may exist later.`,
}
const PROVEN = { index: 0, leafHash: LEAF_HASHES[0], size: 2, root: ROOTS[1], path: [LEAF_HASHES[1]] }

export const INCLUSION = {
  operationId: 'getInclusionProof',
  tag,
  summary: 'That a leaf is in a tree',
  description:
    'Exactly one of `index` and `leaf`. With a `size` the answer is final; without one it is about the newest checkpoint, ' +
    'which comes with it.',
  query: {
    index: indexParameter,
    leaf: leafParameter,
    size: sizeParameter('Entries of the tree; the newest published tree when absent.'),
  },
  answers: { 200: { description: 'The audit path, verified.', type, schema: ref('InclusionProof') } },
  errors,
  examples: {
    byIndex: { status: 200, parameters: { log: 'v2', index: 0, size: 2 }, answer: { value: PROVEN } },
    byLeaf: { status: 200, parameters: { log: 'v2', leaf: LEAF_HASHES[0], size: 2 }, answer: { value: PROVEN } },
    newest: {
      status: 200,
      parameters: { log: 'v2', leaf: LEAF_HASHES[0] },
      answer: { value: { ...PROVEN, checkpoint: NOTES[1] } },
    },
    outside: refused(400, 'RANGE_INVALID', 'leaf 1 is outside a tree of 1', { log: 'v2', index: 1, size: 1 }),
    notYet: refused(404, 'NOT_FOUND', 'size 1000: the published tree has 2 entries', {
      log: 'v2',
      index: 0,
      size: 1000,
    }),
  },
} satisfies Description

const CONSISTENT = { first: { size: 1, root: ROOTS[0] }, last: { size: 2, root: ROOTS[1] }, path: [LEAF_HASHES[1]] }

export const CONSISTENCY = {
  operationId: 'getConsistencyProof',
  tag,
  summary: 'That one tree is the beginning of another',
  description:
    'With `last` the answer is final; without it, it is about the newest checkpoint, which comes with it. Compare both roots ' +
    'with those you know: the proof is about these two and no others.',
  query: {
    first: sizeParameter('Entries of the smaller tree.'),
    last: sizeParameter('Entries of the larger tree; the newest published tree when absent.'),
  },
  required: ['first'],
  answers: { 200: { description: 'The proof, verified.', type, schema: ref('ConsistencyProof') } },
  errors,
  examples: {
    between: { status: 200, parameters: { log: 'v2', first: 1, last: 2 }, answer: { value: CONSISTENT } },
    newest: {
      status: 200,
      parameters: { log: 'v2', first: 1 },
      answer: { value: { ...CONSISTENT, checkpoint: NOTES[1] } },
    },
    turnedRound: refused(400, 'RANGE_INVALID', 'a tree of 2 is no prefix of one of 1', {
      log: 'v2',
      first: 2,
      last: 1,
    }),
    notYet: refused(404, 'NOT_FOUND', 'size 1000: the published tree has 2 entries', { log: 'v2', first: 1000 }),
  },
} satisfies Description
