/** A server inside the test's process, and requests spelled exactly as written. */

import { request } from 'node:http'
import { connect } from 'node:net'
import { run } from '../../src/cli/run.ts'
import { type Scope, scratch, type TestWorld, testWorld } from '../cli/support.ts'

export interface TestServer {
  readonly url: string
  readonly port: number
  readonly dir: string
  readonly world: TestWorld
  /** The exit code, once it has ended by itself or by stop(). */
  readonly ended: Promise<number>
  stop(): Promise<number>
}

export interface Answer {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly bytes: Buffer
  readonly text: string
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** `serve` until the scope ends, on a free port, ready. @throws Error with what it said when it does not start. */
export async function startServer(
  scope: Scope,
  flags: readonly string[] = [],
  dir?: string,
  env: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  const data = dir ?? scratch(scope)
  const world = testWorld(env, true) // a terminal: the greeting names the port
  const argv = ['serve', '--listen', '127.0.0.1:0', '--data', data, '--log-level', 'silent', ...flags]
  const ended = run(argv, world)
  const port = await greeted(world, ended)
  await ready(port)
  const stop = () => {
    world.stop()
    return ended
  }
  scope.teardown(stop)
  return { url: `http://127.0.0.1:${port}`, port, dir: data, world, ended, stop }
}

async function greeted(world: TestWorld, ended: Promise<number>): Promise<number> {
  for (;;) {
    const found = /listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(world.printed())
    if (found !== null) return Number(found[1])
    const code = await Promise.race([ended, new Promise<null>((resolve) => setTimeout(resolve, 5, null))])
    if (code !== null) throw refused(code, world)
  }
}

/** A server listens before its logs have published their first checkpoints. */
async function ready(port: number): Promise<void> {
  while ((await ask({ port }, '/readyz')).status !== 200) await new Promise((resolve) => setTimeout(resolve, 5))
}

function refused(code: number, world: TestWorld): Error {
  return new Error(`exit ${code}: ${world.warned()}`)
}

/** One request; the path goes out as it is. Rejects only when there is no answer. */
export function ask(server: { port: number }, path: string, asked: Asked = {}): Promise<Answer> {
  const { method = 'GET', body } = asked
  const headers = { ...(body !== undefined && { 'content-type': 'application/json' }), ...asked.headers }
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: server.port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text: bytes.toString() })
      })
    })
    call.on('error', reject)
    call.end(body)
  })
}

export const ENTRIES = '/api/v2/log/entries'

export function postEntry(server: { port: number }, body: string | Uint8Array, headers = {}): Promise<Answer> {
  return ask(server, ENTRIES, { method: 'POST', body, headers })
}

/** `400 FIELD_MISSING` and the message: what a table compares. */
export function said(answer: { readonly status: number; readonly text: string }): string {
  if (!answer.text.startsWith('{"code"')) return `${answer.status} ${answer.text}`
  const { message, details } = JSON.parse(answer.text) as { message: string; details: { reason: string }[] }
  return [answer.status, ...details.map((detail) => detail.reason), message].join(' ')
}

/** Everything that comes back for these bytes, until the server closes, or nothing more comes for a while. */
export function exchange(server: { port: number }, sent: string | Uint8Array, quietMs = 150): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1')
    const chunks: Buffer[] = []
    let timer: NodeJS.Timeout | undefined
    const wait = () => {
      clearTimeout(timer)
      timer = setTimeout(() => socket.destroy(), quietMs)
    }
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      wait()
    })
    socket.on('error', () => undefined) // a reset after the answer is an end like another
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString('latin1'))
    })
    socket.write(sent)
    setTimeout(() => socket.destroy(), 5000).unref()
  })
}

/** Status and body of the answers in what exchange() returned, `status reason`, one for each. */
export function answers(text: string): string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})[\s\S]*?(?=HTTP\/1\.1 \d{3}|$)/g)].map(([whole, status]) => {
    const reason = /"reason":"(\w+)"/.exec(whole ?? '')?.[1]
    return reason === undefined ? String(status) : `${status} ${reason}`
  })
}
