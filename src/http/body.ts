/** Bodies are held in memory: each of them, and all of them together, may take so much and no more. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TlogError } from '../kernel/error.ts'
import type { Clock } from '../log/ports.ts'

/** In bytes. */
export interface BodyLimits {
  readonly bodyBytes: number
  /** Of all open requests. What was received counts, not what was announced: a slow sender holds little. */
  readonly bodiesBytes: number
}

/** Most bodies fit into this at once; less is taken when less was announced. */
const FIRST_BYTES = 16 * 1024
/** Four times what 4 MiB come in over a network; each costs microseconds, were it a byte. */
const MAX_PIECES = 16_384
/** For the answer to a refused body to be read; what comes meanwhile is dropped. */
const LINGER_MS = 500

/** How bodies are taken. */
export interface BodyReading {
  readonly limits: BodyLimits
  readonly after: Clock['after']
  /** The one media type that is taken; `*`: any, and none. */
  readonly type: 'application/json' | 'application/octet-stream' | '*'
}

/** A body as the bytes that were sent: of two equal keys, Fastify's own JSON parser keeps the last. */
export function readBodies(app: FastifyInstance, { limits, after, type }: BodyReading): void {
  const budget = { held: 0, limit: limits.bodiesBytes }
  const open = new WeakMap<FastifyRequest, { readonly body: Body; readonly reply: FastifyReply }>()
  app.addHook('onRequest', async (request, reply) => {
    const body = new Body(limits.bodyBytes, budget, Number(request.headers['content-length'] ?? FIRST_BYTES))
    open.set(request, { body, reply })
    reply.raw.once('close', () => body.release())
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(type, (request, payload, done) => {
    const { body, reply } = open.get(request) as { body: Body; reply: FastifyReply }
    const stop = (error: Error | null) => {
      payload.off('data', add).off('end', end).off('error', cutOff)
      if (error === null) return done(null, body.bytes())
      // Closed with a body still under way, the reset could overtake the answer.
      reply.raw.once('finish', () => after(LINGER_MS, () => request.raw.socket.destroy()))
      done(error)
    }
    const add = (chunk: Uint8Array) => attempt(() => body.add(chunk), stop)
    const end = () => stop(null)
    const cutOff = (cause: Error) => stop(new TlogError('REQUEST_MALFORMED', 'the request was cut off', { cause }))
    attempt(() => {
      checkHeaders(request, limits.bodyBytes)
      payload.on('data', add).on('end', end).on('error', cutOff)
    }, stop)
  })
}

/** Whether a body of the length that the request announces would be read. */
export function isWelcome(length: string | undefined, limits: BodyLimits): boolean {
  return length === undefined || Number(length) <= limits.bodyBytes
}

function checkHeaders({ headers }: FastifyRequest, limit: number): void {
  const coding = headers['content-encoding'] ?? 'identity'
  if (coding !== 'identity')
    throw new TlogError('BODY_TYPE', `send the body without content-encoding, not as ${String(coding).slice(0, 32)}`)
  const transfer = headers['transfer-encoding'] ?? 'chunked'
  if (transfer.toLowerCase() !== 'chunked')
    throw new TlogError('BODY_TYPE', `chunked is the only transfer-encoding taken, not ${transfer.slice(0, 32)}`)
  if (Number(headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
}

/** One buffer that grows: a list of the pieces, sent a byte each, would weigh a hundred times what they hold. */
class Body {
  readonly #limit: number
  readonly #budget: { held: number; readonly limit: number }
  readonly #first: number
  #buffer = new Uint8Array()
  #length = 0
  #pieces = 0

  constructor(limit: number, budget: { held: number; readonly limit: number }, announced: number) {
    this.#limit = limit
    this.#budget = budget
    this.#first = Math.min(announced, FIRST_BYTES)
  }

  /** @throws TlogError BODY_TOO_LARGE, LOG_BUSY, REQUEST_MALFORMED when it comes crumb by crumb. */
  add(chunk: Uint8Array): void {
    if (++this.#pieces > MAX_PIECES)
      throw new TlogError('REQUEST_MALFORMED', `the body comes in over ${MAX_PIECES} pieces`)
    const length = this.#length + chunk.length
    if (length > this.#limit) throw tooLarge(this.#limit)
    if (length > this.#buffer.length) this.#grow(length)
    this.#buffer.set(chunk, this.#length)
    this.#length = length
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  release(): void {
    this.#budget.held -= this.#buffer.length
    this.#buffer = new Uint8Array()
  }

  #grow(length: number): void {
    const room = Math.min(this.#limit, Math.max(this.#first, length, 4 * this.#buffer.length))
    const more = room - this.#buffer.length
    if (this.#budget.held + more > this.#budget.limit)
      throw new TlogError('LOG_BUSY', 'too many requests are being received; try again shortly')
    this.#budget.held += more
    const buffer = new Uint8Array(room)
    buffer.set(this.bytes())
    this.#buffer = buffer
  }
}

/** In the words of Rekor v1, whose clients know them. */
function tooLarge(limit: number): TlogError {
  return new TlogError('BODY_TOO_LARGE', `Request Entity Too Large. Limit set to ${limit}`)
}

function attempt(action: () => void, failed: (error: Error) => void): void {
  try {
    action()
  } catch (error) {
    failed(error as Error)
  }
}
