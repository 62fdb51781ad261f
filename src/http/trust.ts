/** GET /trust/…: the files that a client needs to trust this server, as they stand in DATA/trust. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { TlogError } from '../kernel/error.ts'
import { TRUST_FILE } from './api/describe/operations.ts'
import { onlyMethods } from './methods.ts'

const PREFIX = '/trust/'

/** By the end of the name; one without an ending is text. */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/\.json$/, 'application/json; charset=utf-8'],
  [/\.pem$/, 'application/x-pem-file'],
  [/(?:)/, 'text/plain; charset=utf-8'],
]

/** Named by content or by a version that is never used twice. */
const IMMUTABLE = /^tuf\/(?:targets\/[0-9a-f]{64}\.|[0-9]+\.(?:snapshot|targets)\.json$)/

/** @param files by path below /trust/; asked anew for every request. The path alone, `/trust/`, answers with `index.json`. */
export function trust(files: () => ReadonlyMap<string, Uint8Array>) {
  return async (app: FastifyInstance): Promise<void> => {
    onlyMethods(app, `${PREFIX}*`, 'GET')
    app.get(`${PREFIX}*`, { config: { openapi: TRUST_FILE } }, async (request, reply) => {
      reply.header('access-control-allow-origin', '*')
      const path = pathOf(request)
      const bytes = files().get(path)
      if (bytes === undefined) throw new TlogError('NOT_FOUND', 'there is no such trust file')
      const cache = IMMUTABLE.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache'
      return reply.header('cache-control', cache).type(typeOf(path)).send(Buffer.from(bytes))
    })
  }
}

/** In the spelling that was sent: the router decodes percent signs, which would admit a second one. */
function pathOf(request: FastifyRequest): string {
  const [sent = ''] = (request.raw.url ?? '').split('?', 1)
  const path = (request.params as { '*': string })['*']
  if (path === '') return 'index.json'
  return sent.endsWith(`${PREFIX}${path}`) ? path : ''
}

function typeOf(path: string): string {
  return TYPES.find(([ending]) => ending.test(path))?.[1] ?? 'application/octet-stream'
}
