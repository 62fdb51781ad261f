/** The trust file that clients need. */

import type { FastifyInstance } from 'fastify'
import { parseVkey } from '../formats/c2sp/vkey.ts'
import { formatTrustedRoot, type TrustedLog, trustedV2Log } from '../formats/sigstore/trusted-root.ts'
import { TRUSTED_ROOT } from './api/describe/operations.ts'
import type { Logs } from './logs.ts'
import { onlyMethods } from './methods.ts'
import { REKOR_V2 } from './rekor-v2.ts'

export interface OperationsOptions {
  /** What clients reach; stands in every emitted file. */
  readonly url: string
  /** RFC 3339, by log slug: the log's creation, from which its key is valid. */
  readonly since: ReadonlyMap<string, string>
}

export function operations(logs: Logs, options: OperationsOptions) {
  return async (app: FastifyInstance): Promise<void> => {
    onlyMethods(app, '/trust/trusted_root.json', 'GET')
    const trustedRoot = formatTrustedRoot({
      tlogs: trustedLogs(logs, options),
      certificateAuthorities: [],
      ctLogs: [],
      timestampAuthorities: [],
    })
    app.get('/trust/trusted_root.json', { config: { openapi: TRUSTED_ROOT } }, async (_, reply) =>
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
    .map(({ identity }) => trustedV2Log(url, parseVkey(identity.vkey), { start: since.get(identity.slug) ?? '' }))
}
