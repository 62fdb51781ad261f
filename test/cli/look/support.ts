/** Servers that show less than ours, or lie: in front of a real one, or of several one after the other. */

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { ask } from '../../http/support.ts'
import { type Scope, scratch } from '../support.ts'

/** Logs of one name, which `loginfo` and the others are to tell apart by their keys. */
export const NAMED = ['--hostname', 'log.example', '--url', 'http://log.example']

export interface Files {
  readonly folder: string
  /** The path of a new file. */
  write(name: string, content: string | Uint8Array): string
  /** A server's own trust files, as flags. */
  trust(server: { readonly port: number }): Promise<{ readonly root: string[]; readonly policy: string[] }>
}

export function files(scope: Scope): Files {
  const folder = scratch(scope)
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  return {
    folder,
    write,
    trust: async (server) => ({
      root: ['--trusted-root', write(`${server.port}.root`, (await ask(server, '/trust/trusted_root.json')).text)],
      policy: ['--policy', write(`${server.port}.policy`, (await ask(server, '/trust/policy')).text)],
    }),
  }
}

/** The path upstream of a path; null: there is none. */
export type Route = (path: string) => string | null

export interface Front {
  readonly url: string
  /** Who is behind it. */
  upstream: string
  /** What goes out in place of a good answer. */
  tamper: (path: string, text: string) => string
  readonly asked: string[]
}

export async function front(scope: Scope, upstream: string, route: Route = (path) => path): Promise<Front> {
  const made = { url: '', upstream, tamper: (_: string, text: string) => text, asked: [] as string[] }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const path = request.url ?? ''
    made.asked.push(path)
    const target = route(path)
    if (target === null) return void response.writeHead(404).end()
    const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }
    const headers = { 'content-type': request.headers['content-type'] ?? 'application/json' }
    const answer = await fetch(made.upstream + target, { method: request.method ?? 'GET', headers, ...body })
    const bytes = Buffer.from(await answer.arrayBuffer())
    // Latin-1 keeps bytes as they are.
    const text = answer.ok ? Buffer.from(made.tamper(path, bytes.toString('latin1')), 'latin1') : bytes
    response.writeHead(answer.status).end(text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => server.close())
  made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return made
}

const below =
  (...prefixes: readonly string[]): Route =>
  (path) =>
    prefixes.some((prefix) => path.startsWith(prefix)) ? path : null

/** What other servers show, of ours. */
export const ROUTES = {
  'rekor-v1': below('/api/v1/'),
  /** Rekor v2, which has no search and no proofs. */
  'rekor-v2': below('/api/v2/checkpoint', '/api/v2/tile/'),
  /** A static copy of a log. */
  copy: (path: string) => (/^\/(checkpoint$|tile\/)/.test(path) ? `/logs/v2${path}` : null),
} as const satisfies Record<string, Route>
