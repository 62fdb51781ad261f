/** What the document says of entries. */

import type { Description } from '../openapi.ts'
import { ref } from '../schemas.ts'
import { ATTACHMENT, BODIES, LEAF_HASHES, LEAVES, NOTES, ROOTS, refused, TIME, UNKNOWN_LOG } from './examples.ts'

const tag = 'entries'
const errors = { 400: 'The index is not in its one spelling, or there is a query.', ...UNKNOWN_LOG }
const BAD_INDEX = refused(400, 'DECIMAL_MALFORMED', 'index: not a decimal number: 01', { log: 'v2', index: '01' })
const NOT_YET = refused(404, 'NOT_FOUND', 'leaf 1000: the published tree has 2 entries', { log: 'v2', index: 1000 })

export const ENTRY = {
  operationId: 'getEntry',
  tag,
  summary: 'An entry, and the proof that it is in the newest tree',
  description: 'The proof starts at the hash of the `leaf` that is sent, and was verified by the server.',
  answers: { 200: { description: 'The entry.', type: 'application/json', schema: ref('Entry') } },
  errors,
  examples: {
    dsse: {
      status: 200,
      parameters: { log: 'v2', index: 1 },
      answer: {
        value: {
          index: 1,
          leafHash: LEAF_HASHES[1],
          leaf: LEAVES[1],
          body: BODIES[1],
          time: TIME,
          attachments: [ATTACHMENT],
          proof: { size: 2, root: ROOTS[1], path: [LEAF_HASHES[0]], checkpoint: NOTES[1] },
          promise: null,
        },
      },
    },
    badIndex: BAD_INDEX,
    notYet: NOT_YET,
  },
} satisfies Description

const FILE = 'c2sp.org/tlog-proof@v1\nindex 1\n6CWCciFk2Nb4wDa71Hzr+4AhVl3xazrN7bAODXTot48=\n\n'

export const TLOG_PROOF = {
  operationId: 'getTlogProof',
  tag,
  summary: 'The proof of an entry as a file',
  description:
    'c2sp.org/tlog-proof, against the newest checkpoint; to be kept with the extension .tlog-proof. The leaf is not in it.',
  answers: { 200: { description: 'The file.', type: 'text/plain', schema: { type: 'string' } } },
  errors,
  examples: {
    dsse: { status: 200, parameters: { log: 'v2', index: 1 }, answer: { value: FILE + NOTES[1] } },
    badIndex: BAD_INDEX,
    notYet: NOT_YET,
  },
} satisfies Description
