/** What is signed, and the signature over it. */

import { digest as hashOf } from '#crypto'
import type { Loggable } from '../client/loggable.ts'
import { algorithmForKey, type DigestName } from '../crypto/algorithms.ts'
import type { Certificate } from '../formats/pki/certificate.ts'
import { formatPem } from '../formats/pki/pem.ts'
import type { PublicKey } from '../formats/pki/spki.ts'
import type { Bundle, SigningMaterial } from '../formats/sigstore/bundle.ts'
import { pae } from '../formats/sigstore/dsse.ts'
import { STATEMENT_TYPE } from '../formats/sigstore/statement.ts'
import { base64, hex, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { type Artifact, artifactDigest } from '../verify/artifact.ts'
import { type PrivateKey, signDigest, signPureEd25519 } from './private-key.ts'
import type { LogVersion } from './services.ts'

export type Subject =
  /** The file itself, by its digests. */
  | { readonly kind: 'file'; readonly artifact: Artifact }
  /** An in-toto statement, of which the artifact is a subject. */
  | { readonly kind: 'statement'; readonly payload: Uint8Array; readonly artifact: Artifact }
  /** OpenSSF Model Signing: the artifact is the model's root. */
  | { readonly kind: 'model'; readonly payload: Uint8Array; readonly artifact: Artifact }

/** A bundle that no log knows yet. */
export interface Signed {
  readonly material: SigningMaterial
  readonly content: Bundle['content']
}

/** The digest of the file that signing with this key takes, besides SHA-256. */
export function digestFor(key: PublicKey): DigestName {
  return algorithmForKey(key).digest
}

/**
 * Refuses what somebody would refuse later: Rekor v1 checks statements with SHA-256 whatever the curve, as verifiers do not;
 * OpenSSF Model Signing knows ECDSA alone.
 *
 * @throws TlogError KEY_NOT_ALLOWED
 */
export function requireSuited(subject: Subject, key: PublicKey, version: LogVersion): void {
  if (subject.kind === 'model' && key.kind !== 'ec')
    throw new TlogError('KEY_NOT_ALLOWED', 'a model is signed with an ECDSA key: OpenSSF Model Signing takes no other')
  if (subject.kind !== 'file' && version === 1 && key.kind === 'ec' && key.curve !== 'P-256')
    throw new TlogError(
      'KEY_NOT_ALLOWED',
      `a statement signed with ${key.curve} cannot be logged by Rekor v1, which checks it with SHA-256: use a v2 log or a P-256 key`,
    )
}

/** @param certificate null: verifiers know the key */
export function signSubject(
  subject: Subject,
  key: PrivateKey,
  certificate: Certificate | null,
  version: LogVersion,
): Signed {
  requireSuited(subject, key.publicKey, version)
  const material: SigningMaterial =
    certificate === null
      ? { kind: 'key', hint: hintOf(subject, key.publicKey) }
      : { kind: 'certificate', leaf: certificate.der, others: [] }
  return { material, content: contentOf(subject, key, version) }
}

function contentOf(subject: Subject, key: PrivateKey, version: LogVersion): Bundle['content'] {
  const algorithm = digestFor(key.publicKey)
  if (subject.kind === 'file') {
    const bytes = artifactDigest(subject.artifact, algorithm)
    return { kind: 'message', digest: { algorithm, bytes }, signature: signDigest(key, bytes) }
  }
  const envelope = { payloadType: STATEMENT_TYPE, payload: subject.payload }
  const encoded = pae(envelope.payloadType, envelope.payload)
  const isPure = key.publicKey.kind === 'ed25519' && version === 1
  const signature = isPure ? signPureEd25519(key, encoded) : signDigest(key, hashOf(algorithm, encoded))
  return { kind: 'envelope', ...envelope, signature }
}

/** What cosign and its kin write; and what OpenSSF Model Signing does, of the PEM text. */
function hintOf(subject: Subject, { der }: PublicKey): string {
  if (subject.kind === 'model') return hex(hashOf('SHA2_256', utf8(formatPem(der, 'PUBLIC KEY'))))
  return base64(hashOf('SHA2_256', der))
}

/** The same for a log. */
export function loggableOf({ content, material }: Signed, key: PublicKey): Loggable {
  const algorithm = algorithmForKey(key)
  const { signature } = content
  const verifier =
    material.kind === 'key'
      ? { kind: 'publicKey' as const, rawBytes: key.der }
      : { kind: 'x509Certificate' as const, rawBytes: material.leaf }
  if (content.kind === 'message') {
    const digest = content.digest?.bytes ?? new Uint8Array()
    return { algorithm, digest, signature, verifier, envelope: null }
  }
  const { payloadType, payload } = content
  const digest = hashOf(algorithm.digest, pae(payloadType, payload))
  return { algorithm, digest, signature, verifier, envelope: { payloadType, payload } }
}
