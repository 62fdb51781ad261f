/** What an operator's tools ask: is it alive, is it ready, how is it doing; and the trust file its clients need. */

import type { FastifyInstance } from 'fastify'
import { parseVkey } from '../formats/c2sp/vkey.ts'
import { formatTrustedRoot, type TrustedLog, trustedV2Log } from '../formats/sigstore/trusted-root.ts'
import type { Logs } from './logs.ts'
import { onlyMethods } from './methods.ts'
import type { Metrics } from './metrics.ts'
import { REKOR_V2 } from './rekor-v2.ts'

export interface OperationsOptions {
  /** What clients reach; stands in every emitted file. */
  readonly url: string
  /** RFC 3339, by log slug: the log's creation, from which its key is valid. */
  readonly since: ReadonlyMap<string, string>
}

export function operations(logs: Logs, metrics: Metrics, options: OperationsOptions) {
  return async (app: FastifyInstance): Promise<void> => {
    for (const url of ['/healthz', '/readyz', '/metrics', '/trust/trusted_root.json']) onlyMethods(app, url, 'GET')
    app.get('/healthz', async (_, reply) => reply.header('cache-control', 'no-store').send({ status: 'SERVING' }))
    app.get('/readyz', async (_, reply) => {
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
    app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.text(logs)))
    const trustedRoot = formatTrustedRoot(trustedLogs(logs, options))
    app.get('/trust/trusted_root.json', async (_, reply) =>
      reply
        .header('cache-control', 'no-cache')
        .header('access-control-allow-origin', '*')
        .type('application/json')
        .send(trustedRoot),
    )
  }
}

function trustedLogs(logs: Logs, { url, since }: OperationsOptions): TrustedLog[] {
  return logs.all
    .filter((log) => log.identity.dialect === REKOR_V2)
    .map(({ identity }) => trustedV2Log(url, parseVkey(identity.vkey), since.get(identity.slug) ?? ''))
}
