/** What is sent to a Rekor v1 log (sigstore/rekor pkg/types, ProposedEntry): hashedrekord 0.0.1 and dsse 0.0.1. */

import { base64, hex, utf8 } from '../../kernel/bytes.ts'
import { formatPem } from '../pki/pem.ts'
import type { Digest } from './body-v1.ts'
import { type Envelope, envelopeJson } from './dsse.ts'
import type { Material } from './request-v2.ts'

export function formatHashedRekordProposal(digest: Digest, signature: Uint8Array, verifier: Material): string {
  return JSON.stringify({
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: digest.algorithm, value: hex(digest.bytes) } },
      signature: { content: base64(signature), publicKey: { content: pem64(verifier) } },
    },
  })
}

/** The log commits to the envelope's very text, so one envelope has one here. */
export function formatDsseProposal(envelope: Envelope, verifier: Material): string {
  return JSON.stringify({
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: { proposedContent: { envelope: JSON.stringify(envelopeJson(envelope)), verifiers: [pem64(verifier)] } },
  })
}

function pem64({ kind, rawBytes }: Material): string {
  return base64(utf8(formatPem(rawBytes, kind === 'publicKey' ? 'PUBLIC KEY' : 'CERTIFICATE')))
}
