/** The HTTP server: every limit set, everything lax turned off. */

import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { TlogError } from '../kernel/error.ts'
import { limitBodies } from './body-budget.ts'
import { sendError } from './errors.ts'
import type { Logs } from './logs.ts'
import type { Metrics } from './metrics.ts'
import { type OperationsOptions, operations } from './operations.ts'
import { reads } from './reads.ts'
import { REKOR_V2, type RekorV2Options, rekorV2 } from './rekor-v2.ts'

/** Times in milliseconds, sizes in bytes. */
export const LIMITS = {
  bodyBytes: 4 * 2 ** 20,
  /** Of all bodies being received at once. */
  bodiesBytes: 64 * 2 ** 20,
  headerBytes: 16 * 1024,
  connections: 4096,
  /** From the first byte of a request to its last: one byte a second gets no further than this. */
  requestMs: 10_000,
  headersMs: 5000,
  /** A socket on which nothing moves, a slow reader's too. Above the longest wait for a receipt. */
  socketIdleMs: 15_000,
  keepAliveMs: 60_000,
  /** How often the times above are looked at. */
  checkMs: 1000,
} as const

export interface ServerParts {
  readonly logs: Logs
  readonly metrics: Metrics
  readonly logger: FastifyBaseLogger
  readonly rekorV2: RekorV2Options
  readonly operations: OperationsOptions
}

export function createServer(parts: ServerParts): FastifyInstance {
  const { logs, metrics } = parts
  const app = Fastify({
    loggerInstance: parts.logger,
    disableRequestLogging: true,
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: LIMITS.requestMs,
    connectionTimeout: LIMITS.socketIdleMs,
    keepAliveTimeout: LIMITS.keepAliveMs,
    http: {
      headersTimeout: LIMITS.headersMs,
      connectionsCheckingInterval: LIMITS.checkMs,
      maxHeaderSize: LIMITS.headerBytes,
      requireHostHeader: true,
    },
    forceCloseConnections: 'idle',
    return503OnClosing: false, // the log itself refuses new entries; reads go on to the end
    routerOptions: {
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
      maxParamLength: 512,
    },
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
  })
  app.server.maxConnections = LIMITS.connections
  limitBodies(app, LIMITS.bodiesBytes, LIMITS.bodyBytes)
  readJsonAsBytes(app)
  app.setErrorHandler(sendError)
  app.setNotFoundHandler((request, reply) =>
    sendError(new TlogError('NOT_FOUND', 'there is nothing at this path'), request, reply),
  )
  app.addHook('onResponse', async (request, reply) =>
    metrics.answered(request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1000),
  )
  app.register(rekorV2(logs, parts.rekorV2))
  for (const prefix of ['', '/api/v2']) app.register(reads(prefix, (request) => logs.forHost(request.host, REKOR_V2)))
  app.register(reads('/logs/:log', (request) => logs.named((request.params as { log: string }).log)))
  app.register(operations(logs, metrics, parts.operations))
  return app
}

/** Fastify's own JSON parser keeps the last of two equal keys; ours wants the bytes. No other type is taken. */
function readJsonAsBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const encoding = request.headers['content-encoding']
    if (encoding === undefined || encoding === 'identity') done(null, body)
    else
      done(
        new TlogError('BODY_TYPE', `send the body without content-encoding, not as ${String(encoding).slice(0, 32)}`),
      )
  })
}
