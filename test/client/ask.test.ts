import { once } from 'node:events'
import { createServer } from 'node:http'
import t from 'tap'
import { bearer, below, createAsk, readAnswer, refusal, requirePrivate } from '../../src/client/ask.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import { refusal as refused } from '../formats/support.ts'
import { fakeService, impatient, type Reply } from './support.ts'

const OK: Reply = { status: 201, body: 'yes', headers: { 'x-a': 'b' } }

t.test('a question and its answer', async (t) => {
  const service = await fakeService(t, () => OK)
  const { ask, waited } = impatient()
  const headers = bearer('secret')
  const answer = await ask({ url: `${service.url}/path`, body: '{}', type: 'application/json', headers })
  t.match(answer, { status: 201, bytes: Buffer.from('yes') })
  t.equal(answer.header('X-A'), 'b')
  t.match(service.asked, [{ method: 'POST', path: '/path', body: Buffer.from('{}') }])
  t.match(service.asked[0]?.headers, { 'content-type': 'application/json', authorization: 'Bearer secret' })
  await ask({ url: `${service.url}/`, headers: bearer(null) })
  t.match(service.asked[1], { method: 'GET' })
  t.notOk(service.asked[1]?.headers.authorization)
  t.same(waited, [])
})

t.test('what fails in passing is asked again, for a while', async (t) => {
  for (const [name, first, waits] of [
    ['a cut connection', null, [1000]],
    ['429 with seconds', { status: 429, headers: { 'retry-after': '7' } }, [7000]],
    ['503 with a date', { status: 503, headers: { 'retry-after': 'Thu, 01 Jan 1970 00:00:20 GMT' } }, [20_000]],
    ['503 with a date gone by', { status: 503, headers: { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' } }, [0]],
    ['502 without a word', { status: 502 }, [1000]],
    ['503 with nonsense', { status: 503, headers: { 'retry-after': 'soon' } }, [1000]],
  ] as const) {
    const service = await fakeService(t, (_, nth) => (nth === 1 ? first : OK))
    const { ask, waited } = impatient(0)
    t.equal((await ask({ url: service.url })).status, 201, name)
    t.same(waited, waits, name)
  }
})

t.test('patience ends', async (t) => {
  const busy = await fakeService(t, () => ({ status: 503, body: '{"message":"reached max pushback"}' }))
  const { ask, waited } = impatient()
  await t.rejects(ask({ url: busy.url }), {
    code: 'SERVICE_UNREACHABLE',
    message: /answered 503: reached max pushback$/,
  })
  t.same(waited, [1000, 2000, 4000])
  t.equal(busy.asked.length, 4)
  const away = await fakeService(t, () => ({ status: 503, headers: { 'retry-after': '3600' } }))
  const other = impatient()
  await t.rejects(other.ask({ url: away.url }), { code: 'SERVICE_UNREACHABLE', message: /try again after 3600/ })
  t.equal(away.asked.length, 1, 'an hour is not waited for')
  const gone = await fakeService(t, () => OK)
  gone.close()
  await t.rejects(impatient().ask({ url: gone.url }), { code: 'SERVICE_UNREACHABLE', message: /ECONNREFUSED/ })
})

t.test('a deadline, and an answer without end', async (t) => {
  const service = await fakeService(t, () => ({ status: 200, body: new Uint8Array(5 * 1024 * 1024) }))
  await t.rejects(impatient().ask({ url: service.url }), {
    code: 'SERVICE_UNREACHABLE',
    message: /above 4194304 bytes/,
  })
  const ask = createAsk({
    now: () => unixMillis(0),
    after(_ms, call) {
      call() // at once
      return () => undefined
    },
  })
  await t.rejects(ask({ url: service.url }), { code: 'SERVICE_UNREACHABLE', message: /no answer within 60 s/ })
})

t.test('whoever is to stop waits for nobody', async (t) => {
  let asked = 0
  let status: number | null = null
  const server = createServer((_, response) => {
    asked++
    if (status !== null) response.writeHead(status).end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  for (const answers of [null, 503]) {
    ;[status, asked] = [answers, 0]
    const stop = new AbortController()
    const timers = { now: () => unixMillis(0), after: () => () => undefined }
    const asking = createAsk(timers, stop.signal)({ url })
    const refusal = t.rejects(asking, { code: 'SERVICE_UNREACHABLE' })
    while (asked === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => setTimeout(resolve, 50))
    stop.abort(new Error('it is stopped'))
    await refusal
    t.equal(asked, 1, 'and asks nobody again')
  }
})

t.test('redirects lead nowhere', async (t) => {
  const target = await fakeService(t, () => OK)
  const service = await fakeService(t, () => ({ status: 307, headers: { location: target.url } }))
  const answer = await impatient().ask({ url: service.url, body: '{}' })
  t.equal(answer.status, 307)
  t.same(target.asked, [])
})

t.test('refusals say what was said, on one line, and no secret', async (t) => {
  const said = (body: string, secret?: string) =>
    refusal('https://log.example', { status: 400, header: () => null, bytes: Buffer.from(body) }, secret ?? null)
      .message
  t.equal(said('{"message":"bad\\u001b[31m\\nkey"}'), 'https://log.example: answered 400: bad [31m key')
  t.equal(said('plain'), 'https://log.example: answered 400: plain')
  t.equal(said(''), 'https://log.example: answered 400')
  t.equal(said('{"message":"token abc is bad"}', 'abc'), 'https://log.example: answered 400: token … is bad')
  t.ok(said('x'.repeat(10_000)).length < 400)
})

t.test('answers that cannot be read', async (t) => {
  const answer = { status: 200, header: () => null, bytes: Buffer.from('{') }
  t.match(
    refused(() => readAnswer('u', answer, () => 1)),
    /^SERVICE_REFUSED u: its answer cannot be read: /,
  )
  const bug = { ...answer, bytes: Buffer.from('{}') }
  t.throws(
    () =>
      readAnswer('u', bug, () => {
        throw new TypeError('a bug')
      }),
    TypeError,
  )
})

t.test('where secrets may go', async (t) => {
  for (const url of [
    'https://a',
    'http://localhost',
    'http://localhost:1/x',
    'http://127.0.0.1:3000',
    'http://[::1]:1',
  ])
    t.doesNotThrow(() => requirePrivate(url), url)
  for (const url of [
    'http://a',
    'http://localhost.example',
    'http://127.0.0.1.example',
    'http://localhost@a',
    'ftp://a',
  ])
    t.match(
      refused(() => requirePrivate(url)),
      /^CONFIG_INVALID /,
      url,
    )
  t.equal(below('https://a//', '/b'), 'https://a/b')
})
