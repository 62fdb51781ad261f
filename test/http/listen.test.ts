/** Where a server listens, and what it leaves there. */

import { existsSync, linkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../../src/cli/run.ts'
import { formatEndpoint, settlePort } from '../../src/http/listen.ts'
import { type Scope, scratch, testWorld } from '../cli/support.ts'
import { freePort } from '../e2e/support.ts'
import { ask, startServer } from './support.ts'

async function serve(scope: Scope, data: string, listen: string, ...flags: readonly string[]) {
  const world = testWorld({}, true)
  const argv = [
    'serve',
    '--listen',
    listen,
    '--data',
    data,
    '--url',
    'http://localhost',
    '--log-level',
    'silent',
    ...flags,
  ]
  const ended = run(argv, world)
  const stop = () => {
    world.stop()
    return ended
  }
  scope.teardown(stop)
  while (!world.printed().includes('listens on')) {
    const code = await Promise.race([ended, new Promise<null>((resolve) => setTimeout(resolve, 5, null))])
    if (code !== null) return { code, warned: world.warned(), printed: '', stop }
  }
  return { code: null, warned: '', printed: world.printed(), stop }
}

function askSocket(socketPath: string, path: string, headers = {}): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    call.on('error', reject).end()
  })
}

t.test('a unix socket', async (t) => {
  const [data, path] = [scratch(t), join(scratch(t), 'http.sock')]
  const server = await serve(t, data, `unix:${path}`)
  t.match(server.printed, `listens on unix:${path}, for clients at http://localhost\n`)
  t.equal(statSync(path).mode & 0o777, 0o660)
  t.equal((await askSocket(path, '/healthz')).text, '{"status":"SERVING"}')
  t.equal((await askSocket(path, '/healthz', { 'x-forwarded-host': '!' })).status, 200, 'no proxy is trusted')

  t.match(await serve(t, scratch(t), `unix:${path}`), { code: 3, warned: /EADDRINUSE/ }, 'a live one is not taken over')
  t.equal((await askSocket(path, '/healthz')).status, 200)
  t.equal(await server.stop(), 0)
  t.notOk(existsSync(path), 'removed at the end')

  const trusting = await serve(t, data, `unix:${path}`, '--trusted-proxies', 'unix')
  t.equal((await askSocket(path, '/healthz', { 'x-forwarded-host': '!' })).status, 400, 'whoever opens the socket is')
  await trusting.stop()
})

t.test('what stands where a socket should be', async (t) => {
  const dir = scratch(t)
  const stale = join(dir, 'stale.sock')
  // A second name keeps the file when its server ends, as a kill -9 would.
  const dead = createServer().listen(stale)
  await new Promise((resolve) => dead.once('listening', resolve))
  const left = join(dir, 'left.sock')
  linkSync(stale, left)
  await new Promise((resolve) => dead.close(resolve))
  t.ok(statSync(left).isSocket(), 'a socket that nobody serves')
  const server = await serve(t, scratch(t), `unix:${left}`)
  t.equal(server.code, null, 'is replaced')
  t.equal((await askSocket(left, '/healthz')).status, 200)
  await server.stop()

  const file = join(dir, 'file')
  writeFileSync(file, 'mine')
  symlinkSync(file, join(dir, 'link'))
  for (const path of [file, join(dir, 'link')]) {
    t.match(await serve(t, scratch(t), `unix:${path}`), { code: 3, warned: /EADDRINUSE/ }, 'any other file is not')
    t.ok(existsSync(path))
  }
  t.match(await serve(t, scratch(t), `unix:${dir}/none/http.sock`), { code: 3, warned: /^.*(ENOENT|EACCES)/s })
})

t.test('a free port is chosen before anything names it', async (t) => {
  const settled = await settlePort({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  t.match(formatEndpoint(settled), /^127\.0\.0\.1:[1-9][0-9]+$/)
  for (const each of [settled, { kind: 'unix', path: '/a' }] as const) t.equal(await settlePort(each), each)
  t.equal(formatEndpoint({ kind: 'tcp', host: '::1', port: 80 }), '[::1]:80')
  t.equal(formatEndpoint({ kind: 'unix', path: '/a' }), 'unix:/a')

  const server = await startServer(t)
  const root = JSON.parse((await ask(server, '/trust/trusted_root.json')).text)
  t.equal(root.tlogs[0].baseUrl, `http://localhost:${server.port}`)
  t.match(server.world.printed(), `for clients at http://localhost:${server.port}\n`)
})

t.test('localhost is one address', async (t) => {
  const port = await freePort()
  const server = await serve(t, scratch(t), `localhost:${port}`)
  t.match(server.printed, /listens on http:\/\/(127\.0\.0\.1|\[::1\]):\d+/)
  await server.stop()
})

t.test('metrics on a listener of their own', async (t) => {
  const port = await freePort()
  const server = await startServer(t, ['--metrics-listen', `127.0.0.1:${port}`])
  t.equal((await ask(server, '/metrics')).status, 404)
  const metrics = await ask({ port }, '/metrics')
  t.equal(metrics.status, 200)
  t.match(
    metrics.text,
    'colophon_http_request_seconds_count{route="none",status="404"} 1',
    'it counts what the other answers',
  )
  for (const each of [server, { port }])
    for (const path of ['/healthz', '/readyz']) t.equal((await ask(each, path)).status, 200, path)
  t.equal((await ask({ port }, '/checkpoint')).status, 404, 'and it has nothing else')
  t.equal((await ask({ port }, '/metrics', { method: 'POST' })).status, 405)
  t.equal((await ask({ port }, '/metrics', { method: 'POST', body: '{}' })).status, 405)
  t.equal(await server.stop(), 0)
  await t.rejects(ask({ port }, '/healthz'), 'both end')

  const taken = createServer().listen(port, '127.0.0.1')
  t.teardown(() => taken.close())
  await t.rejects(startServer(t, ['--metrics-listen', `127.0.0.1:${port}`]), /exit 3: .*EADDRINUSE/s)
})
