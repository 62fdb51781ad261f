/** Errors as answers: one status for each code, and the body of gRPC-gateway that Rekor v2 clients know. */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, TlogError } from '../kernel/error.ts'

/** Exhaustive: a new code does not compile until someone decides. 500 means that we, not the caller, are at fault. */
export const STATUS = {
  HEX_MALFORMED: 400,
  BASE64_MALFORMED: 400,
  UTF8_MALFORMED: 400,
  DECIMAL_MALFORMED: 400,
  HASH_MALFORMED: 400,
  SIZE_OUT_OF_RANGE: 400,
  INDEX_OUT_OF_RANGE: 400,
  TIME_OUT_OF_RANGE: 500,
  RANGE_INVALID: 400,
  PROOF_INVALID: 500,
  TILE_PATH_MALFORMED: 400,
  TILE_MALFORMED: 500,
  NOTE_MALFORMED: 500,
  VKEY_MALFORMED: 500,
  CHECKPOINT_MALFORMED: 500,
  BUNDLE_MALFORMED: 500,
  POLICY_MALFORMED: 500,
  LOG_LIST_MALFORMED: 500,
  EVIDENCE_MALFORMED: 500,
  PROOF_MALFORMED: 500,
  ENVELOPE_MALFORMED: 400,
  MODEL_MALFORMED: 500,
  ENTRY_TOO_LARGE: 413,
  JSON_MALFORMED: 400,
  JSON_DUPLICATE_KEY: 400,
  JSON_TOO_DEEP: 400,
  JSON_TOO_LARGE: 400,
  JSON_NUMBER_UNSAFE: 400,
  FIELD_UNKNOWN: 400,
  FIELD_MISSING: 400,
  FIELD_INVALID: 400,
  DER_MALFORMED: 400,
  KEY_MALFORMED: 400,
  CERTIFICATE_MALFORMED: 400,
  ENTRY_MALFORMED: 400,
  ALGORITHM_NOT_ALLOWED: 400,
  KEY_NOT_ALLOWED: 400,
  DIGEST_LENGTH_INVALID: 400,
  SIGNATURE_INVALID: 400,
  SIGNATURE_UNKNOWN_KEY: 500,
  ARTIFACT_MISMATCH: 500,
  SIGNER_MISMATCH: 500,
  CERTIFICATE_UNTRUSTED: 500,
  TIMESTAMP_INVALID: 500,
  TIME_MISSING: 500,
  TIME_OUTSIDE: 500,
  LOG_NOT_TRUSTED: 500,
  ENTRY_MISMATCH: 500,
  PROMISE_INVALID: 500,
  CHECKPOINT_UNTRUSTED: 500,
  QUORUM_MISSED: 500,
  WITNESS_REFUSED: 500,
  TREE_SHRUNK: 500,
  CHECKPOINT_STALE: 500,
  CONTENT_WITHHELD: 500,
  CHECK_UNAVAILABLE: 500,
  MODEL_REFUSED: 500,
  MODEL_SHADOWED: 500,
  FUSE_MISMATCH: 500,
  SLOT_MALFORMED: 500,
  SLOT_REFUSED: 500,
  EVIDENCE_REFUSED: 500,
  ENTRY_EXISTS: 409,
  LOG_BUSY: 503,
  LOG_CLOSED: 503,
  LOG_FROZEN: 410,
  LOG_FAILED: 500,
  HEAD_MOVED: 500,
  LEASE_LOST: 500,
  NODE_FOLLOWS: 503,
  RATCHET_REFUSED: 500,
  STORE_FULL: 503,
  STORE_UNAVAILABLE: 503,
  STORE_REPLACED: 500,
  STORE_CORRUPT: 500,
  STORE_LOCKED: 500,
  STORE_SCHEMA: 500,
  STORE_MISSING: 500,
  STORE_MOVED: 500,
  COPY_REFUSED: 500,
  LOG_EXISTS: 500,
  LOG_UNKNOWN: 404,
  IDENTITY_CHANGED: 500,
  KEY_FILE_REFUSED: 500,
  CONFIG_INVALID: 500,
  SERVICE_REFUSED: 500,
  SERVICE_UNREACHABLE: 500,
  TOKEN_REQUIRED: 401,
  TOKEN_OUT_OF_SCOPE: 403,
  NOT_FOUND: 404,
  ATTACHMENT_WITHDRAWN: 410,
  METHOD_NOT_ALLOWED: 405,
  BODY_TOO_LARGE: 413,
  BODY_TYPE: 415,
  REQUEST_MALFORMED: 400,
  REQUEST_TIMEOUT: 408,
  HEADER_TOO_LARGE: 431,
} as const satisfies Record<ErrorCode, number>

/** google.rpc.Code by HTTP status, as gRPC-gateway pairs them. */
const GRPC: Readonly<Record<number, number>> = { 401: 16, 403: 7, 404: 5, 405: 12, 408: 4, 409: 6, 500: 13, 503: 14 }
const INVALID_ARGUMENT = 3

/** Seconds; a full pool drains well within this. */
const RETRY_AFTER = '1'

/** Of a framework's message, which may quote the caller's path. */
const SHOWN = 120

/** What an error looks like to the clients of one API. */
export interface Dress {
  status(error: TlogError, request: FastifyRequest): number
  /** `error` is null where it is our fault. */
  body(status: number, error: TlogError | null): string
  /** Of the body; absent: JSON. */
  readonly type?: string
}

const GATEWAY: Dress = { status: ({ code }) => STATUS[code], body: errorBody }

/** Replies with the error. What is our fault is logged whole and answered without a text. */
export function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  dress: Dress = GATEWAY,
): FastifyReply {
  const known = error instanceof TlogError ? error : fromFramework(error)
  const status = known === null ? 500 : dress.status(known, request)
  if (status === 500) request.log.error({ err: error }, 'request failed')
  if (status === 503 || status === 429) reply.header('retry-after', RETRY_AFTER)
  // Fastify closes at once on a body that was not read to its end; we do so a little later.
  reply.removeHeader('connection')
  const body = dress.body(status, status === 500 ? null : known)
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type(dress.type ?? 'application/json')
    .send(body)
}

/** What is not HTTP, or comes too slowly, never becomes a request, or never a whole one: there is the socket alone. */
export function sendClientError(cause: NodeJS.ErrnoException, socket: Socket): void {
  const error = fromParser(cause.code)
  const status = STATUS[error.code]
  const body = errorBody(status, error)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'connection: close',
    'cache-control: no-store',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroy()
}

function errorBody(status: number, error: TlogError | null): string {
  const message = error === null ? 'internal error' : error.message
  return JSON.stringify({ code: GRPC[status] ?? INVALID_ARGUMENT, message, details: details(error) })
}

/** The stable code in the standard place for one: google.rpc.ErrorInfo. */
function details(error: TlogError | null): object[] {
  if (error === null) return []
  const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: error.code, domain: 'colophon' }
  return [error.metadata === null ? info : { ...info, metadata: error.metadata }]
}

function fromFramework(error: unknown): TlogError | null {
  const { code, statusCode, message } = error as Partial<FastifyError>
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new TlogError(
      'BODY_TYPE',
      'send the body as application/json; content to be attached, as application/octet-stream',
    )
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new TlogError('REQUEST_MALFORMED', message?.slice(0, SHOWN) ?? 'malformed request')
  return null
}

function fromParser(code: string | undefined): TlogError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new TlogError('REQUEST_TIMEOUT', 'the request did not arrive in the time there is for it')
  if (code === 'HPE_HEADER_OVERFLOW') return new TlogError('HEADER_TOO_LARGE', 'path and headers are over the limit')
  return new TlogError('REQUEST_MALFORMED', 'not a well-formed HTTP/1.1 request')
}
