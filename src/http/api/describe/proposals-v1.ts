/** What Rekor v1 takes for an entry. Fields that are not named are passed over, so the objects are open. */

import { BASE64, listOf, record, type Schema } from '../schemas.ts'

const TEXT: Schema = { type: 'string' }
const PEM: Schema = { ...BASE64, description: 'PEM of a public key, or of the certificate that holds it.' }
const ENVELOPE: Schema = { ...TEXT, description: 'The JSON of a DSSE envelope.' }

function digest(...algorithms: readonly string[]): Schema {
  return record({ algorithm: { enum: algorithms }, value: { type: 'string', pattern: '^[0-9a-f]{64,128}$' } })
}

function kind(name: string, version: string, spec: Schema): Schema {
  return record({ apiVersion: { const: version }, kind: { const: name }, spec })
}

const publicKey = record({ content: PEM })
const detached = record({
  format: { enum: ['x509', 'minisign', 'ssh'] },
  content: BASE64,
  publicKey: record({ content: { ...BASE64, description: 'PEM, or the file of the other tools.' } }),
})
const intotoSignature = record(
  {
    keyid: { type: ['string', 'null'] },
    sig: { ...BASE64, description: 'Of the base64 of the signature.' },
    publicKey: PEM,
  },
  ['keyid'],
)
const intotoEnvelope = record({
  payloadType: TEXT,
  payload: { ...BASE64, description: 'Of the base64 of the payload.' },
  signatures: listOf(intotoSignature, { minItems: 1, maxItems: 10 }),
})

export const PROPOSAL: Schema = {
  oneOf: [
    kind(
      'hashedrekord',
      '0.0.1',
      record({
        data: record({ hash: digest('sha256', 'sha384', 'sha512') }),
        signature: record({ content: BASE64, publicKey }),
      }),
    ),
    kind(
      'rekord',
      '0.0.1',
      record({
        data: record({ content: { ...BASE64, minLength: 1, description: 'The file.' } }),
        signature: detached,
      }),
    ),
    kind(
      'dsse',
      '0.0.1',
      record({
        proposedContent: record({ envelope: ENVELOPE, verifiers: listOf(PEM, { minItems: 1, maxItems: 10 }) }),
      }),
    ),
    kind(
      'cose',
      '0.0.1',
      record({
        message: { ...BASE64, description: 'A COSE_Sign1 with its tag and payload, signed with ES256.' },
        publicKey: PEM,
        data: record({ aad: { ...BASE64, description: 'Signed too, and not in the message.' } }, ['aad']),
      }),
    ),
    kind(
      'rfc3161',
      '0.0.1',
      record({ tsr: record({ content: { ...BASE64, description: 'A timestamp response, with its certificates.' } }) }),
    ),
    kind('intoto', '0.0.1', record({ content: record({ envelope: ENVELOPE }), publicKey: PEM })),
    kind('intoto', '0.0.2', record({ content: record({ envelope: intotoEnvelope, hash: digest('sha256') }) })),
  ],
}
