/** What clients read of a server, compared with what Sigstore's public instance hands out. */

import { hash } from 'node:crypto'
import t from 'tap'
import { generateEcdsa } from '#crypto'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { createVkey, formatVkey, KEY_TYPE, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { formatPem, parsePem } from '../../src/formats/pki/pem.ts'
import { parseSpki } from '../../src/formats/pki/spki.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import { base64, parseUtf8 } from '../../src/kernel/bytes.ts'
import { composeTrustFiles, NO_WITNESSES, type TrustInput, withdrawnFiles } from '../../src/trust/compose.ts'
import { logsToOffer } from '../../src/trust/files.ts'
import { refused } from '../formats/support.ts'
import { EMPTY_CONFIG, json, keyOf, logOf, PUBLIC, PUBLIC_CONFIG, START } from './support.ts'

const LOG = logOf('v2', 'log.example')

function compose(more: Partial<TrustInput> = {}) {
  return composeTrustFiles({
    url: 'https://log.example',
    logs: [LOG],
    config: EMPTY_CONFIG,
    witnessing: NO_WITNESSES,
    ...more,
  })
}

const rekorUrls = (bytes: Uint8Array | undefined) =>
  json(bytes).rekorTlogUrls.map((service: { url: string }) => service.url)

t.test('the files of a server with one log', async (t) => {
  t.same(
    [...compose().keys()],
    [
      'trusted_root.json',
      'signing_config.json',
      'signing_config.v2.json',
      'client_trust_config.json',
      'policy',
      'v2.vkey',
      'v2.pem',
    ],
  )
})

t.test('services of the configuration stand as Sigstore writes them', async (t) => {
  const root = json(compose({ config: PUBLIC_CONFIG }).get('trusted_root.json'))
  const withoutTimes = (logs: readonly object[]) => logs.map((log) => JSON.parse(JSON.stringify(log), dropTimes))
  const dropTimes = (name: string, value: unknown) => (name === 'validFor' ? undefined : (value ?? undefined))
  const sameTimes = (name: string, value: unknown) =>
    typeof value === 'string' && (name === 'start' || name === 'end')
      ? new Date(value).toISOString()
      : (value ?? undefined)
  const normal = (value: object) => JSON.parse(JSON.stringify(value), sameTimes)
  t.ok(PUBLIC.certificateAuthorities.length > 1 && PUBLIC.ctlogs.length > 1 && PUBLIC.timestampAuthorities.length > 0)
  t.same(root.certificateAuthorities, normal(PUBLIC.certificateAuthorities))
  t.same(root.timestampAuthorities, normal(PUBLIC.timestampAuthorities))
  t.same(withoutTimes(root.ctlogs), withoutTimes(PUBLIC.ctlogs))
  t.equal(root.ctlogs[0].publicKey.validFor.start, '1970-01-01T00:00:00.000Z', 'a start, though none is configured')
})

t.test('what the configuration leaves out is the certificate’s', async (t) => {
  const [authority] = PUBLIC_CONFIG.timestampAuthorities
  if (authority === undefined) throw new Error('no authority')
  const config = { ...EMPTY_CONFIG, timestampAuthorities: [{ ...authority, organization: 'Ours', validFrom: null }] }
  const [found] = json(compose({ config }).get('trusted_root.json')).timestampAuthorities
  t.equal(found.subject.organization, 'Ours')
  t.equal(found.validFor.start, '2025-04-08T06:59:43.000Z', 'the youngest of the chain')
})

t.test('the signing config', async (t) => {
  const config = json(compose({ config: PUBLIC_CONFIG }).get('signing_config.json'))
  const operator = 'sigstore.dev'
  const validFor = { start: '2026-01-01T00:00:00.000Z' }
  t.same(config.rekorTlogUrls, [{ url: 'https://log.example', majorApiVersion: 2, validFor, operator }])
  t.same(config.caUrls.length, PUBLIC.certificateAuthorities.length)
  t.same(
    config.tsaUrls.map(({ url }: { url: string }) => url),
    PUBLIC.timestampAuthorities.map(({ uri }) => uri),
  )
  t.same(config.oidcUrls[0].url, 'https://oauth2.sigstore.dev/auth')
  t.same([config.rekorTlogConfig, config.tsaConfig], [{ selector: 'ANY' }, { selector: 'ANY' }])
  const starts = config.caUrls.map(({ validFor }: { validFor: { start: string } }) => validFor.start)
  t.same(starts, starts.toSorted().reverse(), 'the newest first')
  const alone = json(compose().get('signing_config.json'))
  t.equal(alone.rekorTlogUrls[0].operator, 'log.example', 'the host, where no operator is named')
  t.same([alone.caUrls, alone.tsaUrls, alone.oidcUrls], [[], [], []])
})

t.test('client trust config: both files in one', async (t) => {
  const files = compose({ config: PUBLIC_CONFIG })
  t.same(json(files.get('client_trust_config.json')), {
    mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
    trustedRoot: json(files.get('trusted_root.json')),
    signingConfig: json(files.get('signing_config.json')),
  })
})

t.test('a certificate without a timestamp authority still finds the only log there is', async (t) => {
  const config = { ...PUBLIC_CONFIG, timestampAuthorities: [] }
  t.same(
    rekorUrls(compose({ config }).get('signing_config.json')),
    ['https://log.example'],
    'so that signing fails aloud',
  )
})

t.test('which API versions the default offers', async (t) => {
  const service = (name: string, majorApiVersion: number, end?: string) => {
    const validFor = { start: '2026-01-01T00:00:00.000Z', ...(end !== undefined && { end }) }
    return { url: `https://${name}.example`, majorApiVersion, validFor, operator: 'x' }
  }
  const [v1, v2, frozen] = [service('v1', 1), service('v2', 2), service('v0', 1, '2026-02-01T00:00:00.000Z')]
  const [ca, tsa] = [[service('ca', 1)], [service('tsa', 1)]]
  const table: readonly (readonly [string, Parameters<typeof logsToOffer>, object[]])[] = [
    ['keys alone', [[v1, v2], { ca: [], tsa: [] }], [v1, v2]],
    ['keys and timestamps', [[v1, v2], { ca: [], tsa }], [v1, v2]],
    ['certificates and timestamps', [[v1, v2], { ca, tsa }], [v1, v2]],
    ['certificates alone', [[v1, v2], { ca, tsa: [] }], [v1]],
    ['certificates alone, and a frozen log beside', [[frozen, v1, v2], { ca, tsa: [] }], [frozen, v1]],
    ['certificates alone, version 1 is frozen', [[frozen, v2], { ca, tsa: [] }], [frozen, v2]],
    ['certificates alone, no version 1', [[v2], { ca, tsa: [] }], [v2]],
  ]
  for (const [name, given, expected] of table) t.same(logsToOffer(...given), expected, name)
})

t.test('which host a log is reached at', async (t) => {
  const [old, next] = [
    logOf('a', '2025.log.example', { retiredAt: unixMillis(START + 5000) }),
    logOf('b', '2026.log.example'),
  ]
  const cases: readonly (readonly [string, string[], string[]])[] = [
    [
      'https://2026.log.example',
      ['https://2025.log.example', 'https://2026.log.example'],
      ['https://2025.log.example', 'https://2026.log.example'],
    ],
    // The URL's host is no origin: it means the first log that takes entries.
    [
      'http://proxy.example:8080',
      ['http://2025.log.example:8080', 'http://2026.log.example:8080'],
      ['http://proxy.example:8080', 'http://2025.log.example:8080'],
    ],
  ]
  for (const [url, trusted, reached] of cases) {
    const files = compose({ url, logs: [old, next] })
    const root = json(files.get('trusted_root.json'))
    t.same(
      root.tlogs.map((log: { baseUrl: string }) => log.baseUrl),
      trusted,
      `${url}: trusted under the origin`,
    )
    t.same(rekorUrls(files.get('signing_config.v2.json')).toSorted(), reached.toSorted(), `${url}: reached`)
    const ends = json(files.get('signing_config.v2.json')).rekorTlogUrls.map(
      (s: { validFor: { end?: string } }) => s.validFor.end,
    )
    t.same(
      ends.filter((end?: string) => end !== undefined),
      ['2026-01-01T00:00:05.000Z'],
      'the frozen one has its end',
    )
    t.same(
      root.tlogs.map((log: { publicKey: { validFor: object } }) => log.publicKey.validFor),
      [{ start: '2026-01-01T00:00:00.000Z', end: '2026-01-01T00:00:05.000Z' }, { start: '2026-01-01T00:00:00.000Z' }],
      'and is trusted for what it took till then',
    )
  }
})

t.test('a compromised log', async (t) => {
  const [stolen, next] = [
    logOf('a', 'a.example', { retiredAt: unixMillis(START + 5000), isCompromised: true }),
    logOf('b', 'b.example'),
  ]
  const files = compose({ url: 'https://b.example', logs: [stolen, next] })
  t.notOk(files.has('a.vkey') || files.has('a.pem'), 'its key is not handed out')
  t.ok(files.has('b.vkey') && files.has('b.pem'))
  for (const name of ['trusted_root.json', 'policy'])
    t.notOk(Buffer.from(files.get(name) ?? []).includes('a.example'), `${name} does not name it`)
  t.same(json(files.get('client_trust_config.json')).trustedRoot, json(files.get('trusted_root.json')))
  const services: { url: string }[] = json(files.get('signing_config.json')).rekorTlogUrls
  const ended = services.find(({ url }) => url === 'https://a.example')
  t.match(ended, { validFor: { end: '2026-01-01T00:00:05.000Z' } }, 'signers pass over it')
  t.same(withdrawnFiles([stolen, next]), ['a.vkey', 'a.pem', 'a.ml-dsa-44.vkey'])
  const alone = compose({ logs: [stolen] })
  t.same(json(alone.get('trusted_root.json')).tlogs, [])
  t.equal(Buffer.from(alone.get('policy') ?? []).toString(), 'quorum none\n')
  t.equal(rekorUrls(alone.get('signing_config.json')).length, 1, 'an empty list might mean: do not log')
})

t.test('a log of a dialect that Sigstore does not speak', async (t) => {
  const files = compose({ logs: [LOG, logOf('other', 'other.example', { dialect: 'scitt' })] })
  t.equal(json(files.get('trusted_root.json')).tlogs.length, 1)
  t.same(rekorUrls(files.get('signing_config.json')), ['https://log.example'])
  t.ok(files.has('other.vkey') && files.has('other.pem'), 'has its keys listed')
  t.equal(parsePolicy(files.get('policy') ?? new Uint8Array()).logs.length, 2, 'and is in the policy')
})

t.test('the keys of a log', async (t) => {
  const files = compose()
  t.equal(Buffer.from(files.get('v2.vkey') ?? []).toString(), `${LOG.vkey}\n`)
  const [spki = new Uint8Array()] = parsePem(Buffer.from(files.get('v2.pem') ?? []).toString(), 'PUBLIC KEY')
  t.match(parseSpki(spki), { kind: 'ed25519', bytes: parseVkey(LOG.vkey).publicKey })
})

t.test('the policy', async (t) => {
  const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()
  t.equal(text(compose().get('policy')), `log ${LOG.vkey} https://log.example/logs/v2\nquorum none\n`)
  const vkey = createVkey('w.example', KEY_TYPE.cosignature, keyOf(9).publicKey)
  const witnessing = { witnesses: [{ name: 'w', vkey }], groups: [], quorum: 'w' }
  t.same(parsePolicy(compose({ witnessing }).get('policy') ?? new Uint8Array()).quorum, 'w')
})

t.test('a post-quantum key is handed out, and named in the policy for whoever demands it', async (t) => {
  const mlDsaVkey = formatVkey(createVkey('log.example', KEY_TYPE.mlDsa44, new Uint8Array(1312).fill(7)))
  const log = logOf('v2', 'log.example', { mlDsaVkey })
  const files = compose({ logs: [log, logOf('old', 'old.example')] })
  t.equal(Buffer.from(files.get('v2.ml-dsa-44.vkey') ?? []).toString(), `${mlDsaVkey}\n`)
  t.notOk(files.has('old.ml-dsa-44.vkey'))
  const policy = Buffer.from(files.get('policy') ?? []).toString()
  const types = (text: string) => parsePolicy(Buffer.from(text)).logs.map(({ vkey }) => vkey.type)
  t.same(types(policy), [KEY_TYPE.ed25519, KEY_TYPE.ed25519], 'any key of a policy is enough: this one is a remark')
  const demanding = policy.replace(`log ${log.vkey} https://log.example/logs/v2\n`, '').replace('# log ', 'log ')
  t.same(types(demanding), [KEY_TYPE.ed25519, KEY_TYPE.mlDsa44], 'put in the place of the other')
  const stolen = { ...log, retiredAt: START, isCompromised: true }
  const withdrawn = compose({ logs: [stolen] })
  t.notOk(withdrawn.has('v2.ml-dsa-44.vkey'))
  t.equal(Buffer.from(withdrawn.get('policy') ?? []).toString(), 'quorum none\n')
})

t.test('a service that cannot be read is named', async () => {
  const [authority] = PUBLIC_CONFIG.timestampAuthorities
  const [ctLog] = PUBLIC_CONFIG.ctLogs
  if (authority === undefined || ctLog === undefined) throw new Error('no service')
  const noPem = { ...authority, url: 'https://tsa.example', chainPem: 'x' }
  const noCertificate = { ...noPem, chainPem: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }
  for (const bad of [noPem, noCertificate])
    refused(
      () => compose({ config: { ...EMPTY_CONFIG, timestampAuthorities: [bad] } }),
      'CERTIFICATE_MALFORMED',
      bad.chainPem,
    )
  for (const publicKeyPem of ['x', `${ctLog.publicKeyPem}${ctLog.publicKeyPem}`])
    refused(
      () => compose({ config: { ...EMPTY_CONFIG, ctLogs: [{ ...ctLog, publicKeyPem }] } }),
      'KEY_MALFORMED',
      publicKeyPem,
    )
})

t.test('the trees of a host: all are trusted, and those whose turn has come are written to', async (t) => {
  const tree = (number: number, retiredAt: number | null) => ({
    ...logOf(String(number), `log.example/${number}`, { dialect: 'rekor-v1', ecdsaKey: base64(generateEcdsa().spki) }),
    origin: `log.example - ${number}`,
    retiredAt: retiredAt === null ? null : unixMillis(START + retiredAt),
  })
  const [first, second, third] = [tree(1, 1000), tree(2, null), tree(3, null)]
  const ended = { ...second, retiredAt: unixMillis(START + 2000) }
  const [end1, end2] = ['2026-01-01T00:00:01.000Z', '2026-01-01T00:00:02.000Z']
  for (const [logs, listed] of [
    [
      [first, second, third],
      [undefined, end1],
    ],
    [
      [first, ended, third],
      [undefined, end2, end1],
    ],
  ] as const) {
    const files = compose({ logs })
    t.equal(json(files.get('trusted_root.json')).tlogs.length, 3)
    const services: { url: string; validFor: { end?: string } }[] = json(files.get('signing_config.json')).rekorTlogUrls
    t.same(services.map(({ validFor }) => validFor.end).toSorted(), [...listed].toSorted())
    t.same([...new Set(services.map(({ url }) => url))], ['https://log.example'])
    t.ok(files.has('3.pem') && files.has('3.vkey'))
    t.equal(parsePolicy(files.get('policy') ?? new Uint8Array()).logs.length, 3)
  }
})

t.test('a Rekor v1 log is known by its ECDSA key', async (t) => {
  const { spki } = generateEcdsa()
  const origin = 'log.example - 1234'
  const ecdsa = { dialect: 'rekor-v1', ecdsaKey: base64(spki), createdAt: unixMillis(START + 999) }
  const v1 = { ...logOf('1', 'log.example/1234', ecdsa), origin }
  const files = compose({ logs: [LOG, v1] })
  t.match(json(files.get('trusted_root.json')).tlogs[1], {
    baseUrl: 'https://log.example',
    logId: { keyId: hash('sha256', spki, 'base64') },
    publicKey: {
      rawBytes: base64(spki),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: { start: '2026-01-01T00:00:00Z' }, // entries have whole seconds
    },
  })
  t.match(json(files.get('signing_config.v1.json')).rekorTlogUrls, [{ url: 'https://log.example', majorApiVersion: 1 }])
  t.same(
    json(files.get('signing_config.json')).rekorTlogUrls.map((log: { majorApiVersion: number }) => log.majorApiVersion),
    [2, 1],
    'version 1 last, also where it is the newer',
  )
  t.equal(parseUtf8(files.get('1.pem') ?? new Uint8Array()), formatPem(spki, 'PUBLIC KEY'))
})
