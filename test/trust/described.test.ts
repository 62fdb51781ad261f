/** Trust files of logs that are described: the public instance's own, made again from its keys and chains. */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { LogConfig } from '../../src/config/trust-logs.ts'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { createVkey, formatVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import { formatPem, parsePem } from '../../src/formats/pki/pem.ts'
import { formatSpki } from '../../src/formats/pki/spki.ts'
import type { TimeRange, TrustedAuthority, TrustedLog, TrustedRoot } from '../../src/formats/sigstore/trusted-root.ts'
import { parseTrustedRoot } from '../../src/formats/sigstore/trusted-root.ts'
import { parseTime } from '../../src/formats/time.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import { chainFault, overlaps } from '../../src/trust/chain.ts'
import { contentOf, faultsOf, type KnownLog, type TrustDescription } from '../../src/trust/described.ts'
import { trustFiles } from '../../src/trust/files.ts'
import { EMPTY_CONFIG, json, keyOf, PUBLIC_CONFIG, START } from './support.ts'

const read = (path: string) => parseTrustedRoot(readFileSync(new URL(`../vectors/${path}`, import.meta.url)))
const ROOTS = ['trust/trusted_root.json', 'sigstore-conformance/trusted_root.public-good.json'].map(
  (path) => [path, read(path)] as const,
)

const ms = (text: string | undefined) => (text === undefined ? null : parseTime(text))
const range = ({ start, end }: TimeRange) => ({ validFrom: ms(start), validUntil: ms(end) })

/** As an operator would write down what the file has: keys and chains, addresses, times. No ID is copied. */
function describe(root: TrustedRoot): TrustDescription {
  const authority = ({ uri, chain, validFor, subject }: TrustedAuthority) => ({
    url: uri,
    chainPem: chain.map((der) => formatPem(der, 'CERTIFICATE')).join(''),
    organization: subject.organization,
    ...range(validFor),
  })
  const log = ({ baseUrl, publicKeySpki, keyDetails, validFor }: TrustedLog): KnownLog => ({
    url: baseUrl,
    version: keyDetails === 'PKIX_ED25519' ? 2 : 1,
    origin: new URL(baseUrl).hostname,
    spki: publicKeySpki,
    validFrom: parseTime(validFor.start),
    validUntil: ms(validFor.end),
    frozenAt: null,
  })
  return {
    logs: root.tlogs.map(log),
    trust: {
      ...EMPTY_CONFIG,
      operator: 'sigstore.dev',
      certificateAuthorities: root.certificateAuthorities.map(authority),
      timestampAuthorities: root.timestampAuthorities.map(authority),
      ctLogs: root.ctLogs.map(({ baseUrl, publicKeySpki, validFor }) => ({
        url: baseUrl,
        publicKeyPem: formatPem(publicKeySpki, 'PUBLIC KEY'),
        ...range(validFor),
      })),
    },
    policy: null,
  }
}

/** Times as numbers: theirs have another number of digits. */
const meaning = (root: TrustedRoot) =>
  JSON.parse(
    JSON.stringify(root, (key, value) => {
      if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
      return key === 'start' || key === 'end' ? parseTime(value) : value
    }),
  )

t.test("the public instance's trusted root, made of its own parts", async (t) => {
  for (const [path, root] of ROOTS) {
    t.ok(root.tlogs.length > 0 && root.ctLogs.length > 1 && root.certificateAuthorities.length > 1, path)
    const description = describe(root)
    t.same(faultsOf(description), [], path)
    const made = trustFiles(contentOf(description)).get('trusted_root.json') ?? new Uint8Array()
    t.same(meaning(parseTrustedRoot(made)), meaning(root), path)
  }
  t.ok(
    ROOTS.some(([, root]) => root.tlogs.some((log) => log.keyDetails === 'PKIX_ED25519')),
    'a version 2 log is among them, whose ID needs its origin',
  )
})

const P256 = ROOTS[0]?.[1].tlogs[0]?.publicKeySpki ?? new Uint8Array()
const ED25519 = formatSpki({ kind: 'ed25519', bytes: keyOf(7).publicKey })

function log(more: Partial<KnownLog> = {}): KnownLog {
  const base: Omit<LogConfig, 'key'> = {
    url: 'https://log.example',
    version: 2,
    origin: 'log.example',
    validFrom: START,
    validUntil: null,
    frozenAt: null,
  }
  return { ...base, spki: ED25519, ...more }
}
const V1 = log({ version: 1, url: 'https://rekor.example', origin: 'rekor.example', spki: P256 })
const describing = (more: Partial<TrustDescription>): TrustDescription => ({
  logs: [log()],
  trust: EMPTY_CONFIG,
  policy: null,
  ...more,
})

t.test('signing configs by API version; an end for signers is none for verifiers', async (t) => {
  const frozen = log({ url: 'https://old.example', origin: 'old.example', frozenAt: unixMillis(START + 5000) })
  const files = trustFiles(
    contentOf(
      describing({ logs: [V1, frozen, log({ spki: formatSpki({ kind: 'ed25519', bytes: keyOf(8).publicKey }) })] }),
    ),
  )
  t.same(
    [...files.keys()],
    [
      'trusted_root.json',
      'signing_config.json',
      'signing_config.v1.json',
      'signing_config.v2.json',
      'client_trust_config.json',
      'policy',
    ],
  )
  t.match(json(files.get('signing_config.v1.json')).rekorTlogUrls, [
    { url: V1.url, majorApiVersion: 1, operator: 'rekor.example' },
  ])
  const ends = json(files.get('signing_config.v2.json')).rekorTlogUrls.map((one: { validFor: object }) => one.validFor)
  t.match(ends, [{}, {}])
  t.match(JSON.stringify(ends), /"end":"2026-01-01T00:00:05/)
  t.notMatch(JSON.stringify(json(files.get('trusted_root.json')).tlogs), /"end"/)
  t.equal(
    parsePolicy(files.get('policy') ?? new Uint8Array()).logs.length,
    2,
    'a policy has no name for a version 1 key',
  )
})

t.test('witnesses and further logs of a given policy', async (t) => {
  const own = formatVkey(createVkey('log.example', KEY_TYPE.ed25519, keyOf(7).publicKey))
  const other = formatVkey(createVkey('other.example', KEY_TYPE.ed25519, keyOf(9).publicKey))
  const witness = formatVkey(createVkey('w.example', KEY_TYPE.cosignature, keyOf(3).publicKey))
  const given = parsePolicy(Buffer.from(`log ${own}\nlog ${other}\nwitness W ${witness}\nquorum W\n`))
  const made = trustFiles(contentOf(describing({ policy: given }))).get('policy')
  t.equal(
    Buffer.from(made ?? []).toString(),
    `log ${own} https://log.example\nlog ${other}\nwitness W ${witness}\nquorum W\n`,
  )
})

t.test('everything wrong is said at once', async (t) => {
  const [authority] = PUBLIC_CONFIG.certificateAuthorities
  const [second] = PUBLIC_CONFIG.timestampAuthorities
  if (authority === undefined || second === undefined) throw new Error('no authority')
  const pems = parsePem(second.chainPem, 'CERTIFICATE').map((der) => formatPem(der, 'CERTIFICATE'))
  const renamed = createVkey('renamed.example', KEY_TYPE.ed25519, keyOf(7).publicKey)
  const description = describing({
    logs: [
      log(),
      log({ url: 'https://again.example' }),
      log({ spki: P256, url: 'https://c.example' }),
      { ...V1, spki: ED25519 },
    ],
    trust: {
      ...EMPTY_CONFIG,
      certificateAuthorities: [
        { ...second, url: 'https://reversed', chainPem: pems.toReversed().join('') },
        { ...second, url: 'https://rootless', chainPem: pems[0] ?? '' },
        { ...authority, url: 'https://never', validFrom: unixMillis(Date.UTC(2100, 0)), validUntil: null },
      ],
      ctLogs: [{ url: 'https://ct', publicKeyPem: 'x', validFrom: null, validUntil: null }],
    },
    policy: { logs: [{ vkey: renamed }], witnesses: [], groups: [], quorum: null },
  })
  t.match(faultsOf(description), [
    /^https:\/\/c\.example: a version 2 log has an Ed25519 key/,
    /^https:\/\/rekor\.example: a version 1 log has an ECDSA P-256 key/,
    /^https:\/\/again\.example: has the key of https:\/\/log\.example/,
    /^https:\/\/reversed: certificate 0 is not signed by certificate 1/,
    /^https:\/\/rootless: the last certificate is no root/,
    /^https:\/\/never: there is no time/,
    /^https:\/\/ct: block 0: not PEM/,
    /^the policy: /,
  ])
})

t.test('chains: each by the next, the last by itself', async (t) => {
  for (const { chainPem } of [...PUBLIC_CONFIG.certificateAuthorities, ...PUBLIC_CONFIG.timestampAuthorities]) {
    const chain = parsePem(chainPem, 'CERTIFICATE').map((der) => new X509Certificate(der))
    t.equal(chainFault(chain), null)
    t.ok(overlaps(chain, null, null))
    t.notOk(overlaps(chain, Date.UTC(2100, 0), null))
    t.notOk(overlaps(chain, null, Date.UTC(2000, 0)))
    if (chain.length > 1) t.match(chainFault(chain.slice(0, -1)), /no root/)
  }
})
