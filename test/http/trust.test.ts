/** Trust files over HTTP: bytes, types, caches, and paths that mean nothing. */

import Fastify from 'fastify'
import t from 'tap'
import { sendError } from '../../src/http/errors.ts'
import { trust } from '../../src/http/trust.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { ask } from './support.ts'

const HASHED = `tuf/targets/${'a'.repeat(64)}.trusted_root.json`
const NAMES = [
  'index.json',
  'trusted_root.json',
  'v2.vkey',
  'v2.pem',
  'policy',
  'tuf/1.root.json',
  'tuf/timestamp.json',
  'tuf/29.snapshot.json',
  'tuf/29.targets.json',
  HASHED,
]

let files: ReadonlyMap<string, Uint8Array> = new Map(NAMES.map((name) => [name, utf8(`the content of ${name}`)]))
const app = Fastify({ routerOptions: { maxParamLength: 512 } })
app.setErrorHandler(sendError)
app.register(trust(() => files))
const address = await app.listen({ port: 0, host: '127.0.0.1' })
t.teardown(() => app.close())
const server = { port: Number(new URL(address).port) }

const IMMUTABLE = 'public, max-age=31536000, immutable'
const TABLE: readonly (readonly [path: string, type: string, cache: string])[] = [
  ['index.json', 'application/json; charset=utf-8', 'no-cache'],
  ['trusted_root.json', 'application/json; charset=utf-8', 'no-cache'],
  ['v2.vkey', 'text/plain; charset=utf-8', 'no-cache'],
  ['v2.pem', 'application/x-pem-file', 'no-cache'],
  ['policy', 'text/plain; charset=utf-8', 'no-cache'],
  ['tuf/1.root.json', 'application/json; charset=utf-8', 'no-cache'],
  ['tuf/timestamp.json', 'application/json; charset=utf-8', 'no-cache'],
  ['tuf/29.snapshot.json', 'application/json; charset=utf-8', IMMUTABLE],
  ['tuf/29.targets.json', 'application/json; charset=utf-8', IMMUTABLE],
  [HASHED, 'application/json; charset=utf-8', IMMUTABLE],
]

t.test('each file', async (t) => {
  for (const [path, type, cache] of TABLE) {
    const { status, headers, text } = await ask(server, `/trust/${path}`)
    const shown = [status, headers['content-type'], headers['cache-control'], headers['access-control-allow-origin']]
    t.same(shown, [200, type, cache, '*'], path)
    t.equal(text, `the content of ${path}`)
  }
  t.equal((await ask(server, '/trust/')).text, 'the content of index.json', 'the path alone is the index')
  t.equal((await ask(server, '/trust/policy?x=1')).text, 'the content of policy')
  t.equal((await ask(server, '/trust/policy', { method: 'HEAD' })).headers['content-length'], '21')
})

t.test('paths that mean nothing', async (t) => {
  for (const path of [
    'none',
    'tuf/',
    'tuf',
    'policy/',
    '/policy',
    '%70olicy',
    'tuf%2ftimestamp.json',
    '../trust/policy',
    'constructor',
  ]) {
    const { status, headers } = await ask(server, `/trust/${path}`)
    t.same([status, headers['cache-control'], headers['access-control-allow-origin']], [404, 'no-store', '*'], path)
  }
  t.equal((await ask(server, '/trust')).status, 404)
  for (const path of ['/trust/', '/trust/policy'])
    t.match(
      await ask(server, path, { method: 'POST', body: '{}' }),
      { status: 405, headers: { allow: 'GET, HEAD' } },
      path,
    )
})

t.test('the newest files', async (t) => {
  files = new Map([['policy', utf8('new')]])
  t.equal((await ask(server, '/trust/policy')).text, 'new')
  t.equal((await ask(server, '/trust/trusted_root.json')).status, 404)
})
