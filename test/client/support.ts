/** A service at the level of the wire: what it is asked is kept, what it answers is said before. */

import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { type Ask, createAsk, type Timers } from '../../src/client/ask.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import type { Scope } from '../cli/support.ts'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** Null: the connection is cut. */
export type Respond = (asked: Asked, nth: number) => Reply | null

export interface FakeService {
  readonly url: string
  readonly asked: readonly Asked[]
  close(): void
}

export async function fakeService(scope: Scope, respond: Respond): Promise<FakeService> {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const question = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body }
    asked.push(question)
    const reply = respond(question, asked.length)
    if (reply === null) return void request.socket.destroy()
    response.writeHead(reply.status, reply.headers).end(reply.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => server.close())
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    asked,
    close: () => void server.close(),
  }
}

export interface Waiting {
  readonly ask: Ask
  /** How long it would have waited, each time, in ms. */
  readonly waited: readonly number[]
}

/** Pauses pass at once; deadlines never come. */
export function impatient(now = Date.now()): Waiting {
  const waited: number[] = []
  const timers: Timers = {
    now: () => unixMillis(now),
    after(ms, call) {
      if (ms === WHOLE_MS) return () => undefined
      waited.push(ms)
      const timer = setImmediate(call)
      return () => clearImmediate(timer)
    },
  }
  return { ask: createAsk(timers), waited }
}

const WHOLE_MS = 60_000
