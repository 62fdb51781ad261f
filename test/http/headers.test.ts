/** Status, type, cache and CORS of every kind of answer, as one table. */

import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { fill } from '../e2e/fill.ts'
import { ask, ENTRIES, startServer } from './support.ts'

const SHOWN = [
  'content-type',
  'cache-control',
  'access-control-allow-origin',
  'vary',
  'content-encoding',
  'retry-after',
]

const TABLE = `
GET /checkpoint                          200 text/plain; charset=utf-8 | no-cache | *
GET /api/v2/checkpoint                   200 text/plain; charset=utf-8 | no-cache | *
GET /logs/v2/checkpoint                  200 text/plain; charset=utf-8 | no-cache | *
GET /tile/0/000                          200 application/octet-stream | public, max-age=31536000, immutable | *
GET /tile/0/000.p/200                    200 application/octet-stream | public, max-age=31536000, immutable | *
GET /api/v2/tile/1/000.p/1               200 application/octet-stream | public, max-age=31536000, immutable | *
GET /tile/entries/000                    200 application/octet-stream | public, max-age=31536000, immutable | * | accept-encoding
GET /logs/v2/tile/entries/001.p/1        200 application/octet-stream | public, max-age=31536000, immutable | * | accept-encoding
GET /tile/0/001                          404 application/json; charset=utf-8 | no-store | *
GET /tile/0/1                            400 application/json; charset=utf-8 | no-store | *
GET /logs/none/checkpoint                404 application/json; charset=utf-8 | no-store | *
GET /nothing                             404 application/json; charset=utf-8 | no-store
GET /healthz                             200 application/json; charset=utf-8 | no-store
GET /readyz                              200 application/json; charset=utf-8 | no-store
GET /metrics                             200 text/plain; version=0.0.4; charset=utf-8
GET /trust/trusted_root.json             200 application/json; charset=utf-8 | no-cache | *
PUT /checkpoint                          405 application/json; charset=utf-8 | no-store
POST ${ENTRIES}                 400 application/json; charset=utf-8 | no-store`

t.test('headers', async (t) => {
  const server = await startServer(t)
  await fill(server.url, 258)
  const rows = TABLE.trim().split('\n')
  for (const row of rows) {
    const [, method = '', path = ''] = /^(\S+) (\S+)/.exec(row) ?? []
    const { status, headers } = await ask(server, path, { method, ...(method === 'POST' && { body: '{' }) })
    const shown = SHOWN.flatMap((name) => headers[name] ?? []).join(' | ')
    t.equal(`${`${method} ${path}`.padEnd(40)} ${status} ${shown}`, row)
  }
})

const GZIP: readonly [accepted: string | undefined, compressed: boolean][] = [
  [undefined, false],
  ['', false],
  ['identity', false],
  ['gzip', true],
  ['GZIP', true],
  ['gzip, deflate, br', true],
  ['br;q=1.0, gzip;q=0.8, *;q=0.1', true],
  ['gzip;q=0', false],
  ['gzip;q=0.000', false],
  ['gzip ; q=0.001', true],
  ['gzip;q=1.000', true],
  ['gzip;q=2', false],
  ['gzip;q=x', false],
  ['*', true],
  ['*;q=0', false],
  ['gzip;q=0, *', false],
  ['*;q=0, gzip', true],
  ['*, gzip;q=0', false],
  ['xgzip', false],
  ['br, deflate', false],
]

t.test('gzip for bundles', async (t) => {
  const server = await startServer(t)
  await fill(server.url, 20)
  const path = '/tile/entries/000.p/20'
  const plain = await ask(server, path)
  t.ok(plain.bytes.length > 1000)
  for (const [accepted, compressed] of GZIP) {
    const headers = accepted === undefined ? {} : { 'accept-encoding': accepted }
    const answer = await ask(server, path, { headers })
    const name = accepted ?? 'no header'
    t.equal(answer.headers['content-encoding'], compressed ? 'gzip' : undefined, name)
    t.equal(answer.headers.vary, 'accept-encoding', `${name}: vary`)
    t.equal(answer.headers['content-length'], String(answer.bytes.length), `${name}: length`)
    t.same(compressed ? gunzipSync(answer.bytes) : answer.bytes, plain.bytes, `${name}: the same entries`)
  }
  const hashes = await ask(server, '/tile/0/000.p/20', { headers: { 'accept-encoding': 'gzip' } })
  t.equal(hashes.headers['content-encoding'], undefined, 'hashes do not compress')
})
