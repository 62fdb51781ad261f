/** A bundle's signature and what it is over, once the signer's key is known. */

import { digest as hashOf, verifyDigest, verifyEd25519 } from '#crypto'
import { algorithmForKey, type LoggableAlgorithm } from '../crypto/algorithms.ts'
import type { PublicKey } from '../formats/pki/spki.ts'
import type { Bundle } from '../formats/sigstore/bundle.ts'
import { pae } from '../formats/sigstore/dsse.ts'
import type { Material } from '../formats/sigstore/request-v2.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { type Artifact, artifactDigest } from './artifact.ts'

export interface SignedContent {
  readonly content: Bundle['content']
  readonly key: PublicKey
  /** Assumed from the key, as all verifiers do. */
  readonly algorithm: LoggableAlgorithm
  /** The key or the certificate as a log stores it. */
  readonly verifier: Material
  /** Of what was signed: the file, or an envelope's pre-authentication encoding. By `algorithm.digest`. */
  readonly digest: Uint8Array
}

/**
 * Nothing is checked yet but that the bundle speaks of this file.
 * @throws TlogError ARTIFACT_MISMATCH, CHECK_UNAVAILABLE, KEY_NOT_ALLOWED
 */
export function signedContent(
  content: Bundle['content'],
  key: PublicKey,
  verifier: Material,
  artifact: Artifact,
): SignedContent {
  const algorithm = algorithmForKey(key)
  if (content.kind === 'envelope') {
    const { payloadType, payload } = content
    return { content, key, algorithm, verifier, digest: hashOf(algorithm.digest, pae(payloadType, payload)) }
  }
  const digest = artifactDigest(artifact, algorithm.digest)
  const hint = content.digest
  if (hint !== null && !equal(hint.bytes, artifactDigest(artifact, hint.algorithm)))
    throw new TlogError('ARTIFACT_MISMATCH', `the bundle is for a file with another ${hint.algorithm} digest`)
  return { content, key, algorithm, verifier, digest }
}

/**
 * An Ed25519 key signs an envelope as a whole where a v1 log shall take it, and prehashed where the log sees a digest.
 * @throws TlogError SIGNATURE_INVALID, KEY_NOT_ALLOWED, LOG_BUSY
 */
export async function verifySignature(signed: SignedContent, isLoggedAsEnvelope: boolean): Promise<void> {
  const { content, key, algorithm, digest } = signed
  const { signature } = content
  if (key.kind !== 'ed25519' || content.kind === 'message' || !isLoggedAsEnvelope)
    return await verifyDigest({ algorithm, key, signature, digest })
  const { payloadType, payload } = content
  await verifyEd25519(key.bytes, pae(payloadType, payload), signature)
}
