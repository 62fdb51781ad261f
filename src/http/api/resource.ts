/** One resource of the small API: a path, what it takes, how it is kept by caches. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { onlyMethods } from '../methods.ts'
import type { Description } from './openapi.ts'
import { type Declared, type Query, readQuery } from './parameters.ts'

export interface Answer {
  readonly type: string
  readonly body: string | Buffer
  /** The same for every time and reader. */
  readonly fixed: boolean
}

export const IMMUTABLE = 'public, max-age=31536000, immutable'

export function json(body: object, { fixed } = { fixed: false }): Answer {
  return { type: 'application/json', body: JSON.stringify(body), fixed }
}

/** GET and HEAD; other methods get 405, but for those of `others`, which have a route of their own. Open to any page: nothing here is secret, and an auditor may be a page. */
export function resource<Q extends Declared>(
  app: FastifyInstance,
  url: string,
  openapi: Description & { readonly query?: Q },
  answer: (request: FastifyRequest, query: Query<Q>) => Promise<Answer>,
  ...others: readonly 'PUT'[]
): void {
  onlyMethods(app, url, 'GET', ...others)
  app.get(url, { config: { openapi } }, async (request, reply) => {
    reply.header('access-control-allow-origin', '*')
    const query = readQuery(request, openapi.query ?? ({} as Q))
    const { type, body, fixed } = await answer(request, query)
    return reply
      .header('cache-control', fixed ? IMMUTABLE : 'no-cache')
      .type(type)
      .send(body)
  })
}
