/** A server in front of another, whose answers it changes. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Scope } from '../support.ts'

export interface Lie {
  readonly path: RegExp
  /** Null: it says that there is nothing. */
  readonly change: ((body: Buffer) => Buffer) | null
}

export async function lying(scope: Scope, url: string, { path, change }: Lie): Promise<string> {
  const server = createServer(async (request, response) => {
    const said = request.url ?? ''
    const answer = await fetch(url + said)
    const body = Buffer.from(await answer.arrayBuffer())
    const isLie = path.test(said) && answer.status === 200
    response.writeHead(isLie && change === null ? 404 : answer.status, {
      'content-type': answer.headers.get('content-type') ?? 'text/plain',
    })
    response.end(!isLie ? body : change === null ? '{}' : change(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  scope.teardown(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
