import t from 'tap'
import { formatClientTrustConfig } from '../../../src/formats/sigstore/client-trust-config.ts'
import {
  formatSigningConfig,
  parseSigningConfig,
  type SigningConfig,
} from '../../../src/formats/sigstore/signing-config.ts'
import { formatTrustedRoot } from '../../../src/formats/sigstore/trusted-root.ts'
import { encode, refusal } from '../support.ts'

const service = (url: string, start: string, end?: string) => ({
  url,
  majorApiVersion: 1,
  validFor: { start, ...(end !== undefined && { end }) },
  operator: 'example.com',
})

const CONFIG: SigningConfig = {
  caUrls: [service('https://ca.example', '2026-01-01T00:00:00Z')],
  oidcUrls: [service('https://oidc.example', '2026-01-01T00:00:00Z')],
  rekorTlogUrls: [
    service('https://a.example', '2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z'),
    service('https://b.example', '2025-01-01T00:00:00Z'),
  ],
  rekorTlogConfig: { selector: 'EXACT', count: 1 },
  tsaUrls: [],
  tsaConfig: { selector: 'ANY' },
}

t.test('signing config', async (t) => {
  t.same(JSON.parse(formatSigningConfig(CONFIG)), {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: CONFIG.caUrls,
    oidcUrls: CONFIG.oidcUrls,
    rekorTlogUrls: CONFIG.rekorTlogUrls.toReversed(), // the newest first
    rekorTlogConfig: { selector: 'EXACT', count: 1 },
    tsaUrls: [],
    tsaConfig: { selector: 'ANY' },
  })
})

t.test('client trust config', async (t) => {
  const root = { tlogs: [], certificateAuthorities: [], ctLogs: [], timestampAuthorities: [] }
  t.same(JSON.parse(formatClientTrustConfig(root, CONFIG)), {
    mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
    trustedRoot: JSON.parse(formatTrustedRoot(root)),
    signingConfig: JSON.parse(formatSigningConfig(CONFIG)),
  })
})

t.test('what is written is read', async (t) => {
  const written = formatSigningConfig(CONFIG)
  t.equal(formatSigningConfig(parseSigningConfig(encode(written))), written)
  const numbered = written.replace('"EXACT"', '3').replaceAll('"majorApiVersion"', '"major_api_version"')
  t.equal(formatSigningConfig(parseSigningConfig(encode(numbered))), written, 'in the other spelling of protojson')
})

t.test('what is no signing config', async (t) => {
  const [first] = CONFIG.caUrls
  const cases: readonly (readonly [string, object, string])[] = [
    [
      'another version',
      { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.1+json' },
      'FIELD_INVALID mediaType',
    ],
    ['a field more', { extra: [] }, 'FIELD_UNKNOWN extra'],
    ['no selection', { rekorTlogConfig: null }, 'FIELD_MISSING rekorTlogConfig'],
    ['an unknown selection', { rekorTlogConfig: { selector: 'SOME' } }, 'FIELD_INVALID rekorTlogConfig.selector'],
    ['a selection of none', { rekorTlogConfig: { selector: 'EXACT' } }, 'FIELD_INVALID rekorTlogConfig.count'],
    ['a count without use', { tsaConfig: { selector: 'ANY', count: 2 } }, 'FIELD_INVALID tsaConfig.count'],
    ['no operator', { caUrls: [{ ...first, operator: '' }] }, 'FIELD_MISSING caUrls\\[0\\].operator'],
    ['no start', { caUrls: [{ ...first, validFor: {} }] }, 'FIELD_MISSING caUrls\\[0\\].validFor.start'],
    [
      'a version as text',
      { caUrls: [{ ...first, majorApiVersion: '1' }] },
      'FIELD_INVALID caUrls\\[0\\].majorApiVersion',
    ],
    ['too many', { caUrls: Array(65).fill(first) }, 'FIELD_INVALID caUrls: 0 to 64 items'],
    ...['ftp://a', 'https://', 'https://user:pass@a', 'https://a/?q=1', 'https://a/#x', 'https://a b', 'a'].map(
      (url) => [url, { caUrls: [{ ...first, url }] }, 'FIELD_INVALID caUrls\\[0\\].url'] as const,
    ),
  ]
  for (const [name, change, expected] of cases) {
    const text = JSON.stringify({ ...JSON.parse(formatSigningConfig(CONFIG)), ...change })
    t.match(
      refusal(() => parseSigningConfig(encode(text))),
      new RegExp(`^${expected}`),
      name,
    )
  }
  t.match(
    refusal(() => parseSigningConfig(new Uint8Array(1024 * 1024 + 1))),
    /^FIELD_INVALID a signing config of/,
  )
})
