/** Whose word on hosts and addresses is taken, and in which form. */

import t from 'tap'
import { parseTrustedProxies } from '../../src/http/proxies.ts'
import { command, scratch } from '../cli/support.ts'
import { ask, exchange, said, startServer } from './support.ts'

const MATCHES: readonly [
  list: string,
  inside: readonly (string | undefined)[],
  outside: readonly (string | undefined)[],
][] = [
  [
    '10.0.0.0/8',
    ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3'],
    ['9.255.255.255', '11.0.0.0', '::1', undefined, ''],
  ],
  ['192.0.2.7', ['192.0.2.7'], ['192.0.2.6', '192.0.2.8', '::ffff:192.0.2.8', undefined]],
  ['2001:db8::/32, 192.0.2.1', ['2001:db8::1', '2001:db8:ffff::', '192.0.2.1'], ['2001:db9::', '192.0.2.2']],
  ['loopback', ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'], ['128.0.0.1', '::2', undefined]],
  ['unix', [undefined], ['127.0.0.1', '::1', '']],
  ['loopback,unix', [undefined, '127.0.0.1'], ['10.0.0.1']],
]

t.test('the list', async (t) => {
  for (const [list, inside, outside] of MATCHES) {
    const trusts = parseTrustedProxies(list)
    for (const address of inside) t.equal(trusts(address), true, `${list}: ${address}`)
    for (const address of outside) t.equal(trusts(address), false, `${list}: not ${address}`)
  }
  const wrong = [
    '',
    ' ',
    '*',
    'all',
    'localhost',
    '10.0.0.0/33',
    '::/129',
    '0.0.0.0/0',
    '::/0',
    '10.0.0/8',
    '10.0.0.0/08',
  ]
  for (const list of [
    ...wrong,
    '10.0.0.1,',
    '10.0.0.1;10.0.0.2',
    '10.0.0.0/8/8',
    '256.0.0.1',
    'unix,unix',
    'fe80::1%eth0',
  ])
    t.throws(() => parseTrustedProxies(list), Error, JSON.stringify(list))
  t.throws(
    () => parseTrustedProxies(Array.from({ length: 257 }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join()),
    /at most 256/,
  )
})

async function twoLogs(scope: Parameters<typeof scratch>[0], ...flags: readonly string[]) {
  const dir = scratch(scope)
  for (const origin of ['one', 'two']) {
    const made = await command(['log', 'create', origin, '--origin', `${origin}.example`, '--data', dir])
    if (made.code !== 0) throw new Error(made.warned)
  }
  return await startServer(scope, ['--url', 'https://one.example', ...flags], dir)
}

const FORWARDED = { host: 'one.example', 'x-forwarded-host': 'two.example' }
const originOf = async (server: { port: number }, headers: Record<string, string>) =>
  (await ask(server, '/checkpoint', { headers })).text.split('\n')[0]

t.test('an untrusted peer chooses no log', async (t) => {
  const servers = [await twoLogs(t), await twoLogs(t, '--trusted-proxies', '10.0.0.0/8,unix')]
  for (const server of servers) {
    t.equal(await originOf(server, FORWARDED), 'one.example')
    const nonsense = { host: 'two.example', 'x-forwarded-host': 'a b', 'x-forwarded-for': '!', 'x-forwarded-proto': '' }
    t.equal(await originOf(server, nonsense), 'two.example', 'what it forwards is not even read')
  }
})

t.test('a trusted one does, in good form', async (t) => {
  const server = await twoLogs(t, '--trusted-proxies', 'loopback')
  t.equal(await originOf(server, FORWARDED), 'two.example')
  t.equal(await originOf(server, { host: 'two.example' }), 'two.example', 'or by Host')
  t.equal(await originOf(server, { ...FORWARDED, 'x-forwarded-host': 'TWO.example:8443' }), 'two.example')
  t.equal(
    await originOf(server, { ...FORWARDED, 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1, ::1' }),
    'two.example',
  )
  const bad: readonly [name: string, value: string][] = [
    ['host', 'one.example, two.example'],
    ['host', 'two example'],
    ['host', ''],
    ['host', 'two.example/'],
    ['host', 'user@two.example'],
    ['host', '.example'],
    ['host', 'two.example:123456'],
    ['proto', 'HTTPS'],
    ['proto', 'https, http'],
    ['proto', 'ftp'],
    ['for', 'unknown'],
    ['for', ''],
    ['for', '192.0.2.1:80'],
    ['for', '192.0.2.1,'],
    ['for', Array(17).fill('192.0.2.1').join()],
  ]
  for (const [name, value] of bad) {
    const answer = await ask(server, '/checkpoint', { headers: { [`x-forwarded-${name}`]: value } })
    t.match(said(answer), new RegExp(`^400 REQUEST_MALFORMED x-forwarded-${name} must be `), `${name}: ${value}`)
  }
  const twice = await exchange(
    server,
    'GET /checkpoint HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: one.example\r\nX-Forwarded-Host: two.example\r\nConnection: close\r\n\r\n',
  )
  t.match(twice, /^HTTP\/1\.1 400 /, 'said twice')
})
