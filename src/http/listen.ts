/** Where a server listens: a TCP address, or a socket file that a proxy on the same machine opens. */

import { lookup } from 'node:dns/promises'
import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { FastifyInstance } from 'fastify'

export type Endpoint =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** Owner and group connect: the group is the proxy's. */
const SOCKET_MODE = 0o660

export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`
  return `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`
}

/** Port 0 becomes a free one. Before there is a server: what it answers names the port. */
export async function settlePort(endpoint: Endpoint): Promise<Endpoint> {
  if (endpoint.kind === 'unix' || endpoint.port !== 0) return endpoint
  const { host } = endpoint
  return await new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen({ host, port: 0 }, () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve({ kind: 'tcp', host, port }))
    })
  })
}

/**
 * Returns the address as people read it. The socket file of a server that is gone is replaced; it goes with close().
 * @throws Error EADDRINUSE and whatever else the operating system refuses.
 */
export async function listen(app: FastifyInstance, endpoint: Endpoint): Promise<string> {
  if (endpoint.kind === 'tcp') return await listenTcp(app, endpoint.host, endpoint.port)
  await removeStale(endpoint.path)
  await app.listen({ path: endpoint.path })
  chmodSync(endpoint.path, SOCKET_MODE)
  return formatEndpoint(endpoint)
}

/** One address, resolved here: for `localhost` Fastify would open a second server, to which no limit of ours applies. */
async function listenTcp(app: FastifyInstance, host: string, port: number): Promise<string> {
  const { address } = await lookup(host)
  return await app.listen({ host: address, port })
}

async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  // Whatever is no socket stays, and the operating system says that the address is in use.
  if (found?.isSocket() === true && !(await isAnswered(path))) unlinkSync(path)
}

/** In doubt yes: a file is removed only when the kernel says that nobody listens. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const settle = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code !== 'ECONNREFUSED'))
  })
}
