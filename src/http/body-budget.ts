/** Bodies being received are held in memory: together they may take so much and no more, however many callers there are. */

import type { FastifyInstance } from 'fastify'
import { TlogError } from '../kernel/error.ts'

/** @param budget bytes of all bodies under way; `bodyLimit` is counted for one that does not say its length. */
export function limitBodies(app: FastifyInstance, budget: number, bodyLimit: number): void {
  let held = 0
  app.addHook('onRequest', async (request, reply) => {
    const declared = request.headers['content-length']
    const chunked = request.headers['transfer-encoding'] !== undefined
    if (declared === undefined && !chunked) return
    const bytes = Math.min(bodyLimit, chunked ? bodyLimit : Number(declared))
    if (held + bytes > budget)
      throw new TlogError('LOG_BUSY', 'too many requests are being received; try again shortly')
    held += bytes
    reply.raw.once('close', () => {
      held -= bytes
    })
  })
}
