/** What OpenSSL calls the digests. */

import type { DigestName } from '../algorithms.ts'

export const HASH_NAMES = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' } as const satisfies Record<
  DigestName,
  string
>
