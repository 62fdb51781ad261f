/** `colophon trust create`: files out of keys, all faults at once, nothing overwritten, nothing fetched in silence. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { sha256 } from '#sha256'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { createVkey, formatVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import { formatPem } from '../../src/formats/pki/pem.ts'
import { formatSpki } from '../../src/formats/pki/spki.ts'
import { parseTrustedRoot } from '../../src/formats/sigstore/trusted-root.ts'
import { hex } from '../../src/kernel/bytes.ts'
import { keyOf, PUBLIC, PUBLIC_CONFIG } from '../trust/support.ts'
import { command, type Scope, scratch } from './support.ts'

const V1_SPKI = Buffer.from(PUBLIC.tlogs[0]?.publicKey.rawBytes ?? '', 'base64')
const V2_SPKI = formatSpki({ kind: 'ed25519', bytes: keyOf(7).publicKey })
const [CA] = PUBLIC_CONFIG.certificateAuthorities
const [TSA] = PUBLIC_CONFIG.timestampAuthorities
const [CT] = PUBLIC_CONFIG.ctLogs

/** A directory with the files that an operator has. */
function desk(scope: Scope) {
  const dir = scratch(scope)
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text)
    return join(dir, name)
  }
  file('v1.pem', formatPem(V1_SPKI, 'PUBLIC KEY'))
  file('v2.pem', formatPem(V2_SPKI, 'PUBLIC KEY'))
  file('ca.pem', CA?.chainPem ?? '')
  file('tsa.pem', TSA?.chainPem ?? '')
  file('ct.pem', CT?.publicKeyPem ?? '')
  const out = join(dir, 'out')
  const read = (name: string) => readFileSync(join(out, name))
  const create = (...argv: readonly string[]) => command(['trust', 'create', '--out', out, ...argv])
  return { dir, file, out, read, create, json: (name: string) => JSON.parse(read(name).toString()) }
}

const START = ['--rekor-start', '2026-01-01T00:00:00Z']

t.test('one log by flags, with its authorities', async (t) => {
  const { dir, create, read, json } = desk(t)
  const v2 = [
    '--rekor-url',
    'https://log.example',
    '--rekor-version',
    '2',
    '--rekor-key',
    join(dir, 'v2.pem'),
    ...START,
  ]
  const authorities = [
    ...['--fulcio-url', 'https://fulcio.example', '--fulcio-certificate', join(dir, 'ca.pem')],
    ...['--tsa-url', 'https://tsa.example/api/v1/timestamp', '--tsa-certificate', join(dir, 'tsa.pem')],
    ...['--ct-log-url', 'https://ct.example', '--ct-log-key', join(dir, 'ct.pem')],
    ...['--oidc-issuer', 'https://login.example', '--operator', 'Example'],
  ]
  const done = await create(...v2, ...authorities)
  t.match(done, { code: 0, warned: '' })
  t.match(done.printed, new RegExp(`^https://log.example: version 2, key SHA-256 ${hex(sha256(V2_SPKI))}\n`))
  const root = parseTrustedRoot(read('trusted_root.json'))
  t.match(root.tlogs, [
    { baseUrl: 'https://log.example', keyDetails: 'PKIX_ED25519', validFor: { start: '2026-01-01T00:00:00.000Z' } },
  ])
  t.same([root.certificateAuthorities.length, root.ctLogs.length, root.timestampAuthorities.length], [1, 1, 1])
  t.match(json('signing_config.json'), {
    rekorTlogUrls: [{ url: 'https://log.example', majorApiVersion: 2, operator: 'Example' }],
    caUrls: [{ url: 'https://fulcio.example' }],
    oidcUrls: [{ url: 'https://login.example' }],
  })
  t.equal(parsePolicy(read('policy')).quorum, null)
  t.match(json('sources.json').logs, [{ source: join(dir, 'v2.pem'), trustOnFirstUse: false }])
  const again = await create(...v2)
  t.match(again, { code: 2, printed: '', warned: /--out: .* is not empty, and nothing is overwritten/ })
})

t.test('several logs by a file, in the form of a server’s', async (t) => {
  const { dir, file, create, read, json } = desk(t)
  const witness = formatVkey(createVkey('w.example', KEY_TYPE.cosignature, keyOf(3).publicKey))
  file('witnesses', `witness W ${witness} https://w.example\nquorum W\n`)
  const config = {
    listen: '127.0.0.1:3000',
    trust: {
      operator: 'Example',
      certificateAuthorities: [{ url: 'https://fulcio.example', certificate: 'ca.pem' }],
      ctLogs: [
        {
          url: 'https://ct.example',
          publicKey: 'ct.pem',
          validFrom: '2022-01-01T00:00:00Z',
          validUntil: '2023-01-01T00:00:00Z',
        },
      ],
    },
    logs: [
      { url: 'https://rekor.example', version: 1, publicKey: 'v1.pem', validFrom: '2021-01-12T11:53:27Z' },
      {
        url: 'https://log.example',
        version: 2,
        vkey: formatVkey(createVkey('2026.log.example', KEY_TYPE.ed25519, keyOf(7).publicKey)),
        validFrom: '2026-01-01T00:00:00Z',
        frozenAt: '2026-06-01T00:00:00Z',
      },
    ],
    policy: 'witnesses',
  }
  t.match(await create('--config', file('trust.json', JSON.stringify(config)), '--operator', 'Other'), {
    code: 0,
    warned: '',
  })
  const root = parseTrustedRoot(read('trusted_root.json'))
  t.equal(
    hex(root.tlogs[0]?.logId ?? new Uint8Array()),
    'c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d',
    'the ID that the world knows',
  )
  t.match(root.tlogs[1], { baseUrl: 'https://2026.log.example' })
  t.match(root.ctLogs[0]?.validFor, { start: '2022-01-01T00:00:00.000Z', end: '2023-01-01T00:00:00.000Z' })
  t.match(
    json('signing_config.json').rekorTlogUrls,
    [{ majorApiVersion: 1, operator: 'Other' }],
    'without timestamps version 1 alone, and flags win',
  )
  t.match(json('signing_config.v2.json').rekorTlogUrls, [{ validFor: { end: '2026-06-01T00:00:00.000Z' } }])
  t.match(parsePolicy(read('policy')), {
    logs: [{ vkey: { name: '2026.log.example' } }],
    witnesses: [{ name: 'W' }],
    quorum: 'W',
  })
  t.match(read('policy').toString(), /^# https:\/\/rekor\.example is not listed: a policy takes no key of version 1\. /)
  t.ok(readdirSync(dir).includes('out'))
})

t.test('everything wrong at once, and no file', async (t) => {
  const { dir, file, create, out } = desk(t)
  const bad = await create(
    ...[
      '--rekor-url',
      'https://log.example/x',
      '--rekor-version',
      '3',
      '--rekor-key',
      join(dir, 'ca.pem'),
      '--rekor-start',
      'now',
    ],
    ...['--tsa-url', 'https://tsa.example', '--policy', join(dir, 'none'), '--nonsense', 'x'],
  )
  t.match(bad, { code: 2, printed: '' })
  for (const words of [
    /^CONFIG_INVALID: --nonsense: there is no such flag/,
    /^--rekor-url: /m,
    /^--rekor-version: 1 or 2/m,
    /^--rekor-key: .*ca\.pem: /m,
    /^--rekor-start: must be a time/m,
    /^--tsa-url: goes with/m,
    /^--policy: .*ENOENT/m,
  ])
    t.match(bad.warned, words)
  const logs = [
    { url: 'https://a', version: 2, publicKey: 'v2.pem' },
    { url: 'https://b', version: 1, vkey: 'x', validFrom: '2026-01-01T00:00:00Z' },
    {
      url: 'https://c',
      version: 2,
      publicKey: 'v2.pem',
      validFrom: '2026-01-01T00:00:00Z',
      validUntil: '2025-01-01T00:00:00Z',
    },
    { url: 'https://d', version: 2, validFrom: '2026-01-01T00:00:00Z' },
    { url: 'https://e', version: 2, more: 1, validFrom: '2026-01-01T00:00:00Z' },
    1,
  ]
  const described = await create('--config', file('bad.json', JSON.stringify({ logs, trust: { nonsense: 1 } })))
  for (const words of [
    /trust\.nonsense: there is no such setting/,
    /https:\/\/a: validFrom is missing/,
    /logs\[1\]\.vkey: not a verifier key/,
    /https:\/\/c: validUntil is not after validFrom/,
    /^https:\/\/d: its key is missing/m,
    /logs\[4\]\.more: no such field/,
    /logs\[5\]: an object was expected/,
  ])
    t.match(described.warned, words)
  const wrongKeys = await create(
    '--rekor-url',
    'https://log.example',
    '--rekor-version',
    '2',
    '--rekor-key',
    join(dir, 'v1.pem'),
    ...START,
  )
  t.match(wrongKeys, { code: 2, warned: /https:\/\/log\.example: a version 2 log has an Ed25519 key/ })
  t.notOk(existsSync(out))
  mkdirSync(out)
  writeFileSync(join(out, 'x'), '')
  t.match(await create('--rekor-url', 'https://log.example'), { code: 2 })
  t.same(readdirSync(out), ['x'])
  for (const argv of [[], ['show'], ['create']]) t.match(await command(['trust', ...argv]), { code: 2, printed: '' })
  t.match(await create(), { code: 2, warned: /no log: --rekor-url/ })
  t.match(await create('--rekor-key', 'x'), { code: 2, warned: /--rekor-key: goes with --rekor-url/ })
})

async function serving(scope: Scope, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  scope.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('--fetch: said aloud, and marked in what comes out', async (t) => {
  const asked: string[] = []
  const vkey = formatVkey(createVkey('127.0.0.1', KEY_TYPE.ed25519, keyOf(7).publicKey))
  const url = await serving(t, (request, response) => {
    asked.push(request.url ?? '')
    if (request.url === '/api/v1/log/publicKey') response.end(formatPem(V1_SPKI, 'PUBLIC KEY'))
    else if (request.url === '/logs')
      response.end(JSON.stringify({ logs: [{ dialect: 'rekor-v2', origin: '127.0.0.1', vkey, more: 1 }] }))
    else response.writeHead(404).end()
  })
  const one = desk(t)
  const flags = ['--rekor-url', url, ...START]
  t.match(await one.create(...flags, '--rekor-version', '1'), {
    code: 2,
    warned: /its key is missing: name its file, or --fetch it/,
  })
  t.same(asked, [], 'nothing is fetched that nobody asked for')
  for (const [version, spki, path] of [
    ['1', V1_SPKI, '/api/v1/log/publicKey'],
    ['2', V2_SPKI, '/logs'],
  ] as const) {
    const { create, json, read } = desk(t)
    const fingerprint = hex(sha256(spki))
    const done = await create(...flags, '--rekor-version', version, '--fetch')
    t.equal(done.code, 0, done.warned)
    t.match(done.warned, /^TRUST ON FIRST USE\n/)
    t.match(done.warned, new RegExp(`${url}${path}\n  SHA-256 ${fingerprint}\n  Compare this`))
    t.match(json('sources.json').logs, [{ trustOnFirstUse: true, fingerprint, source: `${url}${path}` }])
    t.match(read('policy').toString(), new RegExp(`^# trust on first use: .* SHA-256 ${fingerprint}\n`))
    t.equal(parsePolicy(read('policy')).logs.length, version === '2' ? 1 : 0)
  }
  const { dir, create } = desk(t)
  asked.length = 0
  await create(...flags, '--rekor-version', '2', '--rekor-key', join(dir, 'v2.pem'), '--fetch')
  t.same(asked, [], 'a key that is named is not fetched')
})

t.test('--fetch: what is refused', async (t) => {
  const plain = ['--rekor-version', '1', ...START, '--fetch']
  const { create, out } = desk(t)
  t.match(await create('--rekor-url', 'http://log.example', ...plain), {
    code: 3,
    warned: /COPY_REFUSED: .*over https alone/,
  })
  const answers: readonly (readonly [RequestListener, string, RegExp])[] = [
    [(_, response) => response.writeHead(302, { location: 'https://elsewhere.example/' }).end(), '1', /answered 302/],
    [(_, response) => response.writeHead(404).end(), '1', /there is nothing; name the file/],
    [(_, response) => response.end('x'.repeat(20_000)), '1', /COPY_REFUSED/],
    [(_, response) => response.end('no key'), '1', /DER_MALFORMED/],
    [(_, response) => response.end('{"logs":[]}'), '2', /lists no version 2 log 127\.0\.0\.1/],
    [(_, response) => response.end('[]'), '2', /FIELD_INVALID/],
  ]
  for (const [answer, version, warned] of answers) {
    const url = await serving(t, answer)
    t.match(await create('--rekor-url', url, ...START, '--rekor-version', version, '--fetch'), {
      code: 3,
      printed: '',
      warned,
    })
  }
  t.notOk(existsSync(out))
})
