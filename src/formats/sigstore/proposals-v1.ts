/** What a proposal of each kind holds, parsed: see proposal-v1.ts. Nothing has been checked. */

import type { PemBlock } from '../pki/pem.ts'
import type { Digest } from './body-v1.ts'
import type { DetachedSignature } from './detached-signature.ts'

export interface HashedRekordProposal {
  readonly type: 'hashedrekord 0.0.1'
  readonly digest: Digest
  readonly signature: Uint8Array
  readonly verifier: PemBlock
}

export interface RekordProposal {
  readonly type: 'rekord 0.0.1'
  /** The file itself. */
  readonly content: Uint8Array
  /** Of the file, as the client says. SHA-256. */
  readonly digest: Digest | null
  readonly signed: DetachedSignature
}

/** A DSSE envelope in the JSON text that its client made of it: the log commits to that very text. */
export interface EnvelopeText {
  readonly text: string
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly signatures: readonly SentSignature[]
}

/** A signature, and the base64 that stood for it. */
export interface SentSignature {
  readonly bytes: Uint8Array
  readonly encoded: string
}

export interface DsseProposal {
  readonly type: 'dsse 0.0.1'
  readonly envelope: EnvelopeText
  readonly verifiers: readonly PemBlock[]
}

export interface IntotoV1Proposal {
  readonly type: 'intoto 0.0.1'
  readonly envelope: EnvelopeText
  readonly verifier: PemBlock
}

export interface IntotoSignature {
  /** Empty when there is none. */
  readonly keyid: string
  readonly signature: Uint8Array
  readonly verifier: PemBlock
  /** As sent, for so they stand in the leaf. */
  readonly sig: string
  readonly publicKey: string
}

export interface IntotoV2Proposal {
  readonly type: 'intoto 0.0.2'
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly signatures: readonly IntotoSignature[]
  /** Of the envelope, as the client says: nobody can tell over which spelling of it. SHA-256. */
  readonly envelopeHash: Digest
}

export interface CoseProposal {
  readonly type: 'cose 0.0.1'
  /** A COSE_Sign1 with its tag, CBOR. Not parsed. */
  readonly message: Uint8Array
  /** What was signed with it and is not in it; empty when there is none. */
  readonly external: Uint8Array
  readonly verifier: PemBlock
}

export interface TimestampProposal {
  readonly type: 'rfc3161 0.0.1'
  /** An RFC 3161 response, DER. Not parsed. */
  readonly response: Uint8Array
}

export type ProposalV1 =
  | HashedRekordProposal
  | RekordProposal
  | DsseProposal
  | IntotoV1Proposal
  | IntotoV2Proposal
  | CoseProposal
  | TimestampProposal
