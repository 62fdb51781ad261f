/** `colophon get`: by index, ID, file and digest, of every kind of server; one that lies convinces nobody. */

import { hash } from 'node:crypto'
import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { base64, hex } from '../../../src/kernel/bytes.ts'
import { leafHash } from '../../../src/kernel/hash.ts'
import * as make from '../../dialects/rekor-v1/support.ts'
import { certificateFor, P256 } from '../../dialects/rekor-v2/support.ts'
import { ENTRIES, post, startServer } from '../../http/rekor-v1/support.ts'
import { ecKey, hashedRekordBody } from '../../http/requests.ts'
import { ask, postEntry, startServer as start } from '../../http/support.ts'
import { command } from '../support.ts'
import { files, front, NAMED, ROUTES } from './support.ts'

t.teardown(closeCrypto)

const server = await startServer(t, NAMED)
const other = await startServer(t, NAMED)
const { folder, write, trust } = files(t)
const FILE = Buffer.from('hello')
const file = write('file', FILE)
const DIGEST = `sha256:${hash('sha256', FILE)}`
for (let i = 0; i < 5; i++) await postEntry(server, hashedRekordBody(ecKey()))
await postEntry(server, hashedRekordBody(ecKey(), FILE)) // entry 5 of v2
const certificate = make.pem64(certificateFor(P256, 'cert-email-p256'), 'CERTIFICATE')
await post(server, ENTRIES, make.dsse([P256]))
const [id = ''] = Object.keys(JSON.parse((await post(server, ENTRIES, make.hashedRekord(P256, certificate))).text))

const { root, policy } = await trust(server)
const stranger = await trust(other)

const leafOf = async (log: string, index: number) =>
  JSON.parse((await ask(server, `/logs/${log}/entries/${index}`)).text) as { leafHash: string; leaf: string }
const v1 = await front(t, server.url, ROUTES['rekor-v1'])
const v2 = await front(t, server.url, ROUTES['rekor-v2'])
const copy = await front(t, server.url, ROUTES.copy)

const get = async (...argv: string[]) => {
  const { code, printed, warned } = await command(['get', ...argv, '--json'])
  return {
    code,
    warned,
    entries: printed
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
  }
}

type Row = readonly [name: string, url: string, word: string, flags: readonly string[], log: 'v1' | 'v2', index: number]
const FOUND: readonly Row[] = [
  ['a Colophon by index', server.url, '5', [], 'v2', 5],
  ['its other log', server.url, '1', ['--log', 'v1'], 'v1', 1],
  ['by leaf', server.url, (await leafOf('v2', 5)).leafHash, [], 'v2', 5],
  ['by leaf, in whichever log', server.url, id.slice(16), [], 'v1', 1],
  ['by ID', server.url, id, [], 'v1', 1],
  ['a slash at the end', `${server.url}/`, '0', [], 'v2', 0],
  ['a Rekor v1 by index', v1.url, '1', [], 'v1', 1],
  ['a Rekor v1 by ID', v1.url, id, [], 'v1', 1],
  ['a Rekor v1 by leaf', v1.url, id.slice(16), [], 'v1', 1],
  ['a Rekor v2', v2.url, '5', [], 'v2', 5],
  ['a copy', copy.url, '5', [], 'v2', 5],
]

t.test('one entry', async (t) => {
  for (const [name, url, word, flags, log, index] of FOUND) {
    const { leaf, leafHash } = await leafOf(log, index)
    const entry = { leaf: leafHash, index, body: leaf, inclusion: { index, cosigners: [] }, content: { leafHash } }
    const argv = [word, '--url', url, ...flags]
    for (const stated of [root, [...root, ...policy]])
      t.match(await get(...argv, ...stated), { code: 0, warned: '', entries: [{ outcome: 'verified', entry }] }, name)
    t.match(await get(...argv), { code: 0, entries: [{ outcome: 'unchecked', entry }] }, `${name}: nobody is trusted`)
    const refused = { code: 1, entries: [{ outcome: 'not verified', entry: null, error: { code: 'LOG_NOT_TRUSTED' } }] }
    t.match(await get(...argv, ...stranger.root), refused, `${name}: another log is trusted`)
  }
})

t.test('a Colophon of Rekor v1 alone, by index over all its trees', async (t) => {
  const alone = await start(t, [...NAMED, '--dialects', 'rekor-v1'])
  const proposal = make.hashedRekord(P256)
  await post(alone, ENTRIES, proposal)
  await command(['freeze', 'v1', '--next', 'v1b', '--yes', '--data', alone.dir])
  await post(alone, ENTRIES, proposal)
  for (const index of [0, 1])
    t.match(await get(String(index), '--url', alone.url), { code: 0, entries: [{ entry: { index } }] }, String(index))
  const named = await get('0', '--log', 'v1b', '--url', alone.url)
  t.match(named, { code: 0, entries: [{ place: '/logs/v1b/entries/0' }] })
})

t.test('a promise, where the log gives one', async (t) => {
  const { entries } = await get(id, '--url', v1.url, ...root)
  t.type(entries[0].entry.promised, 'number')
  const { entries: same } = await get('1', '--url', server.url, '--log', 'v1', ...root)
  t.equal(same[0].entry.promised, entries[0].entry.promised, "the same by Colophon's own API")
  const lying = await front(t, server.url)
  lying.tamper = (_, text) => text.replace('"integratedTime":1', '"integratedTime":2')
  const error = { code: 'PROMISE_INVALID' }
  t.match(await get('1', '--url', lying.url, '--log', 'v1', ...root), { code: 1, entries: [{ error }] })
  t.equal((await get(id, '--url', v1.url)).entries[0].entry.promised, null, 'not without somebody to trust')
})

t.test('a policy alone', async (t) => {
  t.match(await get('5', '--url', server.url, ...policy), { code: 0, entries: [{ outcome: 'verified' }] })
  t.match(await get('0', '--log', 'v1', '--url', server.url, ...policy), {
    code: 0,
    entries: [{ outcome: 'verified' }],
  })
  const error = { code: 'CHECKPOINT_UNTRUSTED' }
  t.match(await get(id, '--url', v1.url, ...policy), { code: 1, entries: [{ error }] }, 'v1 shows its ECDSA line alone')
})

t.test('by file and digest', async (t) => {
  for (const word of [file, DIGEST])
    t.match(await get(word, '--url', server.url, ...root), {
      code: 0,
      entries: [
        { place: '/logs/v1/entries/1', outcome: 'verified' },
        { place: '/logs/v2/entries/5', outcome: 'verified' },
      ],
    })
  const found = await get(file, '--url', v1.url, ...root)
  t.match(found, { code: 0, entries: [{ place: `/api/v1/log/entries/${id}`, outcome: 'verified' }] })
  t.equal(found.entries.length, 1)
})

t.test('in words', async (t) => {
  const verified = await command(['get', '5', '--url', server.url, ...root])
  t.match(
    verified.printed,
    `VERIFIED: ${server.url}/logs/v2/entries/5\n  log      at 5 in the tree of 6 that "log.example" signed`,
  )
  t.match(verified.printed, 'Not covered:\n  - Whether the signature in the entry is good')
  t.match(verified.printed, /\nkind +"hashedrekord"\n/)
  const { printed } = await command(['get', '5', '--url', server.url])
  t.match(
    printed,
    /^NOT VERIFIED, for nothing was named to trust \(.*\n {2}log {6}at 5 in a tree of 6 that is said to be of/,
  )
  t.notMatch(printed, 'signed\n')
})

t.test('what is not there, or cannot be asked', async (t) => {
  const absent = 'ef'.repeat(32)
  for (const [argv, warned] of [
    [['99', '--url', server.url], /^NOT_FOUND: /],
    [[absent, '--url', server.url], /^NOT_FOUND: /],
    [[`${id.slice(0, 16)}${absent}`, '--url', server.url], /^NOT_FOUND: /],
    [['5', '--log', 'v9', '--url', server.url], /^NOT_FOUND: /],
    [['99', '--url', v1.url], /^NOT_FOUND: /],
    [[`sha256:${absent}`, '--url', server.url], /^NOT_FOUND: .* shows no entry about it/],
    [[`sha256:${absent}`, '--url', v1.url], /^NOT_FOUND: /],
    [[absent, '--url', v2.url], /^CHECK_UNAVAILABLE: .*by its index alone/],
    [[`sha256:${absent}`, '--url', v2.url], /^SERVICE_REFUSED: /],
  ] as const) {
    const { code, entries, warned: said } = await get(...argv)
    const told = entries.length === 0 ? said : `${entries[0].error.code}: ${entries[0].error.message}`
    t.equal(code, 3, argv[0])
    t.match(told, warned)
  }
})

t.test('misuse', async (t) => {
  for (const [argv, warned] of [
    [[], /get takes one INDEX, ID, FILE or DIGEST/],
    [['1', '2', '--url', 'http://a'], /get takes one/],
    [['1'], /--url: missing/],
    [['1', '--url', 'log.example'], /--url: not an http\(s\) URL/],
    [['1', '--url', 'http://u:secret@a'], /--url: a URL without credentials/],
    [[folder, '--url', 'http://a'], /a directory has no digest/],
    [['1', '--url', 'http://a', '--policy', write('none', 'quorum none\n')], /--policy: it names no log/],
    [['1', '--url', 'http://a', '--trusted-root', file], /--trusted-root: /],
  ] as const) {
    const outcome = await command(['get', ...argv])
    t.match(outcome, { code: 2, printed: '', warned }, argv.join(' '))
    t.notMatch(outcome.warned, 'secret')
  }
})

t.test('a server that lies', async (t) => {
  const liar = await front(t, server.url)
  const { leaf } = await leafOf('v2', 4)
  const lies: readonly (readonly [name: string, change: (entry: Entry) => object, code: string])[] = [
    ['another leaf', (entry) => ({ ...entry, leaf }), 'PROOF_INVALID'],
    ['another index', (entry) => ({ ...entry, index: 4 }), 'SERVICE_REFUSED'],
    ['another path', (entry) => ({ ...entry, proof: { ...entry.proof, path: [] } }), 'PROOF_INVALID'],
    ['no entry', (entry) => ({ ...entry, leaf: base64(Buffer.from('{}')) }), 'ENTRY_MALFORMED'],
  ]
  for (const [name, change, code] of lies) {
    liar.tamper = (path, text) => (path.includes('/entries/') ? JSON.stringify(change(JSON.parse(text))) : text)
    for (const stated of [root, policy, []]) {
      const { code: exit, entries } = await get('5', '--url', liar.url, ...stated)
      t.match(entries, [{ entry: null, error: { code } }], name)
      t.equal(exit, code === 'SERVICE_REFUSED' ? 3 : 1)
    }
  }
  liar.tamper = (path, text) => (path.includes('/inclusion') ? text.replace('"index":5', '"index":4') : text)
  const wanted = hex(leafHash(Buffer.from((await leafOf('v2', 5)).leaf, 'base64')))
  t.match(await get(wanted, '--url', liar.url, ...root), { code: 3, entries: [{ error: { code: 'SERVICE_REFUSED' } }] })
})

interface Entry {
  readonly proof: object
}
