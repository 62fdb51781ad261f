/** The HTTP server: every limit set, everything lax turned off. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify'
import { TlogError } from '../kernel/error.ts'
import type { Clock } from '../log/ports.ts'
import { api } from './api/api.ts'
import { collectRoutes } from './api/openapi.ts'
import { attachments } from './attachments.ts'
import { requireToken, type Writers } from './auth.ts'
import { type BodyReading, isWelcome, readBodies } from './body.ts'
import { type Dress, sendClientError, sendError } from './errors.ts'
import { health, measurements } from './health.ts'
import type { Logs } from './logs.ts'
import type { Metrics } from './metrics.ts'
import { checkForwarded, type TrustsPeer } from './proxies.ts'
import { reads } from './reads.ts'
import { rekorV1 } from './rekor-v1/api.ts'
import type { EntriesOptions as RekorV1Options } from './rekor-v1/entries.ts'
import { REKOR_V1_DRESS } from './rekor-v1/errors.ts'
import { REKOR_V2, type RekorV2Options, rekorV2 } from './rekor-v2.ts'
import { measureAnswers } from './request-seconds.ts'
import { trust } from './trust.ts'
import { Unread } from './unread.ts'

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
}

export type Limits = Readonly<typeof LIMITS>

/** What each listener of ours has. */
export interface AppParts extends BaseParts {
  readonly logs: Logs
  readonly metrics: Metrics
}

/** What any program of ours needs for a listener. */
export interface BaseParts {
  readonly logger: FastifyBaseLogger
  readonly after: Clock['after']
  /** Where they differ from LIMITS. */
  readonly limits?: Partial<Limits>
}

export interface ServerParts extends AppParts {
  readonly rekorV2: RekorV2Options
  readonly rekorV1: RekorV1Options
  /** By path below /trust/; asked anew for every request. */
  readonly trust: () => ReadonlyMap<string, Uint8Array>
  /** Absent: everybody may write. */
  readonly writers?: Writers | null
  /** Absent: nobody is believed to speak for another. */
  readonly trustedProxies?: TrustsPeer | null
  /** Whether /metrics has a listener of its own. */
  readonly metricsElsewhere?: boolean
}

/** What clients reach. */
export function createServer(parts: ServerParts): FastifyInstance {
  const { logs, metrics, writers = null, trustedProxies = null } = parts
  const app = createLogApp(parts, trustedProxies)
  const document = collectRoutes(app)
  if (writers !== null) requireToken(app, { writers, onWriter: metrics.wrote })
  app.register(rekorV2(logs, parts.rekorV2))
  const unread = new Unread(parts.after)
  app.register(rekorV1(logs, { ...parts.rekorV1, unread }))
  const byHost = (request: FastifyRequest) => logs.forHost(request.host, REKOR_V2)
  for (const prefix of ['', '/api/v2']) app.register(reads(prefix, byHost, unread))
  app.register(reads('/logs/:log', (request) => logs.named((request.params as { log: string }).log), unread))
  app.register(api(logs, document))
  const bodies = { limits: { ...LIMITS, ...parts.limits }, after: parts.after }
  app.register(attachments(logs, { bodies, attachmentLimit: parts.rekorV2.attachmentLimit }))
  app.register(trust(parts.trust))
  app.register(health(logs))
  if (parts.metricsElsewhere !== true) app.register(measurements(logs, metrics))
  return app
}

/** What the operator's tools alone reach. */
export function createMetricsServer(parts: AppParts): FastifyInstance {
  const app = createLogApp(parts, null)
  app.register(health(parts.logs))
  app.register(measurements(parts.logs, parts.metrics))
  return app
}

function createLogApp(parts: AppParts, trustedProxies: TrustsPeer | null): FastifyInstance {
  const app = createApp(parts, { type: 'application/json', dressOf, trustedProxies })
  measureAnswers(app, parts.metrics.answered)
  return app
}

export interface AppManners {
  readonly type: BodyReading['type']
  /** How a client is told of errors outside of any route. */
  readonly dressOf: (request: FastifyRequest) => Dress | undefined
  readonly trustedProxies: TrustsPeer | null
}

/** A listener with every limit set and no route. */
export function createApp(parts: BaseParts, { type, dressOf, trustedProxies }: AppManners): FastifyInstance {
  const limits = { ...LIMITS, ...parts.limits }
  const app = Fastify({
    ...strict(limits),
    loggerInstance: parts.logger,
    logController: new LogController({ disableRequestLogging: true }),
    clientErrorHandler: sendClientError,
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
    trustProxy: trustedProxies ?? false,
  })
  app.server.maxConnections = limits.connections
  app.addHook('onRequest', async ({ raw }) => {
    checkHost(raw)
    checkSpelling(raw)
    if (trustedProxies !== null) checkForwarded(raw, trustedProxies)
  })
  readBodies(app, { limits, after: parts.after, type })
  continueOnlyIfWelcome(app, limits)
  closeConnections(app)
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply))
  app.setNotFoundHandler((request, reply) =>
    sendError(new TlogError('NOT_FOUND', 'there is nothing at this path'), request, reply, dressOf(request)),
  )
  return app
}

/** Clients keep their connections, and the next request on one would hold up the end: once that has begun, each answer is the last. */
function closeConnections(app: FastifyInstance): void {
  let isClosing = false
  app.addHook('preClose', async () => {
    isClosing = true
  })
  app.addHook('onSend', async (_, reply) => {
    if (isClosing) reply.header('connection', 'close')
  })
}

/** Rekor v1's clients hear of paths that it once had in words that they know. */
function dressOf({ url }: FastifyRequest): Dress | undefined {
  return url.startsWith('/api/v1/') ? REKOR_V1_DRESS : undefined
}

/** Fastify and Node are lax and patient by default. */
function strict(limits: Limits) {
  return {
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.socketIdleMs,
    keepAliveTimeout: limits.keepAliveMs,
    http: {
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: limits.checkMs,
      maxHeaderSize: limits.headerBytes,
      requireHostHeader: false, // checkHost does, with an answer that has a body
    },
    forceCloseConnections: 'idle' as const,
    return503OnClosing: false, // the log itself refuses new entries; reads go on to the end
    routerOptions: {
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
      maxParamLength: 512,
    },
  }
}

/** Which log a path means depends on it: a second one would let a proxy and us disagree (RFC 9112 §3.2). */
function checkHost(request: IncomingMessage): void {
  const count = request.rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'host').length
  if (count > 1 || (count === 0 && request.httpVersion !== '1.0'))
    throw new TlogError('REQUEST_MALFORMED', `a request has one Host header, not ${count}`)
}

/**
 * No path here needs a percent sign, no client sends one, and each would be a second spelling of what a proxy may guard or
 * a cache may hold under the first.
 */
function checkSpelling({ url = '', headers }: IncomingMessage): void {
  const [path = ''] = url.split('?', 1)
  if (path.includes('%')) throw new TlogError('FIELD_INVALID', 'the path: percent signs are not taken')
  const expect = headers.expect ?? CONTINUE
  if (expect.toLowerCase() !== CONTINUE)
    throw new TlogError(
      'REQUEST_MALFORMED',
      `100-continue is all that can be expected here, not ${expect.slice(0, 32)}`,
    )
}

const CONTINUE = '100-continue'

/** Asked before the body is sent, Node would say yes to any (RFC 9110 §10.1.1). */
function continueOnlyIfWelcome(app: FastifyInstance, limits: Limits): void {
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (isWelcome(request.headers['content-length'], limits)) response.writeContinue()
    app.server.emit('request', request, response)
  })
  // Node's own 417 would have no body; checkSpelling refuses it.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
}
