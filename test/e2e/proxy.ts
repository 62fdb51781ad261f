/** Servers in the middle: one that changes what a log says, so that a test shows that its judge can say no; and one before several nodes. */

import { once } from 'node:events'
import { Agent, createServer, request as open } from 'node:http'
import { freePort, type Scope } from './support.ts'

/** What is answered at a path in place of the log's own bytes; null is 404. */
export type Tamper = (path: string, body: Buffer) => Buffer | null

/** Serves the log at `target` through `tamper`; returns its own URL. */
export async function tamperingProxy(scope: Scope, target: string, tamper: Tamper): Promise<string> {
  const port = await freePort()
  const server = createServer(async (request, response) => {
    const path = request.url ?? '/'
    const answer = await fetch(target + path)
    const body = Buffer.from(await answer.arrayBuffer())
    const changed = answer.ok ? tamper(path, body) : body
    response.writeHead(changed === null ? 404 : answer.status).end(changed)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => server.close())
  return `http://127.0.0.1:${port}`
}

/** Flips the lowest bit of the byte at `at` (negative: from the end) in one resource. */
export function flip(resource: string, at: number): Tamper {
  return (path, body) => {
    if (path !== resource) return body
    const copy = Buffer.from(body)
    const index = at < 0 ? copy.length + at : at
    copy.writeUInt8(copy.readUInt8(index) ^ 1, index)
    return copy
  }
}

/** Hands each request to the next of `targets`, but for the trust files, which come from the first. Returns what closes it. */
export async function roundRobin(port: number, targets: readonly string[]): Promise<() => void> {
  const agent = new Agent({ keepAlive: true })
  let turn = 0
  const server = createServer((request, response) => {
    const { method, headers, url: path = '/' } = request
    const target = targets[path.startsWith('/trust/') ? 0 : turn++ % targets.length]
    const onward = open(`${target}`, { agent, method, headers, path, setHost: false })
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return () => {
    server.close()
    server.closeAllConnections()
    agent.destroy()
  }
}
