/** trusted_root.json: the log keys a Sigstore client trusts (sigstore/protobuf-specs sigstore_trustroot.proto). */

import { base64, concat, parseHex } from '../../kernel/bytes.ts'
import { logId, type Vkey } from '../c2sp/vkey.ts'
import type { KeyDetails } from './key-details.ts'

export interface TrustedLog {
  readonly baseUrl: string
  readonly publicKeySpki: Uint8Array
  readonly keyDetails: KeyDetails
  /** 32 bytes: for v1 the hash of the SPKI, for v2 `logId` of origin and key. */
  readonly logId: Uint8Array
  /** RFC 3339, not after the log's first entry; without it sigstore-go ignores the log. */
  readonly start: string
}

const ED25519_SPKI_PREFIX = parseHex('302a300506032b6570032100') // RFC 8410 §4: everything before the 32 bytes

/** A v2 log by its Ed25519 verifier key, which holds its origin. */
export function trustedV2Log(baseUrl: string, vkey: Vkey, start: string): TrustedLog {
  return {
    baseUrl,
    publicKeySpki: concat(ED25519_SPKI_PREFIX, vkey.publicKey),
    keyDetails: 'PKIX_ED25519',
    logId: logId(vkey.name, vkey.publicKey),
    start,
  }
}

/**
 * The file for a client that needs no certificate authority: key-based verification.
 * The older media type, the only one sigstore-go and sigstore-python take; no checkpointKeyId, which sigstore-js would
 * look up by all 32 bytes.
 */
export function formatTrustedRoot(logs: readonly TrustedLog[]): string {
  const tlogs = logs.map((log) => ({
    baseUrl: log.baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: base64(log.publicKeySpki), keyDetails: log.keyDetails, validFor: { start: log.start } },
    logId: { keyId: base64(log.logId) },
  }))
  const file = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs,
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities: [],
  }
  return `${JSON.stringify(file, null, 2)}\n`
}
