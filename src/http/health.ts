/** What an operator's tools ask: is it alive, is it ready, how is it doing. */

import type { FastifyInstance } from 'fastify'
import { HEALTH, METRICS, READY } from './api/describe/operations.ts'
import type { Logs } from './logs.ts'
import { onlyMethods } from './methods.ts'
import type { Metrics } from './metrics.ts'

export function health(logs: Logs) {
  return async (app: FastifyInstance): Promise<void> => {
    for (const url of ['/healthz', '/readyz']) onlyMethods(app, url, 'GET')
    app.get('/healthz', { config: { openapi: HEALTH } }, async (_, reply) =>
      reply.header('cache-control', 'no-store').send({ status: 'SERVING' }),
    )
    app.get('/readyz', { config: { openapi: READY } }, async (_, reply) => {
      const waiting = logs.all.filter((log) => log.status().state !== 'running' || log.published() === null)
      const body = {
        status: waiting.length === 0 ? 'READY' : 'NOT_READY',
        logs: waiting.map((log) => log.identity.slug),
      }
      return reply
        .code(waiting.length === 0 ? 200 : 503)
        .header('cache-control', 'no-store')
        .send(body)
    })
  }
}

export function measurements(logs: Logs, metrics: Metrics) {
  return async (app: FastifyInstance): Promise<void> => {
    onlyMethods(app, '/metrics', 'GET')
    app.get('/metrics', { config: { openapi: METRICS } }, async (_, reply) =>
      reply.type(metrics.contentType).send(await metrics.text(logs)),
    )
  }
}
