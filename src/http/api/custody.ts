/** GET /artifacts/{alg}:{hex}/custody: the graph of statements around an artifact, over all logs, in pages. */

import type { FastifyInstance } from 'fastify'
import { type Place, type Stop, walk } from '../../custody/walk.ts'
import type { Logs } from '../logs.ts'
import { turn } from '../turn.ts'
import { CUSTODY, DEFAULT_DEPTH, MAX_STATEMENTS } from './describe/custody.ts'
import { artifactParameter, type Cursor, readPath } from './parameters.ts'
import { json, resource } from './resource.ts'
import { Describer } from './statements.ts'

export function custodyRoutes(logs: Logs) {
  return async (app: FastifyInstance): Promise<void> => {
    resource(app, '/artifacts/:artifact/custody', CUSTODY, async (request, query) => {
      const { direction = 'up', depth = DEFAULT_DEPTH, after = null, limit = MAX_STATEMENTS } = query
      const { algorithm, digits } = readPath(request, 'artifact', artifactParameter)
      const artifact = `${algorithm}:${digits}`
      const sizes = logs.all.map((log) => ({ log: log.identity.slug, size: log.published()?.size ?? 0 }))
      const start = { artifact, depth: 1, after: after === null ? null : resolve(after, logs) }
      const { found, rest } = await walk(start, { logs: logs.all, direction, maxDepth: depth, limit, turn })
      const describer = new Describer(logs.all)
      const statements: object[] = []
      for (const one of found) statements.push(await describer.describe(one))
      return json({ artifact, direction, depth, logs: sizes, statements, more: rest.map((stop) => goOn(stop, depth)) })
    })
  }
}

/** @throws TlogError LOG_UNKNOWN */
function resolve({ log, index }: Cursor, logs: Logs): Place {
  return { log: logs.named(log), index }
}

/** What is left of the depth, so that the next request is one like this. */
function goOn({ artifact, depth, after }: Stop, maxDepth: number): object {
  return {
    artifact,
    depth: maxDepth - depth + 1,
    after: after === null ? null : `${after.log.identity.slug}:${after.index}`,
  }
}
