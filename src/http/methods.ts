/** 405 with `Allow` where a path exists but not for this method. */

import type { FastifyInstance, HTTPMethods } from 'fastify'
import { TlogError } from '../kernel/error.ts'

const ALL: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export function onlyMethods(app: FastifyInstance, url: string, ...only: readonly ('GET' | 'POST' | 'PUT')[]): void {
  const allowed: readonly HTTPMethods[] = only.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  app.route({
    method: ALL.filter((method) => !allowed.includes(method)),
    url,
    config: { onlyReads: true, openapi: 'none' },
    // Before the body is read: nobody needs it.
    onRequest: async (request, reply) => {
      reply.header('allow', allowed.join(', '))
      throw new TlogError(
        'METHOD_NOT_ALLOWED',
        `${request.method} is not for this path; it takes ${allowed.join(' and ')}`,
      )
    },
    handler: async () => undefined,
  })
}
