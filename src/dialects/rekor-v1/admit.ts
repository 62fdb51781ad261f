/**
 * Rekor v1: a proposal whose signatures hold becomes the leaf that sigstore/rekor would make of it, byte for byte, with
 * what it commits to kept beside it: the text of a dsse envelope, the payload of an intoto one, a COSE message. Pure but for
 * crypto.
 */

import * as crypto from '#crypto'
import { algorithmForKey, algorithmOf } from '../../crypto/algorithms.ts'
import { coseSignedBytes, parseCoseSign1 } from '../../formats/cose.ts'
import type { Digest } from '../../formats/sigstore/body-v1.ts'
import { pae } from '../../formats/sigstore/dsse.ts'
import {
  formatCoseV1,
  formatDsseV1,
  formatHashedRekordV1,
  formatIntotoV1,
  formatIntotoV2,
  formatRekordV1,
  formatTimestampV1,
} from '../../formats/sigstore/leaf-v1.ts'
import type {
  CoseProposal,
  DsseProposal,
  HashedRekordProposal,
  IntotoV1Proposal,
  IntotoV2Proposal,
  ProposalV1,
  RekordProposal,
  TimestampProposal,
} from '../../formats/sigstore/proposals-v1.ts'
import { isStatement, STATEMENT_TYPE } from '../../formats/sigstore/statement.ts'
import { equal, hex, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Entry } from '../../log/ports.ts'
import { requireDetached } from './detached.ts'
import { requireSignature, requireVerifiers } from './envelope.ts'
import { entryOf, type Kept } from './keys.ts'
import { readSigner } from './signer.ts'
import { requireTimestamp } from './timestamp.ts'

export interface Admission {
  /** Content above this is not kept; its entry is logged all the same, and found. In bytes. */
  readonly attachmentLimit: number
}

/**
 * @throws TlogError with a 4xx code naming what is wrong with the proposal; LOG_BUSY when too many signatures wait to be
 *   checked.
 */
export async function admit(proposal: ProposalV1, admission: Admission): Promise<Entry> {
  const { leaf, kept } = await accept(proposal)
  return entryOf(leaf, kept, admission.attachmentLimit)
}

interface Accepted {
  readonly leaf: Uint8Array
  readonly kept: Kept | null
}

function accept(proposal: ProposalV1): Promise<Accepted> {
  switch (proposal.type) {
    case 'hashedrekord 0.0.1':
      return acceptHashedRekord(proposal)
    case 'rekord 0.0.1':
      return acceptRekord(proposal)
    case 'dsse 0.0.1':
      return acceptDsse(proposal)
    case 'intoto 0.0.1':
      return acceptIntotoV1(proposal)
    case 'intoto 0.0.2':
      return acceptIntotoV2(proposal)
    case 'cose 0.0.1':
      return acceptCose(proposal)
    case 'rfc3161 0.0.1':
      return acceptTimestamp(proposal)
  }
}

const DIGEST_NAMES = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' } as const

async function acceptHashedRekord(proposal: HashedRekordProposal): Promise<Accepted> {
  const { key } = readSigner(proposal.verifier)
  const algorithm = algorithmForKey(key)
  const { digest, signature } = proposal
  if (algorithm.digest !== DIGEST_NAMES[digest.algorithm])
    throw new TlogError(
      'ALGORITHM_NOT_ALLOWED',
      `a ${digest.algorithm} with this key: ${algorithm.keyDetails} goes with ${algorithm.digest}`,
    )
  await crypto.verifyDigest({ algorithm, key, digest: digest.bytes, signature })
  return { leaf: formatHashedRekordV1(proposal), kept: null }
}

async function acceptRekord({ content, digest: claimed, signed }: RekordProposal): Promise<Accepted> {
  const digest = sha256(content)
  if (claimed !== null && !equal(claimed.bytes, digest.bytes))
    throw new TlogError('FIELD_INVALID', `spec.data.hash: the content has the SHA-256 ${hex(digest.bytes)}`)
  await requireDetached(signed, content)
  return { leaf: formatRekordV1({ digest, signed }), kept: null }
}

async function acceptDsse({ envelope, verifiers }: DsseProposal): Promise<Accepted> {
  const signatures = await requireVerifiers(envelope, verifiers)
  const content = utf8(envelope.text)
  const envelopeHash = sha256(content)
  const leaf = formatDsseV1({ envelopeHash, payloadHash: sha256(envelope.payload), signatures })
  return { leaf, kept: { digest: envelopeHash, content } }
}

async function acceptIntotoV1({ envelope, verifier }: IntotoV1Proposal): Promise<Accepted> {
  const { payload, payloadType } = envelope
  await requireVerifiers(envelope, [verifier])
  // The leaf does not keep the type: what is found by its subjects must say itself that it is a statement.
  if (payloadType === STATEMENT_TYPE && !isStatement(payload))
    throw new TlogError('ENVELOPE_MALFORMED', 'the in-toto payload is not JSON with the `_type` of a statement')
  const payloadHash = sha256(payload)
  const leaf = formatIntotoV1({ envelopeHash: sha256(utf8(envelope.text)), payloadHash, verifier })
  return { leaf, kept: { digest: payloadHash, content: payload } }
}

async function acceptIntotoV2(proposal: IntotoV2Proposal): Promise<Accepted> {
  const { payload, payloadType, signatures } = proposal
  const message = pae(payloadType, payload)
  const signers = new Set<string>()
  for (const { signature, verifier } of signatures) {
    const { key } = readSigner(verifier)
    await requireSignature(key, message, signature)
    signers.add(hex(key.der))
  }
  if (signers.size < signatures.length)
    throw new TlogError('FIELD_INVALID', 'spec.content.envelope.signatures: one key signed twice')
  const payloadHash = sha256(payload)
  const leaf = formatIntotoV2(proposal, payloadHash)
  return { leaf, kept: { digest: payloadHash, content: payload } }
}

async function acceptCose({ message, external, verifier }: CoseProposal): Promise<Accepted> {
  const parsed = parseCoseSign1(message)
  const { key } = readSigner(verifier)
  const algorithm = algorithmOf('PKIX_ECDSA_P256_SHA_256')
  await crypto.verifyMessage({
    algorithm,
    key,
    message: coseSignedBytes(parsed, external),
    signature: parsed.signature,
  })
  const envelopeHash = sha256(message)
  const leaf = formatCoseV1({ envelopeHash, payloadHash: sha256(parsed.payload), verifier })
  return { leaf, kept: { digest: envelopeHash, content: message } }
}

async function acceptTimestamp({ response }: TimestampProposal): Promise<Accepted> {
  await requireTimestamp(response)
  return { leaf: formatTimestampV1(response), kept: null }
}

function sha256(bytes: Uint8Array): Digest {
  return { algorithm: 'sha256', bytes: crypto.digest('SHA2_256', bytes) }
}
