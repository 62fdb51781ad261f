/** Bearer tokens (RFC 6750) for whatever writes. Reads are open to everybody. */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Token } from '../formats/token-file.ts'
import { TlogError } from '../kernel/error.ts'
import type { Log } from '../log/log.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of a route that writes: which log a request means. Without it, a token for some logs alone is not enough. */
    writesTo?: (request: FastifyRequest) => Log
    /** Of a route that writes to whichever logs it finds: it goes by the scope of the request. */
    goesByScope?: boolean
    /** Of a route whose method writes elsewhere, but here only asks. */
    onlyReads?: boolean
  }
  interface FastifyRequest {
    /** The slugs of the logs that its token is good for; null or absent: all of them. */
    scope?: readonly string[] | null
  }
}

/** The tokens that are good now; another list may take its place while the server runs. */
export interface Writers {
  tokens: readonly Token[]
}

export interface AuthParts {
  readonly writers: Writers
  /** Hears whose token was good, by its name. */
  readonly onWriter: (name: string) => void
}

const READING = ['GET', 'HEAD', 'OPTIONS']
/** A scheme is in any case, a token is a b64token (RFC 6750 §2.1), far shorter than this. */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]{1,512}=*)$/i

/** Every request that is not plainly a read needs a token, before its body is read: a route that nobody thought of too. */
export function requireToken(app: FastifyInstance, { writers, onWriter }: AuthParts): void {
  app.addHook('onRequest', async (request, reply) => {
    const { url, config } = request.routeOptions
    if (url === undefined || READING.includes(request.method) || config.onlyReads === true) return
    const token = authenticate(request.raw, reply, writers.tokens)
    request.scope = token.logs
    if (config.goesByScope !== true) checkScope(token, request)
    request.log = request.log.child({ token: token.name })
    onWriter(token.name)
  })
}

function authenticate(request: IncomingMessage, reply: FastifyReply, tokens: readonly Token[]): Token {
  const count = request.rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'authorization').length
  const sent = BEARER.exec(request.headers.authorization ?? '')?.[1]
  const token = count === 1 && sent !== undefined ? find(tokens, sent) : undefined
  if (token !== undefined) return token
  // RFC 6750 §3: an error is named only to who sent a token.
  reply.header('www-authenticate', `Bearer realm="colophon"${count === 0 ? '' : ', error="invalid_token"'}`)
  throw new TlogError(
    'TOKEN_REQUIRED',
    count === 0
      ? 'writing here needs a token: send Authorization: Bearer TOKEN'
      : 'the Authorization header is not one Bearer token that is good here',
  )
}

/** Compares with every token, each in constant time: how long it takes says nothing of any hash. */
function find(tokens: readonly Token[], sent: string): Token | undefined {
  const digest = createHash('sha256').update(sent).digest()
  return tokens.filter(({ sha256 }) => timingSafeEqual(sha256, digest))[0]
}

function checkScope(token: Token, request: FastifyRequest): void {
  if (token.logs === null) return
  const log = request.routeOptions.config.writesTo?.(request).identity.slug
  if (log === undefined || !token.logs.includes(log))
    throw new TlogError('TOKEN_OUT_OF_SCOPE', `the token ${token.name} may write to ${token.logs.join(', ')} alone`)
}
