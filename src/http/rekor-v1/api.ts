/** The whole of Rekor v1's API, for the logs that speak it. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { GET_VERSION, PING, VERSION } from '../api/describe/rekor-v1.ts'
import { sendError } from '../errors.ts'
import type { Logs } from '../logs.ts'
import { onlyMethods } from '../methods.ts'
import { ENTRIES, type EntriesOptions, entries, type Reading } from './entries.ts'
import { REKOR_V1_DRESS } from './errors.ts'
import { logRoutes } from './log.ts'
import { retrieve } from './retrieve.ts'
import { search } from './search.ts'
import { Trees } from './trees.ts'

export function rekorV1(logs: Logs, options: EntriesOptions & Reading) {
  const trees = new Trees(logs)
  return async (app: FastifyInstance): Promise<void> => {
    app.setErrorHandler((error, request, reply) => sendError(error, request, reply, REKOR_V1_DRESS))
    // Answers are of this moment, and any page may read them.
    app.addHook('onRequest', async (request, reply) => {
      reply.header('access-control-allow-origin', '*').header('cache-control', 'no-cache')
      if (isPreflight(request)) return await answerPreflight(request, reply)
    })
    app.addHook('preHandler', async ({ method, routeOptions }) => {
      if (method !== 'POST' || routeOptions.config.onlyReads === true) await logs.catchUp()
    })
    for (const routes of [entries(trees, options), retrieve(trees, options), logRoutes(trees), search(trees)])
      await routes(app)
    withoutSecondSlash(app)
    onlyMethods(app, '/api/v1/version', 'GET')
    app.get('/api/v1/version', { config: { openapi: GET_VERSION } }, async () => VERSION)
    onlyMethods(app, '/ping', 'GET')
    app.get('/ping', { config: { openapi: PING } }, async (_, reply) => reply.type('text/plain').send('.'))
  }
}

/**
 * Clients that put a path behind a URL with a slash at its end ask like this, and Rekor answers. They are sent to the one
 * spelling, which is what a proxy may guard.
 */
function withoutSecondSlash(app: FastifyInstance): void {
  for (const method of ['GET', 'POST'])
    app.route({
      method,
      url: '//api/v1/*',
      config: { onlyReads: true, openapi: 'none' },
      handler: async (request, reply) => reply.redirect(request.url.slice(1), 308),
    })
}

/** What a browser asks before a page of another origin may send JSON (fetch.spec.whatwg.org, CORS protocol). */
function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}

/** Pages may ask whatever they like, and not write: else any page could, from the browser of someone who is let in here. */
function answerPreflight(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const methods = request.routeOptions.url === ENTRIES ? 'GET, HEAD' : 'GET, HEAD, POST'
  return reply
    .header('access-control-allow-methods', methods)
    .header('access-control-allow-headers', 'accept, content-type, x-requested-with')
    .header('access-control-max-age', '600')
    .code(204)
    .send()
}
