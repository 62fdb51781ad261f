/** A server in the middle that changes what a log says: with it a test shows that its judge can say no. */

import { once } from 'node:events'
import { createServer } from 'node:http'
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
