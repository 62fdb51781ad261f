/** What `#crypto` offers. node.ts (native, off the main thread) and portable.ts (noble) both fulfil it, with equal verdicts. */

import type { PublicKey } from '../formats/pki/spki.ts'
import type { Algorithm, DigestName } from './algorithms.ts'

/** A signature, and what it claims to be by. */
export interface Check {
  readonly algorithm: Algorithm
  readonly key: PublicKey
  /** ECDSA: DER. RSA: as long as the modulus. Ed25519ph: 64 bytes. */
  readonly signature: Uint8Array
}

/** A signature over a message of which only the digest is known. */
export interface DigestCheck extends Check {
  /** Computed by the algorithm's own digest; exactly `algorithm.digestLength` bytes. */
  readonly digest: Uint8Array
}

export interface MessageCheck extends Check {
  readonly message: Uint8Array
}

/** A private Ed25519 key whose bytes stay inside the side that made it. */
export interface SigningKey {
  /** The 32-byte encoding of the point, as in a verifier key. */
  readonly publicKey: Uint8Array
}

/** A private P-256 key whose bytes stay inside the side that made it. */
export interface EcdsaKey {
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
}

/** A private ML-DSA-44 key (FIPS 204) whose bytes stay inside the side that made it. */
export interface MlDsaKey {
  /** 1312 bytes, as in a verifier key. */
  readonly mlDsa44PublicKey: Uint8Array
}

export interface Crypto {
  /**
   * Returns if the signature is good, else throws. Malformed signatures are not good ones. The bytes must not change
   * until it has settled: they are read later, by another thread.
   *
   * ECDSA takes both a low and a high S: Go does not normalise, so half of the honest signatures have a high one.
   * Whoever must tell two signatures apart may therefore not rely on their bytes.
   *
   * @throws TlogError SIGNATURE_INVALID; KEY_NOT_ALLOWED when the key does not go with the algorithm;
   *   DIGEST_LENGTH_INVALID; LOG_BUSY when too many checks wait already: nothing was checked, try later.
   */
  verifyDigest(check: DigestCheck): Promise<void>

  /** As verifyDigest, over the message itself. Ed25519 keys are checked as Ed25519ph here too. */
  verifyMessage(check: MessageCheck): Promise<void>

  digest(name: DigestName, bytes: Uint8Array): Uint8Array

  /** BLAKE2b of 64 bytes without a key (RFC 7693): what minisign signs of a file. In JavaScript 30 ms a MiB. */
  blake2b512(bytes: Uint8Array): Uint8Array

  /**
   * Pure Ed25519 (RFC 8032), as in signed notes. Strict: key and R in their canonical encoding and not of small order,
   * S below the group order; cofactorless.
   *
   * @throws TlogError SIGNATURE_INVALID; KEY_MALFORMED unless 32 bytes; KEY_NOT_ALLOWED for a small-order or
   *   non-canonical key.
   */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<void>

  generateEd25519(): SigningKey

  /** @throws TlogError KEY_MALFORMED unless 32 bytes (RFC 8032 §5.1.5). */
  importEd25519Seed(seed: Uint8Array): SigningKey

  /** 64 bytes, deterministic (RFC 8032). */
  signEd25519(key: SigningKey, message: Uint8Array): Promise<Uint8Array>
}
