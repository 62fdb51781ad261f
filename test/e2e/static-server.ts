/** A plain file server, as an operator's nginx would be: files below a folder, nothing else. */

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join, normalize } from 'node:path'
import { freePort, type Scope } from './support.ts'

/** Serves `folder` until the scope ends; returns its URL. */
export async function serveFolder(scope: Scope, folder: string): Promise<string> {
  const port = await freePort()
  const server = createServer(async (request, response) => {
    const path = normalize(request.url ?? '/')
    const bytes = path.includes('/.') ? null : await readFile(join(folder, path)).catch(() => null)
    if (bytes === null) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(bytes)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => server.close())
  return `http://127.0.0.1:${port}`
}
