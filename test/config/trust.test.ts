/** What the configuration says of other services. */

import { join } from 'node:path'
import t from 'tap'
import { scratch } from '../cli/support.ts'
import { CHAIN, good, PUBLIC_KEY, parsed, write } from './support.ts'

const NOTHING = { operator: null, certificateAuthorities: [], timestampAuthorities: [], ctLogs: [], oidcIssuers: [] }
const FOREVER = { organization: null, validFrom: null, validUntil: null }

t.test('by flags and variables', async (t) => {
  const dir = scratch(t)
  const [chain, key] = [
    write(dir, 'chain.pem', `\n${CHAIN.replaceAll('\n', '\r\n')}`),
    write(dir, 'key.pem', PUBLIC_KEY),
  ]
  t.same(good([]).trust, NOTHING)
  const argv = [
    '--fulcio-url',
    'https://fulcio.example',
    '--tsa-certificate',
    chain,
    '--ct-log-key',
    key,
    '--operator',
    'Ö & Co',
  ]
  const env = {
    COLOPHON_FULCIO_CERTIFICATE: chain,
    COLOPHON_TSA_URL: 'https://tsa.example/api/v1/timestamp',
    COLOPHON_CT_LOG_URL: 'http://ct.example/2026',
    COLOPHON_OIDC_ISSUER: 'https://login.example',
  }
  t.same(good(argv, env).trust, {
    operator: 'Ö & Co',
    certificateAuthorities: [{ url: 'https://fulcio.example', chainPem: CHAIN, ...FOREVER }],
    timestampAuthorities: [{ url: 'https://tsa.example/api/v1/timestamp', chainPem: CHAIN, ...FOREVER }],
    ctLogs: [{ url: 'http://ct.example/2026', publicKeyPem: PUBLIC_KEY, validFrom: null, validUntil: null }],
    oidcIssuers: ['https://login.example'],
  })
  t.same(parsed(['--fulcio-url', 'https://a', '--ct-log-key', key], { COLOPHON_TSA_CERTIFICATE: chain }), [
    '--fulcio-url: goes with --fulcio-certificate, which is missing',
    'COLOPHON_TSA_CERTIFICATE: goes with --tsa-url, which is missing',
    '--ct-log-key: goes with --ct-log-url, which is missing',
  ])
})

t.test('by the file', async (t) => {
  const dir = scratch(t)
  for (const name of ['a.pem', 'sub/b.pem']) write(dir, name, CHAIN)
  write(dir, 'key.pem', PUBLIC_KEY)
  const trust = {
    operator: 'Example',
    certificateAuthorities: [
      {
        url: 'https://a',
        certificate: 'a.pem',
        organization: 'A',
        validFrom: '2025-01-01T00:00:00Z',
        validUntil: '2026-02-28T23:59:59Z',
      },
      { url: 'https://b', certificate: join(dir, 'sub/b.pem') },
    ],
    timestampAuthorities: [{ url: 'https://tsa', certificate: 'sub/b.pem' }],
    ctLogs: [{ url: 'https://ct', publicKey: 'key.pem' }],
    oidc: [{ url: 'https://login' }, { url: 'https://login.two' }],
  }
  const file = write(dir, 'c.json', { trust })
  const [validFrom, validUntil] = [Date.UTC(2025, 0, 1), Date.UTC(2026, 1, 28, 23, 59, 59)]
  t.same(good(['--config', file]).trust, {
    operator: 'Example',
    certificateAuthorities: [
      { url: 'https://a', chainPem: CHAIN, organization: 'A', validFrom, validUntil },
      { url: 'https://b', chainPem: CHAIN, ...FOREVER },
    ],
    timestampAuthorities: [{ url: 'https://tsa', chainPem: CHAIN, ...FOREVER }],
    ctLogs: [{ url: 'https://ct', publicKeyPem: PUBLIC_KEY, validFrom: null, validUntil: null }],
    oidcIssuers: ['https://login', 'https://login.two'],
  })
  const other = good(['--config', file, '--tsa-url', 'https://mine', '--tsa-certificate', join(dir, 'a.pem')]).trust
  t.same(
    other.timestampAuthorities.map(({ url }) => url),
    ['https://mine'],
    'a flag replaces the list of its kind',
  )
  t.equal(other.certificateAuthorities.length, 2, 'and no other')
})

t.test('what is refused', async (t) => {
  const dir = scratch(t)
  write(dir, 'a.pem', CHAIN)
  write(dir, 'key.pem', PUBLIC_KEY)
  write(dir, 'long.pem', CHAIN.repeat(5))
  write(dir, 'huge.pem', ' '.repeat(65 * 1024))
  write(dir, 'keys.pem', PUBLIC_KEY.repeat(2))
  write(dir, 'cut.pem', CHAIN.slice(0, 300))
  const authority = { url: 'https://a', certificate: 'a.pem' }
  const cases: readonly [trust: object, says: string | RegExp][] = [
    [{ certificateAuthorities: {} }, 'trust.certificateAuthorities: an array was expected'],
    [{ certificateAuthorities: [5] }, 'trust.certificateAuthorities[0]: an object was expected'],
    [{ certificateAuthorities: [authority, {}] }, 'trust.certificateAuthorities[1].url: missing'],
    [{ timestampAuthorities: [{ url: 'https://a' }] }, 'trust.timestampAuthorities[0].certificate: missing'],
    [
      { timestampAuthorities: [{ ...authority, url: 'a' }] },
      'trust.timestampAuthorities[0].url: not an http(s) URL: a',
    ],
    [
      { timestampAuthorities: [{ ...authority, url: 'https://a/?x' }] },
      /url: a URL without credentials, query and fragment/,
    ],
    [{ timestampAuthorities: [{ ...authority, name: 'x' }] }, 'trust.timestampAuthorities[0].name: no such field'],
    [
      { timestampAuthorities: [{ ...authority, certificate: 'none.pem' }] },
      /certificate: .*none\.pem cannot be read: ENOENT$/,
    ],
    [
      { timestampAuthorities: [{ ...authority, certificate: 'key.pem' }] },
      /key\.pem: block 0: not PEM with the label CERTIFICATE$/,
    ],
    [{ timestampAuthorities: [{ ...authority, certificate: 'cut.pem' }] }, /cut\.pem: block 0: not PEM/],
    [
      { timestampAuthorities: [{ ...authority, certificate: 'long.pem' }] },
      /long\.pem: at most 8 certificates, not 10$/,
    ],
    [{ timestampAuthorities: [{ ...authority, certificate: 'huge.pem' }] }, /huge\.pem is over 65536 bytes$/],
    [{ timestampAuthorities: [{ ...authority, validFrom: '2025-01-01' }] }, /validFrom: must be a time such as/],
    [
      { timestampAuthorities: [{ ...authority, validFrom: '2025-02-29T00:00:00Z' }] },
      /validFrom: must be a time such as/,
    ],
    [
      {
        timestampAuthorities: [{ ...authority, validFrom: '2025-01-01T00:00:00Z', validUntil: '2025-01-01T00:00:00Z' }],
      },
      /https:\/\/a: validUntil is not after validFrom$/,
    ],
    [{ ctLogs: [{ url: 'https://a', publicKey: 'a.pem' }] }, /a\.pem: block 0: not PEM with the label PUBLIC KEY$/],
    [{ ctLogs: [{ url: 'https://a', publicKey: 'keys.pem' }] }, /keys\.pem: one public key, not 2$/],
    [{ oidc: ['https://a'] }, 'trust.oidc[0]: an object was expected'],
    [{ oidc: [{ url: 'https://a' }, { url: 'https://a' }] }, /the same issuer twice$/],
    [{ oidc: Array(65).fill({ url: 'https://a' }) }, 'trust.oidc: 0 to 64 items, not 65'],
    [{ operator: ' x' }, /trust\.operator: must be 1 to 128 printable characters/],
    [{ operator: 'a\nb' }, /trust\.operator: must be 1 to 128 printable characters/],
  ]
  for (const [trust, says] of cases) {
    const problems = parsed(['--config', write(dir, 'c.json', { trust })]) as string[]
    t.equal(problems.length, 1, JSON.stringify(trust).slice(0, 100))
    t.match(problems[0], says)
  }
  const two = { ctLogs: [{}, { url: 'x', publicKey: 'key.pem' }], oidc: [{}] }
  t.equal((parsed(['--config', write(dir, 'c.json', { trust: two })]) as string[]).length, 3, 'each item is judged')
})
