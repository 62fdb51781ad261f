/** GET and PUT /attachments/{alg}:{hex}: content that a leaf commits to, and this server keeps. */

import type { FastifyInstance } from 'fastify'
import { attach } from '../custody/attach.ts'
import { refuseWithdrawn } from '../custody/withdrawn.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { GET_ATTACHMENT, PUT_ATTACHMENT } from './api/describe/attachments.ts'
import { BYTES } from './api/openapi.ts'
import { attachmentParameter, type NamedDigest, readPath, readQuery } from './api/parameters.ts'
import { resource } from './api/resource.ts'
import { type BodyReading, readBodies } from './body.ts'
import type { Logs } from './logs.ts'

export interface AttachmentOptions {
  /** In bytes: what is above is not taken. */
  readonly attachmentLimit: number
  readonly bodies: Omit<BodyReading, 'type'>
}

/** Of the bodies of all uploads that are under way. */
const BODIES_BYTES = 16 * 2 ** 20

export function attachments(logs: Logs, { attachmentLimit, bodies: { limits, after } }: AttachmentOptions) {
  const url = '/attachments/:artifact'
  const bounded = { bodyBytes: Math.min(limits.bodyBytes, attachmentLimit), bodiesBytes: BODIES_BYTES }
  return async (app: FastifyInstance): Promise<void> => {
    readBodies(app, { limits: bounded, after, type: BYTES })
    resource(
      app,
      url,
      GET_ATTACHMENT,
      async (request) => {
        const content = await find(logs, readPath(request, 'artifact', attachmentParameter))
        return { type: BYTES, body: Buffer.from(content), fixed: false } // it may be withdrawn
      },
      'PUT',
    )
    app.put(url, { config: { openapi: PUT_ATTACHMENT, goesByScope: true } }, async (request, reply) => {
      readQuery(request, {})
      const { algorithm, digest } = readPath(request, 'artifact', attachmentParameter)
      const content = Uint8Array.from((request.body as Uint8Array | undefined) ?? []) // given back when the answer is sent
      const { scope = null } = request
      const inScope = logs.all.filter(({ identity }) => scope === null || scope.includes(identity.slug))
      const places = await attach(inScope, { algorithm, digest, content })
      const entries = places.map(({ log, index }) => ({ log: log.identity.slug, index }))
      return reply.code(201).send({ attachment: `${algorithm}:${hex(digest)}`, entries })
    })
  }
}

/** In whichever log. @throws TlogError NOT_FOUND, ATTACHMENT_WITHDRAWN, STORE_CORRUPT */
async function find(logs: Logs, { algorithm, digest }: NamedDigest): Promise<Uint8Array> {
  for (const log of logs.all) {
    const content = await log.attachment(algorithm, digest)
    if (content !== null) return content
  }
  await refuseWithdrawn(logs.all, { algorithm, digest })
  throw new TlogError('NOT_FOUND', 'no such content is kept here')
}
