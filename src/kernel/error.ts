/** The one error that crosses a floor. Any other exception is a bug. Every code stands in docs/errors.md. */

/** Stable codes: never renamed, never reused. */
export const ERROR_CODES = [
  // bytes and text
  'HEX_MALFORMED',
  'BASE64_MALFORMED',
  'UTF8_MALFORMED',
  'DECIMAL_MALFORMED',
  // tree
  'HASH_MALFORMED',
  'SIZE_OUT_OF_RANGE',
  'INDEX_OUT_OF_RANGE',
  'TIME_OUT_OF_RANGE',
  'RANGE_INVALID',
  'PROOF_INVALID',
  'TILE_PATH_MALFORMED',
  'TILE_MALFORMED',
  // formats
  'NOTE_MALFORMED',
  'VKEY_MALFORMED',
  'WITNESS_REFUSED',
  'CHECKPOINT_MALFORMED',
  'BUNDLE_MALFORMED',
  'POLICY_MALFORMED',
  'LOG_LIST_MALFORMED',
  'EVIDENCE_MALFORMED',
  'PROOF_MALFORMED',
  'ENTRY_TOO_LARGE',
  'JSON_MALFORMED',
  'JSON_DUPLICATE_KEY',
  'JSON_TOO_DEEP',
  'JSON_TOO_LARGE',
  'JSON_NUMBER_UNSAFE',
  'FIELD_UNKNOWN',
  'FIELD_MISSING',
  'FIELD_INVALID',
  'DER_MALFORMED',
  'KEY_MALFORMED',
  'CERTIFICATE_MALFORMED',
  'ENTRY_MALFORMED',
  'ENVELOPE_MALFORMED',
  'MODEL_MALFORMED',
  // crypto
  'ALGORITHM_NOT_ALLOWED',
  'KEY_NOT_ALLOWED',
  'DIGEST_LENGTH_INVALID',
  'SIGNATURE_INVALID',
  'SIGNATURE_UNKNOWN_KEY',
  // verification
  'ARTIFACT_MISMATCH',
  'SIGNER_MISMATCH',
  'CERTIFICATE_UNTRUSTED',
  'TIMESTAMP_INVALID',
  'TIME_MISSING',
  'TIME_OUTSIDE',
  'LOG_NOT_TRUSTED',
  'ENTRY_MISMATCH',
  'PROMISE_INVALID',
  'CHECKPOINT_UNTRUSTED',
  'QUORUM_MISSED',
  'TREE_SHRUNK',
  'CHECKPOINT_STALE',
  'CONTENT_WITHHELD',
  'CHECK_UNAVAILABLE',
  'MODEL_REFUSED',
  'MODEL_SHADOWED',
  'FUSE_MISMATCH',
  'SLOT_MALFORMED',
  'SLOT_REFUSED',
  'EVIDENCE_REFUSED',
  // the log
  'ENTRY_EXISTS',
  'LOG_BUSY',
  'LOG_CLOSED',
  'LOG_FROZEN',
  'LOG_FAILED',
  'HEAD_MOVED',
  'LEASE_LOST',
  'NODE_FOLLOWS',
  'RATCHET_REFUSED',
  // storage and start
  'STORE_FULL',
  'STORE_UNAVAILABLE',
  'STORE_REPLACED',
  'STORE_CORRUPT',
  'STORE_LOCKED',
  'STORE_SCHEMA',
  'STORE_MISSING',
  'STORE_MOVED',
  'COPY_REFUSED',
  'LOG_EXISTS',
  'LOG_UNKNOWN',
  'IDENTITY_CHANGED',
  'KEY_FILE_REFUSED',
  'CONFIG_INVALID',
  // signing
  'SERVICE_REFUSED',
  'SERVICE_UNREACHABLE',
  // HTTP
  'TOKEN_REQUIRED',
  'TOKEN_OUT_OF_SCOPE',
  'NOT_FOUND',
  'ATTACHMENT_WITHDRAWN',
  'METHOD_NOT_ALLOWED',
  'BODY_TOO_LARGE',
  'BODY_TYPE',
  'REQUEST_MALFORMED',
  'REQUEST_TIMEOUT',
  'HEADER_TOO_LARGE',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

export class TlogError extends Error {
  override readonly name = 'TlogError'
  readonly code: ErrorCode
  /** What a program wants to know besides; null: nothing. */
  readonly metadata: Readonly<Record<string, string>> | null
  constructor(code: ErrorCode, message: string, options?: TlogErrorOptions) {
    super(message, options)
    this.code = code
    this.metadata = options?.metadata ?? null
  }
}

export interface TlogErrorOptions extends ErrorOptions {
  readonly metadata?: Readonly<Record<string, string>>
}
