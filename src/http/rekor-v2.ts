/** POST /api/v2/log/entries: check, log, and answer once a published checkpoint covers the entry. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Admission, admit } from '../dialects/rekor-v2/admit.ts'
import { createRespond, type Respond } from '../dialects/rekor-v2/respond.ts'
import { parseJson } from '../formats/json.ts'
import { parseRequestV2 } from '../formats/sigstore/request-v2.ts'
import { TlogError } from '../kernel/error.ts'
import type { Log } from '../log/log.ts'
import { ADD_ENTRY } from './api/describe/rekor-v2.ts'
import type { Logs } from './logs.ts'
import { onlyMethods } from './methods.ts'

export const REKOR_V2 = 'rekor-v2'

/** What a repeated entry gets: the first one's receipt, or a conflict that names its index. */
export type Duplicates = 'return' | 'conflict'

export interface RekorV2Options extends Admission {
  readonly duplicates: Duplicates
}

/** A request has fewer than a hundred values; a body full of them would hold everybody up for seconds. */
const REQUEST_LIMITS = { maxValues: 1000, integersOnly: true }

export function rekorV2(logs: Logs, options: RekorV2Options) {
  const responders = new Map<Log, Respond>()
  const respondFor = (log: Log): Respond => {
    const respond = responders.get(log) ?? createRespond(log.identity.vkey)
    responders.set(log, respond)
    return respond
  }
  const url = '/api/v2/log/entries'
  const writesTo = (request: FastifyRequest) => logs.forHost(request.host, REKOR_V2)
  return async (app: FastifyInstance): Promise<void> => {
    onlyMethods(app, url, 'POST')
    app.post(url, { config: { writesTo, openapi: ADD_ENTRY } }, async (request, reply) => {
      const log = writesTo(request)
      const entry = await admit(parseRequestV2(parseJson(request.body as Uint8Array, REQUEST_LIMITS)), options)
      const receipt = await log.add(entry)
      if (receipt.repeated && options.duplicates === 'conflict') {
        reply.header('x-log-index', String(receipt.index))
        throw new TlogError(
          'ENTRY_EXISTS',
          `an equivalent entry already exists in the transparency log with index ${receipt.index}`,
        )
      }
      return reply.code(201).type('application/json').send(respondFor(log)(entry.leaf, receipt))
    })
  }
}
