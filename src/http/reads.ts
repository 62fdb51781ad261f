/** GET checkpoint and tiles (c2sp.org/tlog-tiles), under any prefix that means a log. */

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TlogError } from '../kernel/error.ts'
import { parseTilePath, type Tile } from '../kernel/tile.ts'
import type { Log } from '../log/log.ts'
import { onlyMethods } from './methods.ts'

const compress = promisify(gzip)

const IMMUTABLE = 'public, max-age=31536000, immutable'

/** @param choose which log a request under this prefix means; throws LOG_UNKNOWN. */
export function reads(prefix: string, choose: (request: FastifyRequest) => Log) {
  return async (app: FastifyInstance): Promise<void> => {
    onlyMethods(app, `${prefix}/checkpoint`, 'GET')
    app.get(`${prefix}/checkpoint`, async (request, reply) => {
      const published = choose(request).published()
      if (published === null) throw new TlogError('NOT_FOUND', 'the log has published no checkpoint yet')
      open(reply).header('cache-control', 'no-cache').type('text/plain; charset=utf-8')
      return reply.send(Buffer.from(published.note))
    })
    onlyMethods(app, `${prefix}/tile/*`, 'GET')
    app.get(`${prefix}/tile/*`, async (request, reply) => {
      const tile = parseTilePath(tilePathOf(request))
      const bytes = await readTile(choose(request), tile)
      if (bytes === null) throw new TlogError('NOT_FOUND', 'the published tree has no such tile')
      open(reply).header('cache-control', IMMUTABLE).type('application/octet-stream')
      return tile.level === 'entries' ? sendCompressed(bytes, request, reply) : reply.send(Buffer.from(bytes))
    })
  }
}

function readTile(log: Log, { level, index, width }: Tile): Promise<Uint8Array | null> {
  return level === 'entries' ? log.bundle(index, width) : log.tile(level, index, width)
}

/** From the URL as sent: a router that decodes percent signs would admit a second spelling. */
function tilePathOf(request: FastifyRequest): string {
  const [path = ''] = (request.raw.url ?? '').split('?', 1)
  return path.slice(path.indexOf('/tile/') + 1)
}

async function sendCompressed(bytes: Uint8Array, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  reply.header('vary', 'accept-encoding')
  if (!acceptsGzip(request.headers['accept-encoding'])) return reply.send(Buffer.from(bytes))
  return reply.header('content-encoding', 'gzip').send(await compress(bytes))
}

/** RFC 9110 §12.5.3, for the one coding that we offer. */
function acceptsGzip(header: string | string[] | undefined): boolean {
  const codings = String(header ?? '')
    .split(',')
    .map((part) => part.trim().toLowerCase())
  return codings.some((coding) => /^(gzip|\*)(\s*;\s*q=(1(\.0*)?|0\.[0-9]*[1-9][0-9]*))?$/.test(coding))
}

/** Anyone may audit from any page. */
function open(reply: FastifyReply): FastifyReply {
  return reply.header('access-control-allow-origin', '*')
}
