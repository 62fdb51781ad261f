/** `colophon loginfo`: heads of every kind of server, and that no log goes back, aside or away. */

import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import * as make from '../../dialects/rekor-v1/support.ts'
import { P256 } from '../../dialects/rekor-v2/support.ts'
import { ENTRIES, post, startServer } from '../../http/rekor-v1/support.ts'
import { ecKey, hashedRekordBody } from '../../http/requests.ts'
import { ask, postEntry } from '../../http/support.ts'
import { command } from '../support.ts'
import { files, front, NAMED, ROUTES } from './support.ts'

t.teardown(closeCrypto)

const { folder, write, trust } = files(t)
const at = (name: string) => join(folder, name)

/** Two servers that grow apart from one beginning. */
const first = await startServer(t, NAMED)
await grow(first, 3)
await first.stop()
cpSync(first.dir, at('twin'), { recursive: true })
const server = await startServer(t, NAMED, first.dir)
const twin = await startServer(t, NAMED, at('twin'))
const other = await startServer(t, NAMED)
const { root, policy } = await trust(server)
const { root: theirs } = await trust(other)

async function grow(to: { port: number }, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await postEntry(to, hashedRekordBody(ecKey()))
  const envelope = make.envelopeOf([P256], { payloadType: 'text/plain', payload: randomBytes(8) })
  await post(to, ENTRIES, make.dsse([P256], JSON.stringify(envelope)))
}

const look = async (...argv: string[]) => {
  const { code, printed, warned } = await command(['loginfo', ...argv, '--json'])
  return { code, warned, ...(printed === '' ? { logs: [] } : JSON.parse(printed)) }
}

const HEADS = { v1: { size: 1, origin: /^log\.example - / }, v2: { size: 3, origin: 'log.example' } }
const [v1, v2] = [
  { outcome: 'verified', head: HEADS.v1 },
  { outcome: 'verified', head: HEADS.v2 },
]

t.test('every kind of server', async (t) => {
  for (const [kind, route, logs] of [
    [
      'colophon',
      (path: string) => path,
      [
        { name: 'v1', state: 'active', ...v1 },
        { name: 'v2', state: 'active', ...v2 },
      ],
    ],
    ['rekor-v1', ROUTES['rekor-v1'], [{ state: 'active', ...v1 }]],
    ['tiles', ROUTES['rekor-v2'], [{ name: '', state: null, ...v2 }]],
    ['tiles', ROUTES.copy, [{ name: '', state: null, ...v2 }]],
  ] as const) {
    const { url } = await front(t, server.url, route)
    const found = await look('--url', url, ...root)
    t.match(found, { code: 0, warned: '', url, server: kind, logs })
    t.equal(found.logs.length, logs.length)
    const unchecked = logs.map(() => ({ outcome: 'unchecked', error: null }))
    t.match(await look('--url', url), { code: 0, logs: unchecked })
    const refused = logs.map(() => ({ outcome: 'not verified', head: null, error: { code: 'LOG_NOT_TRUSTED' } }))
    t.match(await look('--url', url, ...theirs), { code: 1, logs: refused })
  }
})

t.test('one log, and a policy alone', async (t) => {
  const found = await look('--url', server.url, '--log', 'v2', ...policy)
  t.match(found, { code: 0, logs: [v2] })
  t.equal(found.logs.length, 1)
  t.match(await look('--url', server.url, '--log', 'v9', ...policy), { code: 3, warned: /^LOG_UNKNOWN: / })
})

t.test('in words', async (t) => {
  const { printed } = await command(['loginfo', '--url', server.url, '--log', 'v2', ...root])
  t.match(printed, `${server.url}: a Colophon server\n\nVERIFIED: v2\n  origin   "log.example"\n  size     3\n`)
  t.match(printed, '  state    "active", says the server\nNot covered:\n  - That the log shows everybody the same')
  t.match(printed, /ML-DSA-44 +a line of "log\.example\+[0-9a-f]{8}", not verified: no policy names the key\n/)
  const vkey = (await ask(server, '/trust/v2.ml-dsa-44.vkey')).text
  writeFileSync(at('pq.policy'), `log ${vkey}quorum none\n`)
  const demanding = await command(['loginfo', '--url', server.url, '--log', 'v2', '--policy', at('pq.policy')])
  t.match(demanding, {
    code: 0,
    printed: /^.*\n\nVERIFIED: v2\n[\s\S]*ML-DSA-44 +a line of "log\.example\+[0-9a-f]{8}", verified\n/,
  })
  const unchecked = await command(['loginfo', '--url', server.url])
  t.match(unchecked.printed, '\n\nNOT VERIFIED, for nothing was named to trust (--trusted-root, --policy): v2\n')
})

t.test('what was seen: grown, the same, back, aside, away', async (t) => {
  for (const route of [(path: string) => path, ROUTES['rekor-v1'], ROUTES['rekor-v2'], ROUTES.copy]) {
    const shown = await front(t, twin.url, route)
    const state = at(`state-${shown.url.slice(-5)}`)
    const again = () => look('--url', shown.url, ...root, '--state', state)
    const remembered = () => readFileSync(state, 'utf8')
    const begun = await again()
    t.match(begun, { code: 0 })
    t.ok(begun.logs.every(({ head }: { head: { before: unknown } }) => head.before === null))
    const { size } = begun.logs.at(-1).head
    t.match((await again()).logs.at(-1), { outcome: 'verified', head: { before: size, size } }, 'the same')

    await grow(twin, 2)
    const grown = await again()
    t.match(grown, { code: 0 })
    t.ok(grown.logs.at(-1).head.size > size)
    t.equal(grown.logs.at(-1).head.before, size)
    const kept = remembered()

    shown.upstream = server.url
    const back = await again()
    t.match(back, { code: 1 })
    t.match(back.logs.at(-1), { outcome: 'not verified', head: null, error: { code: 'TREE_SHRUNK' } }, 'back')
    t.equal(remembered(), kept, 'and nothing is forgotten')

    shown.upstream = other.url
    t.match(await again(), { code: 1 }, 'another log')
    shown.upstream = twin.url
    t.match(await again(), { code: 0 }, 'the log as it was')
  }
})

t.test('another history, of equal size and longer', async (t) => {
  const [mine, copy] = [await startServer(t, NAMED, fork('a')), await startServer(t, NAMED, fork('b'))]
  for (const route of [(path: string) => path, ROUTES['rekor-v1'], ROUTES['rekor-v2']]) {
    const shown = await front(t, mine.url, route)
    const state = at(`state-${shown.url.slice(-5)}`)
    const again = () => look('--url', shown.url, ...root, '--state', state)
    for (const each of [mine, copy]) await grow(each, 1)
    t.match(await again(), { code: 0 })
    shown.upstream = copy.url
    for (let i = 0; i < 2; i++) {
      const aside = await again()
      t.match(aside, { code: 1 })
      t.match(aside.logs.at(-1), { outcome: 'not verified', head: null, error: { code: 'PROOF_INVALID' } })
      await grow(copy, 1)
    }
  }
})

/** A directory of its own, from the beginning of both. */
function fork(name: string): string {
  cpSync(first.dir, at(name), { recursive: true, filter: (path) => !/\/(lock|control)$/.test(path) })
  return at(name)
}

t.test('a log that is gone', async (t) => {
  const shown = await front(t, server.url)
  const state = at('gone')
  t.match(await look('--url', shown.url, ...root, '--state', state), { code: 0 })
  shown.tamper = (path, text) => (path === '/logs' ? JSON.stringify({ logs: JSON.parse(text).logs.slice(1) }) : text)
  const gone = await look('--url', shown.url, ...root, '--state', state)
  t.match(gone, { code: 1, logs: [v2, { name: `${shown.url}/logs/v1/checkpoint`, error: { code: 'TREE_SHRUNK' } }] })
  t.match(await look('--url', shown.url, '--log', 'v2', ...root, '--state', state), { code: 0 }, 'only v2 is meant')
})

t.test('a proof of growth that proves nothing', async (t) => {
  const shown = await front(t, twin.url)
  const state = at('proofs')
  const again = () => look('--url', shown.url, '--log', 'v2', ...root, '--state', state)
  t.match(await again(), { code: 0 })
  await grow(twin, 3)
  for (const change of [
    () => '{}',
    () => '{"path":[]}',
    (text: string) => text.replace(/[0-9a-f]{64}"\]/, `${'00'.repeat(32)}"]`),
  ]) {
    shown.tamper = (path, text) => (path.includes('/consistency') ? change(text) : text)
    t.match(await again(), { code: 1, logs: [{ error: { code: 'PROOF_INVALID' } }] })
  }
  shown.tamper = (_, text) => text
  t.match(await again(), { code: 0 })
})

t.test('misuse, and files that are none', async (t) => {
  const absent = at('absent')
  for (const [argv, warned] of [
    [[], /--url: missing/],
    [['v2', '--url', 'http://a'], /loginfo takes flags alone/],
    [['--url', 'http://a', '--state', absent], /--state: needs --trusted-root or --policy/],
    [['--url', 'http://a', ...root, '--state', root[1] ?? ''], /--state: .*a checkpoint was expected/],
    [['--url', 'http://a', ...root, '--state', write('list', '[]')], /--state: .*not a file of checkpoints/],
    [['--url', 'http://a', ...root, '--state', write('text', 'seen')], /--state: /],
  ] as const)
    t.match(await command(['loginfo', ...argv]), { code: 2, printed: '', warned }, argv.join(' '))
  t.notOk(existsSync(absent))
  const nobody = await front(t, server.url, () => null)
  t.match(await look('--url', nobody.url), { code: 3, warned: /^SERVICE_REFUSED: .*neither a Colophon, nor/ })
})
