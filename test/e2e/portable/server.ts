/** The sources as a browser takes them: types stripped, packages found by an import map, nothing bundled. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { ROOT } from '../support.ts'
import type { Report, Task } from './tasks.ts'

const PUBLIC = /^\/(?:src|test|node_modules\/@noble)\/[\w./@-]+\.(?:ts|js)$/

export interface Host {
  readonly url: string
  /** What the page posts. Rejects with the page's own error. */
  readonly report: Promise<Report>
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly type?: string
  readonly body?: string
}

/** Serves the page that works through `tasks`, once. */
export async function host(tasks: readonly Task[]): Promise<Host> {
  const { promise, resolve, reject } = Promise.withResolvers<Report>()
  promise.catch(() => {}) // whoever awaits it hears of it
  const settle = (body: Report | { error: string }) =>
    'error' in body ? reject(new Error(`in the page: ${body.error}`)) : resolve(body)
  const server = createServer(async (request, response) => {
    const { status, type, body } = await answer(request, tasks, settle).catch((error) => ({
      status: 500,
      type: 'text/plain',
      body: `${error}`,
    }))
    response.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(body)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return { url, report: promise, close: () => close(server) }
}

async function answer(
  request: IncomingMessage,
  tasks: readonly Task[],
  settle: (body: Report | { error: string }) => void,
): Promise<Answer> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname
  if (request.method === 'POST' && path === '/report') {
    settle(JSON.parse(await text(request)))
    return { status: 204 }
  }
  if (path === '/') return { status: 200, type: 'text/html', body: page() }
  if (path === '/tasks.json') return { status: 200, type: 'application/json', body: JSON.stringify(tasks) }
  if (!PUBLIC.test(path)) return { status: 404, type: 'text/plain', body: `no ${path} here` }
  const source = await readFile(join(ROOT, path), 'utf8')
  return { status: 200, type: 'text/javascript', body: path.endsWith('.ts') ? stripTypeScriptTypes(source) : source }
}

function page(): string {
  const html = readFileSync(new URL('page.html', import.meta.url), 'utf8')
  return html.replace('"IMPORT_MAP"', JSON.stringify(importMap()))
}

/** The names of package.json's `imports`, and the paths from its folder that a browser's resolver would choose. */
export function importedNames(): [name: string, path: string][] {
  return Object.entries(packageJson('').imports ?? {}).map(([name, target]) => [
    name,
    chosen(target).replace(/^\./, ''),
  ])
}

/** These, and every noble package. */
function importMap(): Record<string, string> {
  const { dependencies } = packageJson('')
  const packages = Object.keys(dependencies ?? {}).filter((name) => name.startsWith('@noble/'))
  const theirs = packages.flatMap((name) => [
    [name, `/node_modules/${name}/${packageJson(`node_modules/${name}`).main}`],
    [`${name}/`, `/node_modules/${name}/`],
  ])
  return Object.fromEntries([...importedNames(), ...theirs])
}

type Target = string | Readonly<Record<string, string>>

interface Package {
  readonly main?: string
  readonly imports?: Readonly<Record<string, Target>>
  readonly dependencies?: Readonly<Record<string, string>>
}

/** The first of the conditions that a browser meets, in the order of the file. */
function chosen(target: Target): string {
  if (typeof target === 'string') return target
  const met = Object.entries(target).find(([condition]) => ['browser', 'import', 'default'].includes(condition))
  if (met === undefined) throw new Error(`nothing for a browser in ${JSON.stringify(target)}`)
  return met[1]
}

function packageJson(folder: string): Package {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
