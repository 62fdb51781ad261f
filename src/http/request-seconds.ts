/** What every listener of ours measures of a request, under one name. */

import type { FastifyInstance } from 'fastify'
import { Histogram, type Registry } from 'prom-client'

export const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

export type Answered = (route: string, status: number, seconds: number) => void

export function requestSeconds(registers: Registry[]): Answered {
  const requests = new Histogram({
    name: 'colophon_http_request_seconds',
    help: 'Time from request to answer, by route and status.',
    labelNames: ['route', 'status'],
    buckets: SECONDS,
    registers,
  })
  return (route, status, seconds) => requests.observe({ route, status }, seconds)
}

/** A route is a pattern: callers cannot make up new ones. */
export function measureAnswers(app: FastifyInstance, answered: Answered): void {
  app.addHook('onResponse', async (request, reply) =>
    answered(request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1000),
  )
}
