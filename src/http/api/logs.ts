/** GET /logs, /logs/{log} and /logs/{log}/checkpoints: which logs there are, and what they have said. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { TreeSize } from '../../kernel/brand.ts'
import { hex, parseUtf8 } from '../../kernel/bytes.ts'
import type { Log } from '../../log/log.ts'
import type { Published } from '../../log/ports.ts'
import type { Logs } from '../logs.ts'
import { LIST_LOGS, LOG, LOG_CHECKPOINTS } from './describe/logs.ts'
import { MAX_PAGE } from './parameters.ts'
import { json, resource } from './resource.ts'

export function logRoutes(logs: Logs) {
  return async (app: FastifyInstance): Promise<void> => {
    resource(app, '/logs', LIST_LOGS, async () => json({ logs: logs.all.map((log) => describe(log, logs)) }))
    resource(app, '/logs/:log', LOG, async (request) => json(describe(logOf(logs, request), logs)))
    resource(app, '/logs/:log/checkpoints', LOG_CHECKPOINTS, async (request, query) => {
      const log = logOf(logs, request)
      const limit = query.limit ?? MAX_PAGE
      const found = await history(log, query.after ?? null, limit + 1)
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      const next = last === undefined ? null : `${pathOf(log)}/checkpoints?after=${last.size}&limit=${limit}`
      // What is kept grows at its end alone, and the newest is on the last page: one that another follows stays as it is.
      return json({ checkpoints: page.map(checkpoint), next }, { fixed: next !== null })
    })
  }
}

/** What is kept, and behind it the newest, which may be the one of a minute that is kept later, or never. */
async function history(log: Log, after: TreeSize | null, limit: number): Promise<readonly Published[]> {
  const kept = await log.history(after, limit)
  const newest = log.published()
  if (newest === null || kept.length === limit || newest.size <= (kept.at(-1)?.size ?? after ?? -1)) return kept
  return [...kept, newest]
}

/** @throws TlogError LOG_UNKNOWN */
export function logOf(logs: Logs, request: FastifyRequest): Log {
  return logs.named((request.params as { log: string }).log)
}

/** RFC 3339, to the millisecond. */
export function time(ms: number): string {
  return new Date(ms).toISOString()
}

function describe(log: Log, logs: Logs): object {
  const { slug, dialect, origin, vkey, mlDsaVkey = null } = log.identity
  const published = log.published()
  const self = pathOf(log)
  return {
    slug,
    dialect,
    origin,
    vkey,
    mlDsaVkey,
    state: stateOf(log, logs),
    size: published?.size ?? 0,
    root: published === null ? null : hex(published.root),
    time: published === null ? null : time(published.time),
    links: { self, checkpoint: `${self}/checkpoint`, checkpoints: `${self}/checkpoints` },
  }
}

function stateOf(log: Log, logs: Logs): string {
  const { state, frozen, compromised } = log.status()
  if (compromised) return 'compromised'
  if (state !== 'running') return state
  if (frozen) return 'frozen'
  return logs.isWaiting(log) ? 'waiting' : 'active'
}

function checkpoint(published: Published): object {
  const { size, root, note } = published
  return { size, root: hex(root), time: time(published.time), note: parseUtf8(note) }
}

function pathOf(log: Log): string {
  return `/logs/${log.identity.slug}`
}
