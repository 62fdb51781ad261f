/** Who may write, when not everybody may. */

import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { command, type Scope, scratch } from '../cli/support.ts'
import { ecKey, hashedRekordBody } from './requests.ts'
import { answers, ask, ENTRIES, exchange, postEntry, said, startServer } from './support.ts'

/** Two logs, one.example and two.example, and a file of tokens. */
async function prepare(scope: Scope) {
  const dir = scratch(scope)
  const file = join(scratch(scope), 'tokens.json')
  for (const slug of ['one', 'two'])
    await command(['log', 'create', slug, '--origin', `${slug}.example`, '--data', dir])
  const token = async (...words: readonly string[]) =>
    (await command(['token', 'create', ...words, '--tokens', file])).printed.trim()
  const tokens = { all: await token('all'), one: await token('only-one', '--logs', 'one') }
  const start = () => startServer(scope, ['--url', 'https://one.example', '--write-tokens', file], dir)
  return { file, token, tokens, start }
}

const bearer = (token: string, host = 'one.example') => ({ authorization: `Bearer ${token}`, host })

t.test('a write needs a good token, a read none', async (t) => {
  const { tokens, start } = await prepare(t)
  const server = await start()
  const body = () => hashedRekordBody(ecKey())
  for (const path of [
    '/checkpoint',
    '/api/v2/checkpoint',
    '/logs/two/checkpoint',
    '/readyz',
    '/metrics',
    '/trust/trusted_root.json',
  ])
    t.equal((await ask(server, path)).status, 200, path)

  const none = await postEntry(server, body())
  t.equal(said(none), '401 TOKEN_REQUIRED writing here needs a token: send Authorization: Bearer TOKEN')
  t.equal(none.headers['www-authenticate'], 'Bearer realm="colophon"')
  t.equal(none.headers['cache-control'], 'no-store')
  t.equal(JSON.parse(none.text).code, 16, 'gRPC: UNAUTHENTICATED')

  const good = tokens.all
  const bad: Record<string, string> = {
    'another token': `Bearer colophon_${'A'.repeat(43)}`,
    'a letter less': `Bearer ${good.slice(0, -1)}`,
    'a letter more': `Bearer ${good}A`,
    'the other case': `Bearer ${good.toLowerCase()}`,
    'no scheme': good,
    'another scheme': `Basic ${good}`,
    'two tokens': `Bearer ${good}, Bearer ${good}`,
    'a token and more': `Bearer ${good} x`,
    empty: 'Bearer ',
    'its hash': `Bearer ${'0'.repeat(64)}`,
    'its name': 'Bearer all',
    'too long': `Bearer ${'a'.repeat(8000)}`,
  }
  for (const [name, authorization] of Object.entries(bad)) {
    const answer = await postEntry(server, body(), { authorization })
    t.match(said(answer), /^401 TOKEN_REQUIRED the Authorization header is not one Bearer token/, name)
    t.equal(answer.headers['www-authenticate'], 'Bearer realm="colophon", error="invalid_token"')
    t.notMatch(answer.text, good.slice(9, 30), 'no token is sent back')
  }
  const twice = `POST ${ENTRIES} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${good}\r\nAuthorization: Bearer ${good}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`
  t.same(answers(await exchange(server, twice)), ['401 TOKEN_REQUIRED'], 'two headers')

  t.equal((await postEntry(server, body(), bearer(good))).status, 201)
  t.equal((await postEntry(server, body(), { authorization: `bearer ${good}` })).status, 201, 'a scheme has no case')
  t.equal((await postEntry(server, '{', bearer(good))).status, 400, 'and the body is judged as ever')
})

t.test('a token for some logs', async (t) => {
  const { tokens, start } = await prepare(t)
  const server = await start()
  const body = hashedRekordBody(ecKey())
  t.equal((await postEntry(server, body, bearer(tokens.one))).status, 201)
  const other = await postEntry(server, body, bearer(tokens.one, 'two.example'))
  t.equal(said(other), '403 TOKEN_OUT_OF_SCOPE the token only-one may write to one alone')
  t.equal(JSON.parse(other.text).code, 7, 'gRPC: PERMISSION_DENIED')
  t.equal(other.headers['www-authenticate'], undefined)
  t.equal((await postEntry(server, body, bearer(tokens.all, 'two.example'))).status, 201)
  t.equal((await ask(server, '/logs/two/checkpoint')).text.split('\n')[1], '1')
  const { text } = await ask(server, '/metrics')
  t.match(text, 'colophon_token_requests_total{token="only-one"} 1')
  t.match(text, 'colophon_token_requests_total{token="all"} 1')
  for (const token of Object.values(tokens)) t.notMatch(text, token.slice(9))
})

t.test('what is no write keeps its answer', async (t) => {
  const { start } = await prepare(t)
  const server = await start()
  for (const [method, path, status] of [
    ['POST', '/nothing', 404],
    ['POST', '/checkpoint', 405],
    ['DELETE', ENTRIES, 405],
    ['GET', ENTRIES, 405],
    ['OPTIONS', ENTRIES, 405],
    ['HEAD', '/checkpoint', 200],
  ] as const)
    t.equal((await ask(server, path, { method })).status, status, `${method} ${path}`)
})

t.test('before the body is read', async (t) => {
  const { start } = await prepare(t)
  const server = await start()
  const head = `POST ${ENTRIES} HTTP/1.1\r\nHost: one.example\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n`
  for (const more of ['', 'Authorization: Bearer wrong\r\n'])
    t.same(
      answers(await exchange(server, `${head}${more}\r\n{`)),
      ['401 TOKEN_REQUIRED'],
      'the answer waits for nothing',
    )
})

t.test('the file is read again', async (t) => {
  const { file, token, tokens, start } = await prepare(t)
  const server = await start()
  const body = hashedRekordBody(ecKey())
  const status = async (given: string) => (await postEntry(server, body, bearer(given))).status
  const late = await token('late')
  t.equal(await status(late), 401, 'not before it is told')
  server.world.hangUp()
  t.equal(await status(late), 201)
  await command(['token', 'revoke', 'all', '--tokens', file])
  t.equal(await status(tokens.all), 201)
  server.world.hangUp()
  t.equal(await status(tokens.all), 401)
  writeFileSync(file, '{"tokens":[]')
  server.world.hangUp()
  t.equal(await status(late), 201, 'a broken file changes nothing')
  writeFileSync(file, '{"tokens":[]}')
  chmodSync(file, 0o666)
  server.world.hangUp()
  t.equal(await status(late), 201, 'nor does one that anybody may write')
  chmodSync(file, 0o600)
  server.world.hangUp()
  t.equal(await status(late), 401, 'no token, no write')
  t.equal(await server.stop(), 0)
  server.world.hangUp()
})
