/** `colophon search`: by file, name and key, of ours and of a Rekor v1 log; what is listed is verified. */

import { hash } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { formatPem } from '../../../src/formats/pki/pem.ts'
import * as make from '../../dialects/rekor-v1/support.ts'
import { certificateFor, P256, P384 } from '../../dialects/rekor-v2/support.ts'
import { ENTRIES, post, startServer } from '../../http/rekor-v1/support.ts'
import { ecKey, hashedRekordBody } from '../../http/requests.ts'
import { ask, postEntry } from '../../http/support.ts'
import { command } from '../support.ts'
import { files, front, NAMED, ROUTES } from './support.ts'

t.teardown(closeCrypto)

const server = await startServer(t, NAMED)
const other = await startServer(t, NAMED)
const { folder, write, trust } = files(t)
const file = write('file', 'hello')
const DIGEST = `sha256:${hash('sha256', 'hello')}`
const certificate = certificateFor(P256, 'cert-email-p256')
const EMAIL = 'publisher@example.org'
const key = ecKey()
const keys = {
  v2: write('v2.pub', formatPem(key.spki, 'PUBLIC KEY')),
  p256: write('p256.pub', formatPem(P256.spki, 'PUBLIC KEY')),
  p384: write('p384.pub', formatPem(P384.spki, 'PUBLIC KEY')),
  certificate: write('certificate', formatPem(certificate, 'CERTIFICATE')),
}
const subject = `sha256:${make.STATEMENT.subject[0]?.digest.sha256}`

await postEntry(server, hashedRekordBody(key, Buffer.from('hello'))) // v2:0
await postEntry(server, hashedRekordBody(key)) // v2:1
const ids: string[] = []
for (const proposal of [
  make.hashedRekord(P256),
  make.hashedRekord(P256, make.pem64(certificate, 'CERTIFICATE')),
  make.dsse([P384]),
])
  ids.push(...Object.keys(JSON.parse((await post(server, ENTRIES, proposal)).text)))

const { root, policy } = await trust(server)
const { root: theirs } = await trust(other)
const rekor = await front(t, server.url, ROUTES['rekor-v1'])

const search = async (...argv: string[]) => {
  const { code, printed, warned } = await command(['search', ...argv, '--json'])
  const lines = printed.split('\n').slice(0, -1)
  const entries = lines.map((line) => JSON.parse(line))
  return { code, warned, entries: entries.slice(0, -1), end: entries.at(-1) }
}

/** Indexes in v1 and v2, and whether the leaves themselves fit. */
const QUERIES: readonly (readonly [
  argv: readonly string[],
  v1: readonly number[],
  v2: readonly number[],
  fits?: 'server',
])[] = [
  [[file], [0, 1], [0]],
  [[DIGEST], [0, 1], [0]],
  [['--key', keys.v2], [], [0, 1]],
  [['--key', keys.p256], [0, 1], []],
  [['--key', keys.p384], [2], []],
  [['--key', keys.certificate], [1], []],
  [['--email', EMAIL.toUpperCase()], [1], []],
  [['--subject', EMAIL], [1], []],
  [[subject], [2], [], 'server'],
  [
    [DIGEST, '--key', keys.v2],
    [0, 1],
    [0, 1],
  ],
  [[DIGEST, '--key', keys.v2, '--operator', 'and'], [], [0]],
  [[DIGEST, '--email', EMAIL, '--operator', 'and'], [1], []],
  [['--email', EMAIL, '--key', keys.p384, '--operator', 'or'], [1, 2], []],
  [['--email', 'nobody@example.org'], [], []],
]

t.test('by everything, with and without trust', async (t) => {
  for (const [query, v1, v2, fits = 'leaf'] of QUERIES) {
    const ours = [...v1.map((i) => `v1:${i}`), ...v2.map((i) => `v2:${i}`)]
    for (const [url, names] of [
      [server.url, ours],
      [rekor.url, v1.map((i) => ids[i])],
    ] as const) {
      const argv = [...query, '--url', url]
      const end = { url, count: names.length, listed: names.length }
      const expected = (outcome: string, fits: string) => names.map((entry) => ({ entry, outcome, fits, error: null }))
      const code = names.length === 0 ? 1 : 0
      t.match(
        await search(...argv),
        { code, warned: '', end, entries: expected('unchecked', 'server') },
        argv.join(' '),
      )
      const found = await search(...argv, ...root)
      t.match(found, { code, warned: '', end, entries: expected('verified', fits) })
      t.equal(found.entries.length, names.length)
      const refused = await search(...argv, ...theirs)
      t.match(refused, { code: 1, end, entries: names.map(() => ({ error: { code: 'LOG_NOT_TRUSTED' } })) })
    }
    t.match(await search(...query, '--url', server.url, ...policy), {
      entries: ours.map(() => ({ outcome: 'verified' })),
    })
  }
})

t.test('in words', async (t) => {
  const { code, printed } = await command(['search', file, '--url', server.url, '--limit', '2', ...root])
  t.equal(code, 0)
  const [heading, one, two, end, ...rest] = printed.split('\n')
  t.equal(heading, `3 entries at ${server.url}; the first 2 (--limit):`)
  t.match(one, /^v1:0 {2}[0-9a-f]{64} {2}verified$/)
  t.match(two, /^v1:1 {2}/)
  t.equal(end, 'That there are no others is the word of the server.')
  t.same(rest, [''])
  const unchecked = await command(['search', file, '--url', rekor.url])
  t.match(
    unchecked.printed,
    `NOT VERIFIED, for nothing was named to trust (--trusted-root, --policy): 2 entries at ${rekor.url}\n`,
  )
  t.match(unchecked.printed, `\n${ids[0]}\n`)
  const word = await command(['search', subject, '--url', server.url, ...root])
  t.match(word.printed, /^v1:2 .* verified, but that it fits is the word of the server$/m)
  const refused = await command(['search', file, '--url', server.url, ...theirs])
  t.match(refused.printed, /^v2:0 .* not verified: LOG_NOT_TRUSTED: /m)
})

t.test('a server that lies', async (t) => {
  const liar = await front(t, server.url)
  const other = JSON.parse((await ask(server, '/logs/v2/entries/1')).text).leafHash
  liar.tamper = (path, text) =>
    path.startsWith('/entries?') ? text.replace(/("log":"v2","index":0,"leafHash":")[0-9a-f]{64}/, `$1${other}`) : text
  const found = await search(file, '--url', liar.url, ...root)
  t.match(found, { code: 1, entries: [{}, {}, { outcome: 'not verified', error: { code: 'ENTRY_MISMATCH' } }] })
  liar.tamper = (path, text) =>
    path.startsWith('/entries?')
      ? text
          .replace('"log":"v2","index":0', '"log":"v2","index":1')
          .replace(/("index":1,"leafHash":")[0-9a-f]{64}(?=",".{20,40}\/v2\/)/, `$1${other}`)
      : text
  const unfit = await search(file, '--url', liar.url, ...root)
  t.match(
    unfit.entries.at(-1),
    { entry: 'v2:1', outcome: 'verified', fits: 'server' },
    'the leaf is about something else',
  )
  const page = (next: string) => JSON.stringify({ logs: [], entries: [], next })
  const query = '/entries?hash=a&operator=or'
  for (const nexts of [
    ['&after=v2:5&limit=1', '&after=v2:5&limit=1'],
    ['&after=v2:5&limit=1', '&after=v2:4&limit=1'],
    ['&after=v1:5&limit=1', '&after=v2:4&limit=1', '&after=v1:9&limit=1'],
    ['&after=../x:5&limit=1'],
    [''],
  ]) {
    let asked = 0
    liar.tamper = (path, text) => (path.startsWith('/entries?') ? page(`${query}${nexts[asked++]}`) : text)
    t.match(await search(file, '--url', liar.url), { code: 3, warned: /^SERVICE_REFUSED: / }, nexts.join(' '))
    t.equal(asked, nexts.length, 'and asked no more')
  }
})

t.test('what has no search', async (t) => {
  for (const route of [ROUTES['rekor-v2'], ROUTES.copy]) {
    const { url } = await front(t, server.url, route)
    t.match(await search(file, '--url', url), { code: 3, warned: /^CHECK_UNAVAILABLE: .*cannot be searched/ })
  }
})

t.test('misuse', async (t) => {
  const url = ['--url', 'http://a']
  for (const [argv, warned] of [
    [url, /search takes FILE or DIGEST, --email, --subject or --key/],
    [[file, file, ...url], /search takes one FILE or DIGEST/],
    [[file], /--url: missing/],
    [[folder, ...url], /a directory has no digest/],
    [['--email', '', ...url], /--email: is empty/],
    [['--key', file, ...url], /--key: /],
    [[file, '--operator', 'xor', ...url], /--operator: must be one of and, or, not xor/],
    [[file, '--limit', '0', ...url], /--limit: must be a whole number from 1/],
    [['sha256:ab', ...url], /sha256: takes 64 lowercase hex digits/],
  ] as const)
    t.match(await command(['search', ...argv]), { code: 2, printed: '', warned }, argv.join(' '))
  t.match(await search(join(folder, 'absent'), ...url), { code: 3, warned: /^ENOENT: / })
})
