import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { utf8 } from '../../src/kernel/bytes.ts'
import type { Clock } from '../../src/log/ports.ts'
import { parseCopyUrl, readUrl } from '../../src/storage/http-copy.ts'

/** Waits end at once, and long ones never, unless a test ends them. */
function quickClock(): Pick<Clock, 'after'> & { pauses: number; readonly long: (() => void)[] } {
  const clock = {
    pauses: 0,
    long: [] as (() => void)[],
    after(ms: number, run: () => void) {
      if (ms < 10_000) {
        clock.pauses++
        setImmediate(run)
      } else clock.long.push(run)
      return () => undefined
    },
  }
  return clock
}

async function serve(t: Test, answer: RequestListener): Promise<URL> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return parseCopyUrl(`http://127.0.0.1:${port}/logs/v2`)
}

t.test('a resource is read below the prefix', async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.url === '/logs/v2/checkpoint') response.end('here')
    else if (request.url === '/logs/v2/packed')
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('there'))
    else response.writeHead(request.url === '/logs/v2/gone' ? 410 : 404).end('no')
  })
  const read = readUrl(url, quickClock())
  t.same(await read('checkpoint', 4), utf8('here'))
  t.same(await read('packed', 5), utf8('there'))
  t.equal(await read('tile/0/000', 9), null)
  t.equal(await read('gone', 9), null)
  await t.rejects(read('checkpoint', 3), { code: 'COPY_REFUSED', message: /above 3 bytes/ })
})

t.test('a small answer that unpacks to a large one is cut off', async (t) => {
  const bomb = gzipSync(Buffer.alloc(50 * 2 ** 20))
  const url = await serve(t, (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb))
  await t.rejects(readUrl(url, quickClock())('checkpoint', 1000), { code: 'COPY_REFUSED', message: /above 1000 bytes/ })
})

t.test('redirects are not followed, other answers are no copy', async (t) => {
  let asked = 0
  const url = await serve(t, (request, response) => {
    asked++
    if (request.url?.endsWith('moved')) response.writeHead(302, { location: '/elsewhere' }).end()
    else response.writeHead(403).end()
  })
  const read = readUrl(url, quickClock())
  await t.rejects(read('moved', 9), { code: 'COPY_REFUSED', message: /answered 302/ })
  await t.rejects(read('secret', 9), { code: 'COPY_REFUSED', message: /answered 403/ })
  t.equal(asked, 2, 'and not asked for again')
})

t.test('what may pass is tried three times', async (t) => {
  let asked = 0
  const url = await serve(t, (request, response) => {
    asked++
    if (request.url?.endsWith('cut')) request.socket.destroy()
    else response.writeHead(asked % 3 === 0 ? 200 : 503).end('at last')
  })
  const clock = quickClock()
  t.same(await readUrl(url, clock)('checkpoint', 9), utf8('at last'))
  t.equal(clock.pauses, 2)
  asked = 0
  await t.rejects(readUrl(url, clock)('cut', 9), {
    code: 'COPY_REFUSED',
    message: /\/cut: (other side closed|.*ECONNRESET)/,
  })
  t.equal(asked, 3)
})

t.test('a server that says nothing is not waited for', async (t) => {
  const clock = quickClock()
  const url = await serve(t, (_, response) => {
    response.writeHead(200).write('half')
    setTimeout(() => clock.long.at(-1)?.(), 20)
  })
  await t.rejects(readUrl(url, clock)('checkpoint', 99), { code: 'COPY_REFUSED', message: /nothing came for 30 s/ })
})

t.test('where a copy may be', async (t) => {
  t.equal(parseCopyUrl('https://mirror.example/a/b').href, 'https://mirror.example/a/b/')
  for (const text of [
    'ftp://a/',
    'file:///etc',
    'https://user@a/',
    'https://:pw@a/',
    'https://a/?q',
    'https://a/#f',
    'http://',
    'x',
  ])
    t.throws(() => parseCopyUrl(text), { code: 'COPY_REFUSED' }, text)
})
