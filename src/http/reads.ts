/** GET checkpoint and tiles (c2sp.org/tlog-tiles), under any prefix that means a log. */

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TlogError } from '../kernel/error.ts'
import { parseTilePath, type Tile } from '../kernel/tile.ts'
import type { Log } from '../log/log.ts'
import { describeCheckpoint, describeTile } from './api/describe/tiles.ts'
import { IMMUTABLE } from './api/resource.ts'
import { onlyMethods } from './methods.ts'
import type { Unread } from './unread.ts'

const compress = promisify(gzip)

/** @param choose which log a request under this prefix means; throws LOG_UNKNOWN. */
export function reads(prefix: string, choose: (request: FastifyRequest) => Log, unread: Unread) {
  return async (app: FastifyInstance): Promise<void> => {
    onlyMethods(app, `${prefix}/checkpoint`, 'GET')
    app.get(`${prefix}/checkpoint`, { config: { openapi: describeCheckpoint(prefix) } }, async (request, reply) => {
      open(reply)
      const log = choose(request)
      await log.catchUp()
      const published = log.published()
      if (published === null) throw new TlogError('NOT_FOUND', 'the log has published no checkpoint yet')
      reply.header('cache-control', 'no-cache').type('text/plain; charset=utf-8')
      return reply.send(Buffer.from(published.note))
    })
    onlyMethods(app, `${prefix}/tile/*`, 'GET')
    app.get(`${prefix}/tile/*`, { config: { openapi: describeTile(prefix) } }, async (request, reply) => {
      open(reply)
      const tile = parseTilePath(tilePathOf(request))
      if (tile.level === 'entries') unread.checkRoom()
      const bytes = await readTile(choose(request), tile)
      if (bytes === null) throw new TlogError('NOT_FOUND', 'the published tree has no such tile')
      reply.header('cache-control', IMMUTABLE).type('application/octet-stream')
      if (tile.level !== 'entries') return reply.send(Buffer.from(bytes))
      unread.hold(bytes.length, reply)
      return sendCompressed(bytes, request, reply)
    })
  }
}

/** What is there never changes: only who asks for more waits for more. */
async function readTile(log: Log, { level, index, width }: Tile): Promise<Uint8Array | null> {
  const read = () => (level === 'entries' ? log.bundle(index, width) : log.tile(level, index, width))
  const bytes = await read()
  if (bytes !== null) return bytes
  await log.catchUp()
  return await read()
}

/** In the spelling that was sent: the router decodes percent signs, which would admit a second one. */
function tilePathOf(request: FastifyRequest): string {
  const [sent = ''] = (request.raw.url ?? '').split('?', 1)
  const path = `tile/${(request.params as { '*': string })['*']}`
  if (!sent.endsWith(`/${path}`))
    throw new TlogError('TILE_PATH_MALFORMED', `not a tile path: ${JSON.stringify(sent.slice(0, 64))}`)
  return path
}

async function sendCompressed(bytes: Uint8Array, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  reply.header('vary', 'accept-encoding')
  if (request.method === 'HEAD' || !acceptsGzip(request.headers['accept-encoding']))
    return reply.send(Buffer.from(bytes))
  return reply.header('content-encoding', 'gzip').send(await compress(bytes))
}

/** RFC 9110 §12.5.3, for the one coding that we offer: what is said of gzip itself goes before what is said of all. */
function acceptsGzip(header: string | string[] | undefined): boolean {
  const codings = String(header ?? '')
    .split(',')
    .map((part) => part.trim().toLowerCase())
  const [said] = ['gzip', '*'].flatMap((name) => codings.filter((coding) => coding.split(/[\s;]/, 1)[0] === name))
  return said !== undefined && /^[^;]*?(\s*;\s*q=(1(\.0*)?|0\.[0-9]*[1-9][0-9]*))?$/.test(said)
}

/** Anyone may audit from any page, and learn there that a tile is absent. */
function open(reply: FastifyReply): void {
  reply.header('access-control-allow-origin', '*')
}
