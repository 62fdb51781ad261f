/** The one allow-list of signature algorithms, by their Sigstore names. */

import type { Curve, PublicKey, RsaBits } from '../formats/pki/spki.ts'
import { TlogError } from '../kernel/error.ts'

export type DigestName = 'SHA2_256' | 'SHA2_384' | 'SHA2_512'

export const DIGEST_LENGTH = { SHA2_256: 32, SHA2_384: 48, SHA2_512: 64 } as const satisfies Record<DigestName, number>

/** What a key must be to go with an algorithm. */
export type KeyRule =
  | { readonly kind: 'ec'; readonly curve: Curve }
  | { readonly kind: 'rsa'; readonly bits: RsaBits }
  | { readonly kind: 'ed25519' }

/** One way to sign: a key, a digest of the message, and a scheme that `key.kind` implies. */
export interface Algorithm {
  readonly keyDetails: KeyDetails | EnvelopeDetails
  readonly digest: DigestName
  /** In bytes. */
  readonly digestLength: number
  readonly key: KeyRule
}

/** One that an entry may name. */
export interface LoggableAlgorithm extends Algorithm {
  readonly keyDetails: KeyDetails
}

function ec(curve: Curve, digest: DigestName): Omit<Algorithm, 'keyDetails'> {
  return { digest, digestLength: DIGEST_LENGTH[digest], key: { kind: 'ec', curve } }
}

function rsa(bits: RsaBits): Omit<Algorithm, 'keyDetails'> {
  return { digest: 'SHA2_256', digestLength: DIGEST_LENGTH.SHA2_256, key: { kind: 'rsa', bits } }
}

// No pure Ed25519: it cannot be checked over a digest. No RSA-PSS: Rekor removed it.
const RULES = {
  PKIX_ECDSA_P256_SHA_256: ec('P-256', 'SHA2_256'),
  PKIX_ECDSA_P384_SHA_384: ec('P-384', 'SHA2_384'),
  PKIX_ECDSA_P521_SHA_512: ec('P-521', 'SHA2_512'),
  PKIX_RSA_PKCS1V15_2048_SHA256: rsa(2048),
  PKIX_RSA_PKCS1V15_3072_SHA256: rsa(3072),
  PKIX_RSA_PKCS1V15_4096_SHA256: rsa(4096),
  PKIX_ED25519_PH: { digest: 'SHA2_512', digestLength: DIGEST_LENGTH.SHA2_512, key: { kind: 'ed25519' } },
} as const

/** Rekor v1 checks the signatures of envelopes with SHA-256, whatever the curve. */
const ENVELOPE_RULES = {
  PKIX_ECDSA_P384_SHA_256: ec('P-384', 'SHA2_256'),
  PKIX_ECDSA_P521_SHA_256: ec('P-521', 'SHA2_256'),
} as const

/** A Sigstore `keyDetails` name that may be logged. */
export type KeyDetails = keyof typeof RULES
type EnvelopeDetails = keyof typeof ENVELOPE_RULES

const NAMES = Object.keys(RULES) as KeyDetails[]

export const ALGORITHMS: ReadonlyMap<KeyDetails, LoggableAlgorithm> = new Map(
  NAMES.map((keyDetails) => [keyDetails, Object.freeze({ keyDetails, ...RULES[keyDetails] })]),
)

const ENVELOPE_ALGORITHMS: readonly Algorithm[] = (Object.keys(ENVELOPE_RULES) as EnvelopeDetails[]).map((keyDetails) =>
  Object.freeze({ keyDetails, ...ENVELOPE_RULES[keyDetails] }),
)

/** Everything that is ever checked, in an order that both sides of a thread share. */
export const CHECKED: readonly Algorithm[] = [...ALGORITHMS.values(), ...ENVELOPE_ALGORITHMS]

/** @throws TlogError ALGORITHM_NOT_ALLOWED naming it and the allowed ones. */
export function algorithmOf(keyDetails: string): LoggableAlgorithm {
  const algorithm = ALGORITHMS.get(keyDetails as KeyDetails)
  if (algorithm === undefined)
    throw new TlogError('ALGORITHM_NOT_ALLOWED', `${keyDetails.slice(0, 64)} is not one of ${NAMES.join(', ')}`)
  return algorithm
}

/** The algorithm a verifier assumes for a key when the bundle does not say. */
export function algorithmForKey(key: PublicKey): LoggableAlgorithm {
  for (const algorithm of ALGORITHMS.values()) if (fits(algorithm.key, key)) return algorithm
  throw new TlogError('KEY_NOT_ALLOWED', `no algorithm is allowed for a key of kind ${describeKey(key)}`)
}

/**
 * How a Rekor v1 log checks a key's signature on an envelope, by SHA-256; null for Ed25519, which signs the message
 * itself.
 */
export function envelopeAlgorithm(key: PublicKey): Algorithm | null {
  if (key.kind === 'ed25519') return null
  return ENVELOPE_ALGORITHMS.find((algorithm) => fits(algorithm.key, key)) ?? algorithmForKey(key)
}

/** @throws TlogError KEY_NOT_ALLOWED unless the key is of the kind, curve or size that the algorithm names. */
export function checkKey(algorithm: Algorithm, key: PublicKey): void {
  if (!fits(algorithm.key, key))
    throw new TlogError('KEY_NOT_ALLOWED', `${algorithm.keyDetails} does not go with a key of kind ${describeKey(key)}`)
}

/** @throws TlogError DIGEST_LENGTH_INVALID unless the digest is exactly as long as the algorithm's. */
export function checkDigest(algorithm: Algorithm, digest: Uint8Array): void {
  if (digest.length !== algorithm.digestLength)
    throw new TlogError(
      'DIGEST_LENGTH_INVALID',
      `${algorithm.keyDetails} takes a digest of ${algorithm.digestLength} bytes (${algorithm.digest}), not ${digest.length}`,
    )
}

function fits(rule: KeyRule, key: PublicKey): boolean {
  if (rule.kind === 'ec') return key.kind === 'ec' && key.curve === rule.curve
  if (rule.kind === 'rsa') return key.kind === 'rsa' && key.bits === rule.bits
  return key.kind === rule.kind
}

function describeKey(key: PublicKey): string {
  if (key.kind === 'ec') return `ECDSA ${key.curve}`
  return key.kind === 'rsa' ? `RSA-${key.bits}` : 'Ed25519'
}
