/** Content beside the logs, over HTTP: what is taken, what is refused, and that it is then found. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { command, scratch } from '../cli/support.ts'
import { dsseBody, ecKey, hashedRekord, pae } from './requests.ts'
import { type Answer, ask, startServer } from './support.ts'

const V = new URL('../vectors/custody/', import.meta.url)
const statement = (name: string) => readFileSync(new URL(`stmt-${name}.json`, V))
const TYPE = 'application/vnd.in-toto+json'
const BYTES = { 'content-type': 'application/octet-stream' }
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const key = ecKey()
const server = await startServer(t, ['--attachment-limit', '4096'])

const get = (path: string) => ask(server, path)
const put = (digest: string, body: Uint8Array, headers: Record<string, string> = BYTES) =>
  ask(server, `/attachments/sha256:${digest}`, { method: 'PUT', body, headers })
const reasonOf = ({ status, text }: Answer) => `${status} ${JSON.parse(text).details?.[0]?.reason ?? ''}`

/** As cosign from 3.1 does: the digest of what was signed, and no more. */
async function logDigest(message: Buffer): Promise<void> {
  const body = JSON.stringify({ hashedRekordRequestV002: hashedRekord(key, message) })
  const { status } = await ask(server, '/api/v2/log/entries', { method: 'POST', body })
  t.equal(status, 201)
}

const ft = '4146e09511efc6eddbb6c93458c61836bda7f89ad06c6200c3427318bcc2ac79'
const about = async (digest: string) => JSON.parse((await get(`/artifacts/sha256:${digest}`)).text).entries

t.test('a statement that was logged by its digest, and comes after it', async (t) => {
  const message = pae(TYPE, statement('finetune'))
  const digest = sha256(message)
  t.equal(reasonOf(await get(`/attachments/sha256:${digest}`)), '404 NOT_FOUND')
  t.equal(reasonOf(await put(digest, message)), '404 NOT_FOUND', 'no leaf commits to it')
  await logDigest(message)
  t.same(await about(ft), [])
  const { status, text } = await put(digest, message)
  t.same([status, JSON.parse(text)], [201, { attachment: `sha256:${digest}`, entries: [{ log: 'v2', index: 0 }] }])
  t.equal((await put(digest, message)).status, 201, 'once more')
  const kept = await get(`/attachments/sha256:${digest}`)
  t.same([kept.status, kept.headers['content-type']], [200, 'application/octet-stream'])
  t.same(kept.bytes, message)
  t.match(await about(ft), [{ log: 'v2', index: 0, statement: { attachment: `sha256:${digest}` } }])
  t.match(await about(sha256(statement('finetune'))), [{ index: 0 }], 'by the payload, as links name it')
})

t.test('what is refused', async (t) => {
  const message = pae(TYPE, statement('quantize'))
  await logDigest(message)
  const digest = sha256(message)
  const other = pae(TYPE, statement('fuse'))
  t.equal(reasonOf(await put(digest, other)), '400 FIELD_INVALID', 'content with another digest')
  t.equal(reasonOf(await put(digest, new Uint8Array())), '400 FIELD_INVALID', 'nothing')
  t.equal(reasonOf(await put(digest, message, {})), '415 BODY_TYPE', 'without its type')
  t.equal(reasonOf(await put(digest, new Uint8Array(5000))), '413 BODY_TOO_LARGE')
  t.equal(reasonOf(await ask(server, `/attachments/sha1:${digest.slice(24)}`)), '400 FIELD_INVALID')
  const odd: readonly [string, Buffer][] = [
    ['another type', pae('text/plain', Buffer.from('{}'))],
    ['no JSON', pae(TYPE, Buffer.from('{'))],
    ['no statement', pae(TYPE, Buffer.from('{"subject":[]}'))],
    ['no encoding', Buffer.from('DSSEv1 1 a')],
    ['about nothing', pae(TYPE, Buffer.from('{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a"}]}'))],
  ]
  for (const [name, content] of odd) {
    await logDigest(content)
    t.equal(reasonOf(await put(sha256(content), content)), '400 ENVELOPE_MALFORMED', name)
    t.equal((await get(`/attachments/sha256:${sha256(content)}`)).status, 404, name)
  }
})

t.test('what comes with its entry is kept by itself, in v1 and v2', async (t) => {
  for (const [name, digest] of [
    ['fuse', 'f01ea3b55994fd4ef2da4448ddd9f0c8e09962441aa1f6d6a33be38520d3cef6'],
  ] as const) {
    const { status } = await ask(server, '/api/v2/log/entries', {
      method: 'POST',
      body: dsseBody(key, statement(name)),
    })
    t.equal(status, 201)
    t.equal((await get(`/attachments/sha256:${sha256(pae(TYPE, statement(name)))}`)).status, 200)
    t.match(await about(digest), [{ log: 'v2', signers: [{ key: sha256(key.spki) }] }])
  }
})

t.test('who may not write may not bring content either', async (t) => {
  const tokens = `${scratch(t)}/tokens`
  t.equal((await command(['token', 'create', 'writer', '--tokens', tokens])).code, 0)
  const closed = await startServer(t, ['--write-tokens', tokens])
  const answer = await ask(closed, `/attachments/sha256:${'00'.repeat(32)}`, {
    method: 'PUT',
    body: 'x',
    headers: BYTES,
  })
  t.equal(reasonOf(answer), '401 TOKEN_REQUIRED')
})

t.test('a token for some logs brings content to these alone', async (t) => {
  const dir = scratch(t)
  const tokens = `${scratch(t)}/tokens`
  for (const slug of ['one', 'two'])
    await command(['log', 'create', slug, '--origin', `${slug}.example`, '--data', dir])
  const token = async (...words: readonly string[]) =>
    (await command(['token', 'create', ...words, '--tokens', tokens])).printed.trim()
  const [all, one, two] = [await token('all'), await token('one', '--logs', 'one'), await token('two', '--logs', 'two')]
  const closed = await startServer(t, ['--url', 'https://one.example', '--write-tokens', tokens], dir)
  const message = pae(TYPE, statement('finetune'))
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` })
  const log = async (host: string, content: Buffer) => {
    const body = JSON.stringify({ hashedRekordRequestV002: hashedRekord(key, content) })
    const { status } = await ask(closed, '/api/v2/log/entries', {
      method: 'POST',
      body,
      headers: { ...bearer(all), host },
    })
    t.equal(status, 201)
  }
  const bring = async (text: string, content = message) =>
    await ask(closed, `/attachments/sha256:${sha256(content)}`, {
      method: 'PUT',
      body: content,
      headers: { ...BYTES, ...bearer(text) },
    })
  await log('one.example', message)
  t.match(await bring(two), { status: 404, text: /no entry that you may add to commits to/ })
  t.equal((await ask(closed, `/attachments/sha256:${sha256(message)}`)).status, 404, 'it brought nothing')
  t.match(await bring(one), { status: 201, text: /"entries":\[\{"log":"one","index":0\}\]/ })
  await log('two.example', message)
  t.match(await bring(all), { status: 201, text: /"log":"one".*"log":"two"/ })

  const later = pae(TYPE, statement('quantize'))
  await log('one.example', later)
  t.equal((await command(['freeze', 'one', '--yes', '--data', dir])).code, 0)
  t.match(await bring(all), { status: 201, text: /"log":"one".*"log":"two"/ }, 'a frozen log has what it has')
  t.equal(reasonOf(await bring(all, later)), '410 LOG_FROZEN', 'and takes nothing more')
  await log('two.example', later)
  t.match(await bring(all, later), { status: 201, text: /"entries":\[\{"log":"two","index":1\}\]/ }, 'another does')
})

t.test('spellings, encodings and parts', async (t) => {
  const message = pae(TYPE, statement('base'))
  await logDigest(message)
  const digest = sha256(message)
  const path = `/attachments/sha256:${digest}`
  const to = async (where: string, body: Uint8Array, headers: Record<string, string> = BYTES) =>
    reasonOf(await ask(server, where, { method: 'PUT', body, headers }))
  const zipped = { ...BYTES, 'content-encoding': 'gzip' }
  const refused: readonly (readonly [string, string, Uint8Array, Record<string, string>?])[] = [
    ['415 BODY_TYPE', path, gzipSync(message), zipped],
    ['415 BODY_TYPE', path, message, zipped],
    ['415 BODY_TYPE', path, message, { 'content-type': 'application/json' }],
    ['400 FIELD_INVALID', path, statement('base')], // the payload of what was signed
    ['400 FIELD_INVALID', path, message.subarray(1)],
    ['400 FIELD_INVALID', `/attachments/sha256:${digest.toUpperCase()}`, message],
    ['400 FIELD_INVALID', `/attachments/sha256%3A${digest}`, message],
    ['400 FIELD_INVALID', `/attachments/sha512:${digest}`, message],
    ['400 FIELD_UNKNOWN', `${path}?again`, message],
    ['404 NOT_FOUND', `${path}/`, message],
    ['404 NOT_FOUND', `/attachments/sha512:${createHash('sha512').update(message).digest('hex')}`, message],
  ]
  for (const [expected, where, body, headers] of refused) t.equal(await to(where, body, headers), expected, where)
  t.equal((await get(path)).status, 404, 'nothing of it was kept')
  const racing = await Promise.all(Array.from({ length: 32 }, () => put(digest, message)))
  t.same([...new Set(racing.map(({ status }) => status))], [201], 'all at once')
  for (const headers of [{ range: 'bytes=0-3' }, { 'if-none-match': '*' }, { 'accept-encoding': 'gzip' }])
    t.same((await ask(server, path, { headers })).bytes, message, 'all of it, as it is')
})
