/** Too much, too slowly, too many: cut by the limits, and nobody else notices. */

import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import t from 'tap'
import { startLogs } from '../../src/cli/data.ts'
import { Logs } from '../../src/http/logs.ts'
import { createMetrics } from '../../src/http/metrics.ts'
import { createServer, type Limits } from '../../src/http/server.ts'
import { quorumNone } from '../../src/log/witnesses.ts'
import { createLogIn } from '../../src/storage/create-log.ts'
import { createDataDirectory } from '../../src/storage/data-directory.ts'
import { ratchetDirectory } from '../../src/storage/ratchets.ts'
import { type Scope, scratch, testWorld } from '../cli/support.ts'
import { startServer as spawnServer } from '../e2e/support.ts'
import { ecKey, hashedRekordBody } from './requests.ts'
import { answers, ask, ENTRIES, postEntry, said } from './support.ts'

const POST = `POST ${ENTRIES} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`

async function startLimited(scope: Scope, limits: Partial<Limits>): Promise<{ port: number }> {
  const dir = scratch(scope)
  const { clock } = testWorld()
  const data = await createDataDirectory({
    dir,
    ratchets: ratchetDirectory(join(dir, 'ratchet')),
    passphrase: undefined,
  })
  await createLogIn(data, { slug: 'v2', dialect: 'rekor-v2', origin: 'localhost' }, clock.now())
  const quiet = {
    onStep: () => () => undefined,
    witnesses: () => quorumNone,
    onPublishDelayed: () => undefined,
    onFailure: () => undefined,
  }
  const logs = await startLogs(data, { clock, ...quiet })
  const server = createServer({
    logs: new Logs(logs),
    after: clock.after,
    metrics: createMetrics(),
    logger: pino({ level: 'silent' }),
    rekorV2: { duplicates: 'return', attachmentLimit: 0 },
    rekorV1: { duplicates: 'return', attachmentLimit: 0 },
    trust: () => new Map(),
    limits,
  })
  await server.listen({ host: '127.0.0.1', port: 0 })
  scope.teardown(async () => {
    server.server.closeAllConnections()
    await server.close()
    await Promise.all(logs.map((log) => log.close()))
    await data.close()
  })
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port }
}

interface Dribble {
  readonly socket: Socket
  /** What came back until the server had enough. */
  readonly end: Promise<{ readonly text: string }>
}

/** Sends `start` at once, and then a byte now and then until the server has enough. */
function dribble({ port }: { port: number }, start: string, everyMs = 50): Dribble {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  socket.write(start)
  const timer = setInterval(() => socket.write('a'), everyMs)
  const end = new Promise<{ text: string }>((resolve) =>
    socket.on('close', () => {
      clearInterval(timer)
      resolve({ text })
    }),
  )
  return { socket, end }
}

const QUICK = { headersMs: 600, requestMs: 1000, socketIdleMs: 800, checkMs: 50 }

t.test('one byte at a time', async (t) => {
  const server = await startLimited(t, QUICK)
  const slow = {
    'the method': dribble(server, 'P'),
    'a header': dribble(server, `${POST}X-A: `),
    'a body': dribble(server, `${POST}Content-Length: 1000\r\n\r\n{`),
    'a chunk': dribble(server, `${POST}Transfer-Encoding: chunked\r\n\r\n200\r\n{`),
  }
  const many = Array.from({ length: 100 }, () => dribble(server, `${POST}Content-Length: 4000000\r\n\r\n{`))
  const key = ecKey()
  for (let i = 0; i < 10; i++) {
    t.equal((await postEntry(server, hashedRekordBody(key))).status, 201, 'others are served meanwhile')
    t.equal((await ask(server, '/checkpoint')).status, 200)
  }
  for (const [name, { end }] of Object.entries(slow)) {
    const { text } = await end
    // A method of one letter repeated is malformed before it is late.
    const expected = name === 'the method' ? ['400 REQUEST_MALFORMED'] : ['408 REQUEST_TIMEOUT']
    t.same(answers(text), expected, name)
  }
  for (const { end } of many) t.same(answers((await end).text), ['408 REQUEST_TIMEOUT'])
  const silent = dribble(server, '', 60_000)
  t.same(answers((await silent.end).text), ['408 REQUEST_TIMEOUT'], 'and a silent one')
  t.equal((await postEntry(server, hashedRekordBody(key))).status, 201)
})

t.test('what all bodies together may take', async (t) => {
  const server = await startLimited(t, { bodiesBytes: 2 ** 20 })
  const key = ecKey()
  const announce = (count: number) =>
    Array.from({ length: count }, () => dribble(server, `${POST}Content-Length: 4000000\r\n\r\n{`, 60_000))
  const few = announce(60)
  await sleep(100)
  t.equal((await postEntry(server, hashedRekordBody(key))).status, 201, 'announcing 240 MB takes little from anyone')
  const more = announce(4) // 64 · 16 KiB, the least that a body holds
  await sleep(100)
  const refused = await postEntry(server, hashedRekordBody(key))
  t.match(said(refused), /^503 LOG_BUSY too many requests are being received/, 'what is held counts')
  t.equal(refused.headers['retry-after'], '1')
  t.equal((await ask(server, '/checkpoint')).status, 200, 'reads go on')
  for (const { socket } of [...few, ...more]) socket.destroy()
  await sleep(100)
  for (let i = 0; i < 50; i++)
    t.equal((await postEntry(server, hashedRekordBody(key))).status, 201, 'all of it is given back')
})

t.test('how many connections there may be', async (t) => {
  const server = await startLimited(t, { connections: 20 })
  const held = Array.from({ length: 20 }, () => dribble(server, 'GET /checkpoint HTTP/1.1\r\nX-A: ', 60_000))
  await sleep(100)
  await t.rejects(ask(server, '/checkpoint'), 'one more is refused')
  for (const { socket } of held) socket.destroy()
  await sleep(100)
  t.equal((await ask(server, '/checkpoint')).status, 200, 'until there is room')
})

/** Peak resident memory, in MiB. */
function peak(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

/** Sends until there is an answer, or all is sent. */
async function pour(url: string, head: string, piece: string, times: number): Promise<{ text: string; sent: number }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let [text, sent] = ['', 0]
  const answered = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      resolve()
    })
    socket.on('close', () => resolve())
  })
  socket.on('error', () => undefined)
  socket.write(head)
  for (; sent < times && text === '' && !socket.destroyed; sent++)
    if (!socket.write(piece)) await Promise.race([answered, new Promise((resolve) => socket.once('drain', resolve))])
  await answered
  socket.destroy()
  return { text, sent: sent * piece.length }
}

const MEBIBYTE = `100000\r\n${' '.repeat(2 ** 20)}\r\n`
const CRUMBS = `${'1\r\n \r\n'.repeat(2 ** 20)}0\r\n\r\n`

t.test('memory stays flat', { skip: process.platform !== 'linux' && 'reads /proc' }, async (t) => {
  const server = await spawnServer(join(scratch(t), 'data'))
  t.teardown(() => server.kill())
  const port = Number(new URL(server.url).port)
  const key = ecKey()
  const head = `${POST}Transfer-Encoding: chunked\r\n\r\n`
  const four = <T>(once: () => Promise<T>) => Promise.all(Array.from({ length: 4 }, once))

  async function everythingTooLarge(): Promise<void> {
    for (const { text, sent } of await four(() => pour(server.url, head, MEBIBYTE, 100))) {
      t.same(answers(text), ['413 BODY_TOO_LARGE'], '100 MB in chunks')
      t.ok(sent < 100 * 2 ** 20, 'and not to the end')
    }
    for (const { text } of await four(() => pour(server.url, head, CRUMBS, 1)))
      t.same(answers(text), ['400 REQUEST_MALFORMED'], 'a million chunks of a byte')
    const many = await Promise.all(Array.from({ length: 32 }, () => postEntry({ port }, Buffer.alloc(2 ** 20, '['))))
    t.same(new Set(many.map(said)).size, 1, 'a mebibyte from 32 at once')
  }

  for (let i = 0; i < 50; i++) await postEntry({ port }, hashedRekordBody(key))
  // The garbage collector takes its time: the first rounds fill what it leaves, the later ones must fit into that.
  const peaks: number[] = []
  for (let round = 0; round < 6; round++) {
    await everythingTooLarge()
    peaks.push(Math.round(peak(server.pid)))
  }
  const [, , third = 0] = peaks
  t.ok((peaks.at(-1) ?? 0) - third < 128, `${peaks.join(', ')} MiB after each round`)
  t.equal((await postEntry({ port }, hashedRekordBody(key))).status, 201)
})
