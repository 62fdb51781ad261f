/** `verify --log`: what a server shows is verified; a server that lies convinces nobody; a Rekor v1 log is asked its own way. */

import { hash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../../../src/cli/run.ts'
import { hex, parseBase64 } from '../../../src/kernel/bytes.ts'
import { ecKey, hashedRekordBody, type Key } from '../../http/requests.ts'
import { ask, postEntry, startServer } from '../../http/support.ts'
import { command, scratch, testWorld } from '../support.ts'
import { CONFORMANCE, conformanceFlags } from './conformance-flags.ts'
import { listen, realEntry, realRekor } from './real-rekor.ts'

const server = await startServer(t, ['--hostname', 'log.example'])
const folder = scratch(t)
const write = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
const FILE = Buffer.from('what was logged')
const file = write('file', FILE)
const SHA256 = `sha256:${hash('sha256', FILE)}`
const [signer, stranger] = [ecKey(), ecKey('P-384')]
const pem = (key: Key) =>
  `-----BEGIN PUBLIC KEY-----\n${key.spki.toString('base64').replaceAll(/.{64}(?!$)/g, '$&\n')}\n-----END PUBLIC KEY-----\n`
const root = ['--trusted-root', write('root.json', (await ask(server, '/trust/trusted_root.json')).text)]
const policy = ['--policy', write('policy', (await ask(server, '/trust/policy')).text)]
const mine = ['--key', write('mine.pub', pem(signer))]
const theirs = ['--key', write('theirs.pub', pem(stranger))]

for (let i = 0; i < 25; i++) await postEntry(server, hashedRekordBody(ecKey(), FILE))
const receipt = JSON.parse((await postEntry(server, hashedRekordBody(signer, FILE))).text)
await postEntry(server, hashedRekordBody(stranger, FILE))
const index = Number(receipt.logIndex)

const verify = async (url: string, argv: readonly string[]) => {
  const { code, printed, warned } = await command(['verify', '--json', ...argv, ...root, '--log', url])
  return { code, warned, ...(printed === '' ? {} : JSON.parse(printed)) }
}

t.test('the entry of the named signer is found behind those of others', async (t) => {
  for (const subject of [file, SHA256])
    for (const flags of [[], policy]) {
      const found = await verify(server.url, [subject, ...mine, ...flags])
      t.match(found, {
        code: 0,
        outcome: 'verified',
        evidence: { kind: 'log', url: server.url },
        verdict: { entries: [{ kind: 'hashedrekord 0.0.2', index, inclusion: { origin: 'log.example' } }], times: [] },
        lookup: { server: 'colophon', found: index + 1, byOthers: index, refused: [] },
      })
    }
  t.match(await verify(server.url, [file, ...theirs]), { code: 0, verdict: { artifact: { algorithm: 'SHA2_384' } } })
  t.match(await verify(`${server.url}/`, [file, ...mine]), { code: 0 })
})

t.test('in words', async (t) => {
  const { printed } = await command(['verify', file, ...mine, ...root, '--log', server.url])
  t.match(printed, `\n  asked    ${index + 1} entries were looked at, ${index} by others\nNot covered:\n`)
  t.match(printed, '\n  - What the server did not show: other signatures, and statements about the file')
})

t.test('the entry and the proof file that the server gives', async (t) => {
  const { leaf } = JSON.parse((await ask(server, `/logs/v2/entries/${index}`)).text)
  const proof = write('proof', (await ask(server, `/logs/v2/entries/${index}/tlog-proof`)).text)
  const entry = write('entry', parseBase64(leaf))
  const outcome = await command(['verify', file, '--proof', proof, '--entry', entry, ...mine, ...policy])
  t.match(outcome, { code: 0, printed: `\n  log      entry ${index} of "` })
})

t.test('what is not there, or by others', async (t) => {
  const nobody = ['--key', write('nobody.pub', pem(ecKey()))]
  t.match(await verify(server.url, [file, ...nobody]), {
    code: 3,
    error: {
      code: 'NOT_FOUND',
      message: `${server.url} shows ${index + 1} entries about this digest, none by the signer that you named: `,
    },
    verdict: null,
  })
  const unknown = `sha256:${hex(randomBytes(32))}`
  t.match(await verify(server.url, [unknown, ...mine]), { code: 3, error: { code: 'NOT_FOUND' } })
  t.match(await verify(server.url, [SHA256, ...theirs]), { code: 3, error: { code: 'NOT_FOUND' } })
  t.match(await verify(server.url, [file, '--certificate-identity', 'a', '--certificate-oidc-issuer', 'b']), {
    code: 3,
    error: { code: 'NOT_FOUND' },
  })
  const world = testWorld()
  const impatient = { ...world.clock, after: (ms: number, call: () => void) => world.clock.after(ms / 1000, call) }
  const argv = ['verify', file, ...mine, ...root, '--log', 'http://127.0.0.1:9']
  t.equal(await run(argv, { ...world, clock: impatient }), 3)
  t.match(world.printed(), /^COULD NOT BE DETERMINED: .*\n {2}SERVICE_UNREACHABLE: http:\/\/127\.0\.0\.1:9\//)
})

const MISUSED: readonly (readonly [argv: readonly string[], warned: RegExp])[] = [
  [[file, ...mine, '--log', 'log.example'], /--log: not an http\(s\) URL/],
  [[file, ...mine, '--log', 'file:///etc/passwd'], /--log: not an http\(s\) URL/],
  [[file, ...mine, '--log', 'http://user:secret@log.example'], /--log: a URL without credentials/],
  [[file, ...mine, '--log', 'http://log.example?a'], /--log: a URL without credentials, query/],
  [[file, ...mine, '--log', server.url, '--bundle', file], /--log: not together with --bundle/],
  [[file, ...mine, '--log', server.url, '--proof', file], /--log: not together with --proof/],
  [[folder, ...mine, '--log', server.url], /--log: a directory has no digest/],
  [[file, '--log', server.url], /: say who must have signed/],
]

t.test('misuse', async (t) => {
  for (const [argv, warned] of MISUSED) {
    const outcome = await command(['verify', ...argv, ...root])
    t.match(outcome, { code: 2, printed: '', warned }, argv.slice(1).join(' '))
    t.notMatch(outcome.warned, /secret/)
  }
})

t.test('a server that lies', async (t) => {
  const page = JSON.parse((await ask(server, `/artifacts/${SHA256}?after=v2:${index - 1}&limit=1`)).text)
  page.next = null
  const entry = JSON.parse((await ask(server, `/logs/v2/entries/${index}`)).text)
  const other = JSON.parse((await ask(server, `/logs/v2/entries/${index - 1}`)).text)
  let said: { page: unknown; entry: unknown } = { page, entry }
  const url = await listen(t, (request, response) =>
    response.end(JSON.stringify(request.url?.startsWith('/artifacts/') ? said.page : said.entry)),
  )
  const flip = (text: string) => (text.startsWith('0') ? '1' : '0') + text.slice(1)
  const proof = entry.proof
  const lies: readonly (readonly [name: string, entry: unknown, code: number, error: string])[] = [
    ['the truth', entry, 0, ''],
    ['fields of a later version', { ...entry, more: 1, proof: { ...proof, more: 1 } }, 0, ''],
    ['another leaf', { ...entry, leaf: other.leaf }, 3, 'NOT_FOUND'],
    ['another place', { ...entry, index: index - 1 }, 3, 'SERVICE_REFUSED'],
    ['another path', { ...entry, proof: { ...proof, path: proof.path.map(flip) } }, 1, 'PROOF_INVALID'],
    ['another root', { ...entry, proof: { ...proof, root: flip(proof.root) } }, 1, 'PROOF_INVALID'],
    [
      'a checkpoint changed',
      { ...entry, proof: { ...proof, checkpoint: proof.checkpoint.replace('log.example\n', 'log.example\n0') } },
      1,
      'CHECKPOINT_MALFORMED',
    ],
    [
      'a checkpoint of nobody',
      { ...entry, proof: { ...proof, checkpoint: proof.checkpoint.replace(/— .*\n/, '— log.example AAAAAAAA\n') } },
      1,
      'LOG_NOT_TRUSTED',
    ],
    ['a leaf that is none', { ...entry, leaf: 'AAAA' }, 1, 'ENTRY_MALFORMED'],
    [
      'an envelope’s entry',
      { ...entry, leaf: Buffer.from('{"apiVersion":"0.0.1","kind":"dsse","spec":{}}').toString('base64') },
      3,
      'CHECK_UNAVAILABLE',
    ],
    ['no proof', { ...entry, proof: null }, 3, 'SERVICE_REFUSED'],
    ['no object', [], 3, 'SERVICE_REFUSED'],
  ]
  for (const [name, lie, code, error] of lies) {
    said = { page, entry: lie }
    t.match(await verify(url, [file, ...mine]), { code, error: error === '' ? null : { code: error } }, name)
  }
  const pages: readonly (readonly [name: string, page: unknown, code: number, error: string])[] = [
    [
      'a log’s name that leads elsewhere',
      { ...page, entries: [{ ...page.entries[0], log: '../..' }] },
      3,
      'SERVICE_REFUSED',
    ],
    ['an index that is none', { ...page, entries: [{ ...page.entries[0], index: 1.5 }] }, 3, 'SERVICE_REFUSED'],
    ['too many', { ...page, entries: Array(101).fill(page.entries[0]) }, 3, 'SERVICE_REFUSED'],
    ['no list', {}, 3, 'SERVICE_REFUSED'],
  ]
  for (const [name, lie, code, error] of pages) {
    said = { page: lie, entry }
    t.match(await verify(url, [file, ...mine]), { code, error: { code: error } }, name)
  }
  said = { page: { ...page, entries: Array(100).fill(page.entries[0]), next: '/artifacts/again' }, entry: other }
  t.match(await verify(url, [file, ...mine]), { code: 3, error: { code: 'CHECK_UNAVAILABLE' } }, 'pages without end')

  let asked = 0
  const redirecting = await listen(t, (_, response) => {
    asked++
    response.writeHead(302, { location: `${url}/artifacts/${SHA256}` }).end()
  })
  t.match(
    await verify(redirecting, [file, ...mine]),
    { code: 3, error: { code: 'SERVICE_REFUSED' } },
    'no redirect is followed',
  )
  t.equal(asked, 1)
})

t.test('a Rekor v1 log: real entries, by key and by identity', async (t) => {
  const digest = `sha256:${hash('sha256', readFileSync(join(CONFORMANCE, 'a.txt')))}`
  const [key, identity, envelope] = ['managed-key-happy-path', 'happy-path-v0.3', 'happy-path-intoto-in-dsse-v3'].map(
    realEntry,
  )
  if (key === undefined || identity === undefined || envelope === undefined) throw new Error('no vectors')
  const all = [envelope, identity, key]
  const { url, asked } = await realRekor(t, new Map(all.map(({ id, value }) => [id, value])))
  for (const [name, found, kind] of [
    ['managed-key-happy-path', 3, 'key'],
    ['happy-path-v0.3', 2, 'identity'],
  ] as const) {
    const flags = conformanceFlags(name).flags.slice(2)
    for (const subject of [digest, join(CONFORMANCE, 'a.txt')]) {
      const { code, printed } = await command(['verify', '--json', subject, ...flags, '--log', url])
      t.match(
        { code, ...JSON.parse(printed) },
        {
          code: 0,
          verdict: { signer: { kind }, entries: [{ kind: 'hashedrekord 0.0.1' }], times: [{ source: 'log' }] },
          lookup: {
            server: 'rekor',
            found,
            refused: [{ code: 'CHECK_UNAVAILABLE', entry: `/api/v1/log/entries/${envelope.id}` }],
          },
        },
        name,
      )
    }
  }
  t.same(asked.slice(0, 3), [
    `GET /artifacts/${digest}`,
    `POST /api/v1/index/retrieve{"hash":"${digest}"}`,
    `GET /api/v1/log/entries/${envelope.id}`,
  ])
  const flags = conformanceFlags('managed-key-happy-path').flags.slice(2)
  const swapped = await realRekor(t, new Map([[key.id, identity.value]]))
  const lied = await command(['verify', '--json', digest, ...flags, '--log', swapped.url])
  t.match(
    { code: lied.code, ...JSON.parse(lied.printed) },
    { code: 3, error: { code: 'SERVICE_REFUSED' } },
    'another entry under the ID',
  )
  const promised = { ...key.value, integratedTime: key.value.integratedTime + 1 }
  const late = await realRekor(
    t,
    new Map([
      [envelope.id, envelope.value],
      [key.id, promised],
    ]),
  )
  const changed = await command(['verify', '--json', digest, ...flags, '--log', late.url])
  t.match({ code: changed.code, ...JSON.parse(changed.printed) }, { code: 1, error: { code: 'PROMISE_INVALID' } })
  const none = await realRekor(t, new Map())
  const nothing = await command(['verify', '--json', digest, ...flags, '--log', none.url])
  t.match({ code: nothing.code, ...JSON.parse(nothing.printed) }, { code: 3, error: { code: 'NOT_FOUND' } })
})

t.test('a server that is neither', async (t) => {
  const url = await listen(t, (_, response) => response.writeHead(404).end('no'))
  t.match(await verify(url, [file, ...mine]), { code: 3, error: { code: 'SERVICE_REFUSED' } })
})
