/** The two signed requests of the other examples, as Rekor v1 takes them; and what follows from them. */

import { formatPem } from '../../../formats/pki/pem.ts'
import { base64, hex, parseBase64, utf8 } from '../../../kernel/bytes.ts'
import { DIGESTS, SIGNATURES, STATEMENT, VERIFIER } from './examples.ts'

const PUBLIC_KEY = base64(utf8(formatPem(parseBase64(VERIFIER.publicKey.rawBytes), 'PUBLIC KEY')))
const hash = { algorithm: 'sha256', value: hex(parseBase64(DIGESTS[0])) }
const signature = { content: SIGNATURES[0], publicKey: { content: PUBLIC_KEY } }
const PAYLOAD_TYPE = 'application/vnd.in-toto+json'

export const HASHED_REKORD_V1 = { apiVersion: '0.0.1', kind: 'hashedrekord', spec: { data: { hash }, signature } }

/** The file with its signature, where the other has its digest. */
export const REKORD = {
  apiVersion: '0.0.1',
  kind: 'rekord',
  spec: { data: { content: base64(utf8('hello, world\n')) }, signature: { format: 'x509', ...signature } },
}

export const DSSE_V1 = {
  apiVersion: '0.0.1',
  kind: 'dsse',
  spec: {
    proposedContent: {
      envelope: JSON.stringify({
        payloadType: PAYLOAD_TYPE,
        payload: base64(utf8(STATEMENT)),
        signatures: [{ sig: SIGNATURES[1] }],
      }),
      verifiers: [PUBLIC_KEY],
    },
  },
}

export const SUBJECT = `sha256:${JSON.parse(STATEMENT).subject[0].digest.sha256}`

/** Of the first of them, in a tree of a log whose key is as random as any. */
export const LEAF_V1 = 'd24913423be8464f7411b1bc75469c7faa95f04f83e362b369b931ce28165d7b'
const TREE_ID = '1772356945549074146'
export const ID_V1 = `${BigInt(TREE_ID).toString(16)}${LEAF_V1}`
const NOTE = `log.example - ${TREE_ID}
1
0kkTQjvoRk90EbG8dUacf6qV8E+D42KzabkxzigWXXs=

\u2014 log.example GJitQDBFAiAIWazbVlFwlibIXB/hjiquufMTFOl/5fCmS5xXDlvLJAIhAOIUmPS0i2OO1oY7RshFw1dN1DX1qVcrdTYrMFZajvC2
`

export const ENTRIES_V1 = {
  [ID_V1]: {
    body: base64(utf8(JSON.stringify(HASHED_REKORD_V1))),
    integratedTime: 1795677279,
    logID: '1898ad406aa61ee2105327174cc578fdbe59ccd8d6b3c13a3de96069e1710eba',
    logIndex: 0,
    verification: {
      inclusionProof: { checkpoint: NOTE, hashes: [], logIndex: 0, rootHash: LEAF_V1, treeSize: 1 },
      signedEntryTimestamp:
        'MEUCIFBoeaffKoaBlQPsr0sJjT66ru+uaVJQ/Znrjzi6QD4aAiEA1eHaefH+phIQZOfwfedoAT03vnEHX0h3cw+M4C6QfO0=',
    },
  },
}

export const TREES_V1 = { inactiveShards: [], rootHash: LEAF_V1, signedTreeHead: NOTE, treeID: TREE_ID, treeSize: 1 }
