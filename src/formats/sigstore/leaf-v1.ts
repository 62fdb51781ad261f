/** The leaves of a Rekor v1 log, written: canonical JSON of what sigstore/rekor's types make of a proposal. */

import { base64, hex, utf8 } from '../../kernel/bytes.ts'
import { formatPem, type PemBlock } from '../pki/pem.ts'
import type { Digest, HashedRekordV1 } from './body-v1.ts'
import { canonicalJson } from './canonical-json.ts'
import { detachedSignatureJson } from './detached-signature.ts'
import type { IntotoV2Proposal } from './proposals-v1.ts'
import type { CoseV1, IntotoV1, RekordV1 } from './read-leaf-v1.ts'

/** What a key or certificate reads like in a leaf, whatever its line breaks were. */
export function canonicalPem({ der, label }: PemBlock): Uint8Array {
  return utf8(formatPem(der, label))
}

export function formatHashedRekordV1({ digest, signature, verifier }: Omit<HashedRekordV1, 'kind'>): Uint8Array {
  return canonicalJson({
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: hash(digest) },
      signature: { content: base64(signature), publicKey: { content: pem64(verifier) } },
    },
  })
}

/** Without the file that was signed. */
export function formatRekordV1({ digest, signed }: Omit<RekordV1, 'kind'>): Uint8Array {
  return canonicalJson({
    apiVersion: '0.0.1',
    kind: 'rekord',
    spec: { data: { hash: hash(digest) }, signature: detachedSignatureJson(signed) },
  })
}

export interface DsseLeaf {
  readonly envelopeHash: Digest
  readonly payloadHash: Digest
  /** In base64, as they stood in the envelope; each once. */
  readonly signatures: ReadonlyMap<string, PemBlock>
}

/** Sorted by the signatures' text. */
export function formatDsseV1({ envelopeHash, payloadHash, signatures }: DsseLeaf): Uint8Array {
  const sorted = [...signatures.keys()].sort()
  const of = (signature: string) => ({ signature, verifier: pem64(signatures.get(signature) as PemBlock) })
  return canonicalJson({
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: { envelopeHash: hash(envelopeHash), payloadHash: hash(payloadHash), signatures: sorted.map(of) },
  })
}

export function formatIntotoV1({ envelopeHash, payloadHash, verifier }: Omit<IntotoV1, 'kind'>): Uint8Array {
  return canonicalJson({
    apiVersion: '0.0.1',
    kind: 'intoto',
    spec: { content: { hash: hash(envelopeHash), payloadHash: hash(payloadHash) }, publicKey: pem64(verifier) },
  })
}

/** Without its payload; keys and signatures as they were sent. */
export function formatIntotoV2(proposal: Omit<IntotoV2Proposal, 'type' | 'payload'>, payloadHash: Digest): Uint8Array {
  const signatures = proposal.signatures.map(({ keyid, sig, publicKey }) => ({
    ...(keyid === '' ? {} : { keyid }),
    publicKey,
    sig,
  }))
  return canonicalJson({
    apiVersion: '0.0.2',
    kind: 'intoto',
    spec: {
      content: {
        envelope: { payloadType: proposal.payloadType, signatures },
        hash: hash(proposal.envelopeHash),
        payloadHash: hash(payloadHash),
      },
    },
  })
}

/** Without the message. */
export function formatCoseV1({ envelopeHash, payloadHash, verifier }: Omit<CoseV1, 'kind'>): Uint8Array {
  return canonicalJson({
    apiVersion: '0.0.1',
    kind: 'cose',
    spec: { data: { envelopeHash: hash(envelopeHash), payloadHash: hash(payloadHash) }, publicKey: pem64(verifier) },
  })
}

/** The whole response. */
export function formatTimestampV1(response: Uint8Array): Uint8Array {
  return canonicalJson({ apiVersion: '0.0.1', kind: 'rfc3161', spec: { tsr: { content: base64(response) } } })
}

function hash({ algorithm, bytes }: Digest): { readonly [name: string]: string } {
  return { algorithm, value: hex(bytes) }
}

function pem64(verifier: PemBlock): string {
  return base64(canonicalPem(verifier))
}
