/** The routes of a witness (c2sp.org/tlog-witness). Submission and monitoring have one prefix: the root. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { parseHex } from '../kernel/bytes.ts'
import { type ErrorCode, TlogError } from '../kernel/error.ts'
import type { Witness } from '../witness/witness.ts'
import { type Dress, STATUS, sendError } from './errors.ts'
import { onlyMethods } from './methods.ts'
import { measureAnswers } from './request-seconds.ts'
import { alive, scrape } from './scrape.ts'
import { type BaseParts, createApp } from './server.ts'
import type { WitnessMetrics } from './witness-metrics.ts'

/** In bytes. Sixteen lines of ML-DSA-44 take 52 KiB, the longest proof 3. */
const BODY_BYTES = 128 * 1024

const COSIGNATURES = 'text/plain; charset=utf-8'
const TREE_SIZE = 'text/x.tlog.size'

/** What the same error is to a log, where it differs: here the note is the caller's. */
const WITNESS_STATUS: Partial<Record<ErrorCode, number>> = {
  NOTE_MALFORMED: 400,
  CHECKPOINT_MALFORMED: 400,
  SIGNATURE_INVALID: 403,
  SIGNATURE_UNKNOWN_KEY: 403,
  LOG_UNKNOWN: 404,
  PROOF_INVALID: 422,
  LOG_BUSY: 429,
}

export const WITNESS_DRESS: Dress = {
  status: ({ code }) => WITNESS_STATUS[code] ?? STATUS[code],
  body: (_, error) => (error === null ? 'internal error\n' : `${error.code}: ${error.message}\n`),
  type: 'text/plain; charset=utf-8',
}

export interface WitnessServerParts extends BaseParts {
  readonly metrics: WitnessMetrics
  /** Whether /metrics has a listener of its own. */
  readonly metricsElsewhere?: boolean
}

export function createWitnessServer(witness: Witness, parts: WitnessServerParts): FastifyInstance {
  const limits = { bodyBytes: BODY_BYTES, ...parts.limits }
  const app = createApp({ ...parts, limits }, { type: '*', dressOf: () => WITNESS_DRESS, trustedProxies: null })
  measureAnswers(app, parts.metrics.answered)
  app.register(routes(witness))
  app.register(alive)
  if (parts.metricsElsewhere !== true) app.register(scrape(parts.metrics))
  return app
}

function routes(witness: Witness) {
  return async (app: FastifyInstance): Promise<void> => {
    app.setErrorHandler((error, request, reply) => sendError(error, request, reply, WITNESS_DRESS))
    for (const url of ['/add-checkpoint', '/sign-subtree']) onlyMethods(app, url, 'POST')
    onlyMethods(app, '/:log/checkpoint', 'GET')

    app.post('/add-checkpoint', async (request, reply) => {
      const added = await witness.addCheckpoint(bodyOf(request))
      reply.header('cache-control', 'no-store')
      if ('lines' in added) return reply.type(COSIGNATURES).send(added.lines)
      return reply.code(409).type(TREE_SIZE).send(`${added.size}\n`)
    })

    app.post('/sign-subtree', async (request, reply) => {
      const line = await witness.signSubtree(bodyOf(request))
      return reply.header('cache-control', 'no-store').type(COSIGNATURES).send(line)
    })

    app.get('/:log/checkpoint', async (request, reply) => {
      const note = await witness.checkpoint(logIdOf(request))
      if (note === null) throw new TlogError('NOT_FOUND', 'no checkpoint of such a log was cosigned here')
      return reply.header('cache-control', 'no-store').type(COSIGNATURES).send(note)
    })
  }
}

function bodyOf({ body }: FastifyRequest): Uint8Array {
  return body instanceof Uint8Array ? body : new Uint8Array()
}

/** @throws TlogError NOT_FOUND unless the path has the one spelling of a SHA-256. */
function logIdOf({ params }: FastifyRequest): Uint8Array {
  const { log } = params as { readonly log: string }
  if (!/^[0-9a-f]{64}$/.test(log))
    throw new TlogError('NOT_FOUND', "the path has not a log's ID: SHA-256 of its origin, in hex")
  return parseHex(log)
}
