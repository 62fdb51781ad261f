/** What the document says of writing to a Rekor v2 log: its parser also takes other spellings, which it does not name. */

import { ALGORITHMS } from '../../../crypto/algorithms.ts'
import type { Description } from '../openapi.ts'
import { BASE64, closed, listOf, ref, type Schema } from '../schemas.ts'
import { BODIES, DSSE, HASHED_REKORD, LEAVES, LOG_ID, NOTES } from './examples.ts'

const FILLED: Schema = { ...BASE64, minLength: 1 }
const VERIFIER: Schema = {
  oneOf: ['publicKey', 'x509Certificate'].map((kind) =>
    closed({ keyDetails: { enum: [...ALGORITHMS.keys()] }, [kind]: closed({ rawBytes: FILLED }) }),
  ),
}
const SIGNED = closed({
  digest: { ...FILLED, description: 'As long as the algorithm makes it.' },
  signature: closed({ content: FILLED, verifier: VERIFIER }),
})
const ENVELOPE = closed({
  payloadType: { type: 'string', minLength: 1 },
  payload: BASE64,
  signatures: listOf(closed({ sig: FILLED, keyid: { type: 'string' } }, ['keyid']), { minItems: 1, maxItems: 1 }),
})

const REQUEST: Schema = {
  oneOf: [
    closed({ hashedRekordRequestV002: SIGNED }),
    closed({
      dsseRequestV002: closed({ envelope: ENVELOPE, verifiers: listOf(VERIFIER, { minItems: 1, maxItems: 1 }) }),
    }),
  ],
}

export const ADD_ENTRY: Description = {
  operationId: 'addEntry',
  tag: 'rekor-v2',
  summary: 'Log a signature',
  description:
    "Answers once a published checkpoint covers the entry; a repeat gets the first one's place. Goes to the log whose " +
    "origin is the request's host name, else to the first one. The body is a dev.sigstore.rekor.v2.CreateEntryRequest in " +
    "protojson, at most 4 MiB; protojson's other spellings are taken too (docs/formats.md).",
  body: REQUEST,
  writes: true,
  answers: { 201: { description: 'The receipt.', type: 'application/json', schema: ref('TransparencyLogEntry') } },
  errors: {
    400: 'Not a request that can be logged: the reason says why.',
    401: 'This server asks for a token, and there was none that is good here.',
    403: 'The token is for other logs.',
    409: 'The entry is in the log, and the server is set to say so; its index is in x-log-index.',
    413: 'The body, or the leaf it would become, is too large.',
    415: 'The body is not plain JSON.',
    503: 'The log is busy or closing: send the same again after Retry-After.',
  },
  examples: {
    hashedRekord: { status: 201, body: HASHED_REKORD, answer: { value: receipt(0) } },
    dsse: { status: 201, body: DSSE, answer: { value: receipt(1) } },
    nothing: {
      status: 400,
      body: {},
      answer: {
        value: {
          code: 3,
          message: 'hashedRekordRequestV002 or dsseRequestV002 or identityRequestV001: missing',
          details: [
            { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'FIELD_MISSING', domain: 'colophon' },
          ],
        },
      },
    },
  },
}

function receipt(index: 0 | 1): object {
  const [, , rootHash = ''] = NOTES[index].split('\n')
  return {
    logIndex: String(index),
    logId: { keyId: LOG_ID },
    kindVersion: { kind: BODIES[index].kind, version: BODIES[index].apiVersion },
    integratedTime: '0',
    inclusionPromise: null,
    inclusionProof: {
      logIndex: String(index),
      rootHash,
      treeSize: String(index + 1),
      hashes: index === 0 ? [] : [NOTES[0].split('\n')[2]],
      checkpoint: { envelope: NOTES[index] },
    },
    canonicalizedBody: LEAVES[index],
  }
}
