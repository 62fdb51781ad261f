/** What verifying needs and not every platform has. Node's side is verify-node; a browser passes null. */

import type { TrustedAuthority, TrustedRoot } from '../formats/sigstore/trusted-root.ts'
import type { UnixMillis } from '../kernel/brand.ts'

/** Whether a signature is good: ML-DSA-44 (FIPS 204), pure, with an empty context. Key 1312 bytes, signature 2420. */
export type VerifyMlDsa44 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => Promise<boolean>

export interface OpenedTimestamp {
  readonly time: UnixMillis
  /** Who says so. */
  readonly authority: TrustedAuthority
}

/** Certificates and timestamps, checked by a library made for them. Trusted: what it accepts is believed. */
export interface CertificateChecks {
  /**
   * The time in an RFC 3161 response over `signature`, or null when none of `authorities` has the certificate that the
   * response names: a stranger's word, which counts for nothing.
   * @throws TlogError TIMESTAMP_INVALID for a malformed response; and for one that names an authority's certificate, but
   *   is not by it or over another signature, or dates from when its chain or its range in the root did not hold
   */
  openTimestamp(
    response: Uint8Array,
    signature: Uint8Array,
    authorities: readonly TrustedAuthority[],
  ): Promise<OpenedTimestamp | null>

  /**
   * The certificate (DER) leads to an authority of the root, chain and range valid at each of the times, of which there
   * is at least one; and each of its SCTs, of which there is at least one, is by a certificate log of the root. Returns
   * those logs' IDs. Identity and purpose are for the caller to check.
   * @throws TlogError CERTIFICATE_UNTRUSTED
   */
  verifyCertificate(leaf: Uint8Array, times: readonly UnixMillis[], root: TrustedRoot): Promise<readonly Uint8Array[]>
}

/**
 * A certificate leads to one of the roots, through any of `others`, each valid at `time`. No SCT is asked for. Identity and
 * purpose are for the caller to check.
 * @returns that root
 * @throws TlogError CERTIFICATE_UNTRUSTED, or the code of what could not be parsed
 */
export type VerifyPath = (path: CertificatePath, time: UnixMillis) => Promise<Uint8Array>

/** DER. */
export interface CertificatePath {
  readonly leaf: Uint8Array
  /** Which came along, and are believed by what signed them alone. */
  readonly others: readonly Uint8Array[]
  /** Of the caller's. */
  readonly roots: readonly Uint8Array[]
}

/** What can be checked here. Null: it cannot, and what depends on it ends in CHECK_UNAVAILABLE, not in a yes. */
export interface Abilities {
  readonly certificates: CertificateChecks | null
  readonly mlDsa44: VerifyMlDsa44 | null
}
