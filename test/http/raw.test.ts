/** What is not quite HTTP: each spelling gets its answer, none of them reaches a log. */

import t from 'tap'
import { answers, ask, ENTRIES, exchange, startServer } from './support.ts'

const HOST = 'Host: localhost\r\n'
const JSON_TYPE = 'Content-Type: application/json\r\n'

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\n${HOST}${headers}\r\n`
const post = (headers: string, body = '') => `POST ${ENTRIES} HTTP/1.1\r\n${HOST}${JSON_TYPE}${headers}\r\n${body}`

const TABLE: readonly [name: string, sent: string, expected: string[]][] = [
  ['not HTTP at all', '\x16\x03\x01\x02\x00\x01\x00', ['400 REQUEST_MALFORMED']],
  ['an unknown method', `BREW /checkpoint HTTP/1.1\r\n${HOST}\r\n`, ['400 REQUEST_MALFORMED']],
  ['a known method that no path takes', `PROPFIND /checkpoint HTTP/1.1\r\n${HOST}\r\n`, ['404 NOT_FOUND']],
  ['bare line feeds', `GET /checkpoint HTTP/1.1\n${HOST}\n`, ['400 REQUEST_MALFORMED']],
  ['an obs-fold', get('/checkpoint', 'X-A: b\r\n c\r\n'), ['400 REQUEST_MALFORMED']],
  ['NUL in the path', get('/check\0point'), ['400 REQUEST_MALFORMED']],
  ['NUL in a header', get('/checkpoint', 'X-A: a\0b\r\n'), ['400 REQUEST_MALFORMED']],
  ['%00 in the path', get('/check%00point'), ['400 FIELD_INVALID']],
  ['a letter in percent', get('/%63heckpoint'), ['400 FIELD_INVALID']],
  ['of a log', get('/logs/%76%32'), ['400 FIELD_INVALID']],
  ['of an index', get('/logs/v2/entries/%30'), ['400 FIELD_INVALID']],
  ['a percent sign in the query', get('/checkpoint?a=%63'), ['200']],
  ['UTF-8 in the path', get('/tile/0/\u0660'), ['400 REQUEST_MALFORMED']],
  ['a broken percent sign', get('/%zz'), ['400 REQUEST_MALFORMED']],
  ['%2e%2e', get('/tile/%2e%2e/checkpoint'), ['400 FIELD_INVALID']],
  ['..', get('/tile/../checkpoint'), ['400 TILE_PATH_MALFORMED']],
  ['.. over a log', get('/logs/../checkpoint'), ['404 LOG_UNKNOWN']],
  ['an uppercase path', get('/CHECKPOINT'), ['404 NOT_FOUND']],
  ['a slash at the end', get('/checkpoint/'), ['404 NOT_FOUND']],
  ['two slashes', get('//checkpoint'), ['404 NOT_FOUND']],
  ['a path of 10,000 characters', get(`/${'a'.repeat(10_000)}`), ['404 NOT_FOUND']],
  ['a log name of 600 characters', get(`/logs/${'a'.repeat(600)}/checkpoint`), ['400 REQUEST_MALFORMED']],
  ['a header of 1 MB', get('/checkpoint', `X-A: ${'a'.repeat(1_000_000)}\r\n`), ['431 HEADER_TOO_LARGE']],
  ['5,000 headers', get('/checkpoint', 'X-A: aaaaaa\r\n'.repeat(5000)), ['431 HEADER_TOO_LARGE']],
  ['no Host', 'GET /checkpoint HTTP/1.1\r\n\r\n', ['400 REQUEST_MALFORMED']],
  ['two Hosts', get('/checkpoint', 'Host: other\r\n'), ['400 REQUEST_MALFORMED']],
  ['HTTP/1.0 without Host', 'GET /checkpoint HTTP/1.0\r\n\r\n', ['200']],
  ['the absolute form', get('http://localhost/checkpoint'), ['200']],
  [
    'Content-Length and chunked',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    ['400 REQUEST_MALFORMED'],
  ],
  ['two Content-Lengths', post('Content-Length: 2\r\nContent-Length: 2\r\n', '{}'), ['400 REQUEST_MALFORMED']],
  ['two lengths in one', post('Content-Length: 2, 2\r\n', '{}'), ['400 REQUEST_MALFORMED']],
  ['a signed Content-Length', post('Content-Length: +2\r\n', '{}'), ['400 REQUEST_MALFORMED']],
  ['a hex Content-Length', post('Content-Length: 0x2\r\n', '{}'), ['400 REQUEST_MALFORMED']],
  ['gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n', '2\r\n{}\r\n0\r\n\r\n'), ['415 BODY_TYPE']],
  [
    'chunked, chunked',
    post('Transfer-Encoding: chunked, chunked\r\n', '2\r\n{}\r\n0\r\n\r\n'),
    ['400 REQUEST_MALFORMED'],
  ],
  [
    'chunked, but not last',
    post('Transfer-Encoding: chunked, gzip\r\n', '2\r\n{}\r\n0\r\n\r\n'),
    ['400 REQUEST_MALFORMED'],
  ],
  ['a malformed chunk', post('Transfer-Encoding: chunked\r\n', 'zz\r\n{}\r\n0\r\n\r\n'), ['400 REQUEST_MALFORMED']],
  ['a compressed body', post('Content-Encoding: gzip\r\nContent-Length: 2\r\n', '{}'), ['415 BODY_TYPE']],
  ['100 MB declared', post('Content-Length: 104857600\r\n', '{'), ['413 BODY_TOO_LARGE']],
  [
    '100 MB declared, asking first',
    post('Content-Length: 104857600\r\nExpect: 100-continue\r\n'),
    ['413 BODY_TOO_LARGE'],
  ],
  ['a little, asking first', post('Content-Length: 2\r\nExpect: 100-continue\r\n', '{}'), ['100', '400 FIELD_MISSING']],
  ['another expectation', post('Content-Length: 2\r\nExpect: a miracle\r\n', '{}'), ['400 REQUEST_MALFORMED']],
  ['no body', post(''), ['400 JSON_MALFORMED']],
  ['an empty body', post('Content-Length: 0\r\n'), ['400 JSON_MALFORMED']],
  ['a body with a GET', get('/checkpoint', 'Content-Length: 2\r\n').concat('{}'), ['200']],
  [
    'three in a pipeline',
    get('/healthz') + post('Content-Length: 2\r\n', '{}') + get('/tile/0/007'),
    ['200', '400 FIELD_MISSING', '404 NOT_FOUND'],
  ],
  [
    'a malformed one in a pipeline',
    get('/healthz') + post('Content-Length: 2\r\nContent-Length: 9\r\n', '{}'),
    ['400 REQUEST_MALFORMED'],
  ],
]

t.test('malformed requests', async (t) => {
  const server = await startServer(t)
  for (const [name, sent, expected] of TABLE) {
    const text = await exchange(server, sent)
    t.same(answers(text), expected, name)
    if (text.includes('"reason"')) t.match(text, /\r\ncache-control: no-store\r\n/, `${name}: not cached`)
  }
  t.same((await ask(server, '/readyz')).text, '{"status":"READY","logs":[]}', 'the server is as ready as before')
  t.match((await ask(server, '/checkpoint')).text, /^localhost\n0\n/, 'and nothing was logged')
})

t.test('methods', async (t) => {
  const server = await startServer(t)
  const paths = [
    '/checkpoint',
    '/tile/0/000',
    '/api/v2/checkpoint',
    '/logs/v2/checkpoint',
    '/healthz',
    '/readyz',
    '/metrics',
    '/trust/trusted_root.json',
  ]
  const rows: string[] = []
  for (const path of [...paths, ENTRIES])
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await ask(server, path, { method })
      if (status === 405) t.equal(headers.allow, path === ENTRIES ? 'POST' : 'GET, HEAD', `${method} ${path}: allow`)
      rows.push(`${method} ${path} ${status}`)
    }
  const expected = [
    ...paths.flatMap((path) => {
      const found = path === '/tile/0/000' ? 404 : 200
      return [
        `GET ${path} ${found}`,
        `HEAD ${path} ${found}`,
        ...['PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => `${method} ${path} 405`),
      ]
    }),
    ...['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => `${method} ${ENTRIES} 405`),
  ]
  t.strictSame(rows, expected)
  t.equal((await ask(server, '/checkpoint', { method: 'POST', body: '{}' })).status, 405, 'a POST where a GET belongs')
  const [full, head] = [await ask(server, '/checkpoint'), await ask(server, '/checkpoint', { method: 'HEAD' })]
  t.equal(head.headers['content-length'], String(full.bytes.length), 'HEAD says how long GET is')
  t.equal(head.bytes.length, 0, 'and sends nothing')
})
