/** What Prometheus reads of the programs beside the server: a witness, an auditor. */

import type { FastifyInstance } from 'fastify'
import { onlyMethods } from './methods.ts'
import { type BaseParts, createApp } from './server.ts'

export interface Scraped {
  readonly contentType: string
  text(): Promise<string>
}

export function scrape(metrics: Scraped) {
  return async (app: FastifyInstance): Promise<void> => {
    onlyMethods(app, '/metrics', 'GET')
    app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  }
}

export async function alive(app: FastifyInstance): Promise<void> {
  onlyMethods(app, '/healthz', 'GET')
  app.get('/healthz', async (_, reply) => reply.header('cache-control', 'no-store').send({ status: 'SERVING' }))
}

/** A listener for these two alone. */
export function createScrapeServer(metrics: Scraped, parts: BaseParts): FastifyInstance {
  const app = createApp(parts, { type: 'application/json', dressOf: () => undefined, trustedProxies: null })
  app.register(scrape(metrics))
  app.register(alive)
  return app
}
