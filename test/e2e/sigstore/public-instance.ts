/** Sigstore's public instance for clients that have its names compiled in: a proxy that answers in its place. */

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { run, type Scope, scratch } from '../support.ts'

/** Longer than a client rests between two requests: one that meets a closing connection fails for no reason of ours. */
export const KEPT_MS = 10 * 60_000

/** Which URL here stands for a public host. */
export type StandIns = Readonly<Record<string, string>>

/** What a client is started with so that it comes here. It reaches no other host. */
export async function startPublicInstance(scope: Scope, standIns: StandIns): Promise<Record<string, string>> {
  const { key, cert, path } = await certificateFor(scope, Object.keys(standIns))
  const inside = createTlsServer({ key, cert }, (request, response) => {
    forward(standIns[request.headers.host ?? ''] ?? '', request, response).catch(() => response.destroy())
  })
  const refuse = (_: IncomingMessage, response: ServerResponse) => response.writeHead(403).end()
  const proxy = createServer(refuse).on('connect', ({ url = '' }, socket) => {
    if (url.replace(/:443$/, '') in standIns) {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      inside.emit('connection', socket)
    } else socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  inside.keepAliveTimeout = KEPT_MS
  proxy.listen(0, '127.0.0.1')
  await new Promise((resolve) => proxy.once('listening', resolve))
  scope.teardown(() => [proxy, inside].map((each) => each.close()))
  const { port } = proxy.address() as AddressInfo
  return {
    HTTPS_PROXY: `http://127.0.0.1:${port}`,
    NO_PROXY: 'localhost,127.0.0.1',
    NODE_USE_ENV_PROXY: '1', // for what asks with Node's own fetch
    NODE_EXTRA_CA_CERTS: path,
  }
}

/** Headers are the protocol's too: of v1, clients read ETag and Location. */
async function forward(to: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { accept, authorization, 'content-type': type } = request.headers
  const given = Object.entries({ accept, authorization, 'content-type': type })
  const headers = Object.fromEntries(given.filter(([, value]) => value !== undefined))
  const body = await buffer(request)
  // A connection each: one that was kept may be closed by the other side just when it is used again.
  const asked = ask(`${to}${request.url}`, { method: request.method, headers, agent: false }).end(body)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const kept = Object.entries(answer.headers).filter(
    ([name]) => !/^(content-length|transfer-encoding|connection|keep-alive)$/.test(name),
  )
  response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept)).end(await buffer(answer))
}

async function certificateFor(
  scope: Scope,
  hosts: readonly string[],
): Promise<{ key: string; cert: string; path: string }> {
  const folder = await scratch(scope)
  const [keyPath, path] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const names = `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}`
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const argv = ['req', '-x509', ...kind, '-subj', '/CN=public', '-addext', names, '-keyout', keyPath, '-out', path]
  const done = await run('openssl', argv)
  if (done.code !== 0) throw new Error(`openssl: ${done.stderr}`)
  return { key: await readFile(keyPath, 'utf8'), cert: await readFile(path, 'utf8'), path }
}
