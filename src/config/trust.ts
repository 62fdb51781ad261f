/** What the configuration says of other services that clients of this server trust. */

import type { UnixMillis } from '../kernel/brand.ts'

/** A certificate authority or a timestamp authority. */
export interface AuthorityConfig {
  readonly url: string
  /** PEM certificates, the leaf-most first, the root last. */
  readonly chainPem: string
  /** The name under which it stands in trust files; null: the certificate's own. */
  readonly organization: string | null
  /** null: from the certificate's start, or without an end. */
  readonly validFrom: UnixMillis | null
  readonly validUntil: UnixMillis | null
}

/** A certificate transparency log (RFC 6962). */
export interface CtLogConfig {
  readonly url: string
  /** SPKI in PEM. */
  readonly publicKeyPem: string
  /** null: without a beginning, or without an end. */
  readonly validFrom: UnixMillis | null
  readonly validUntil: UnixMillis | null
}

/** Files were read at start; nothing is fetched from a URL. */
export interface TrustConfig {
  readonly operator: string | null
  readonly certificateAuthorities: readonly AuthorityConfig[]
  readonly timestampAuthorities: readonly AuthorityConfig[]
  readonly ctLogs: readonly CtLogConfig[]
  readonly oidcIssuers: readonly string[]
}
