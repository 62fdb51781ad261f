/** The small REST API: logs, entries and proofs as JSON, for clients that do not read tiles. */

import type { FastifyInstance } from 'fastify'
import type { Logs } from '../logs.ts'
import { artifactRoutes } from './artifacts.ts'
import { custodyRoutes } from './custody.ts'
import { DOCUMENT } from './describe/logs.ts'
import { entryRoutes } from './entries.ts'
import { logRoutes } from './logs.ts'
import { proofRoutes } from './proofs.ts'
import { json, resource } from './resource.ts'
import { searchRoutes } from './search.ts'

/** @param document of the routes that exist by the time it is asked for; see collectRoutes. */
export function api(logs: Logs, document: () => object) {
  return async (app: FastifyInstance): Promise<void> => {
    app.addHook('preHandler', () => logs.catchUp())
    for (const routes of [logRoutes, entryRoutes, artifactRoutes, custodyRoutes, searchRoutes, proofRoutes])
      await app.register(routes(logs))
    resource(app, '/openapi.json', DOCUMENT, async () => json(document()))
  }
}
