/** Signing configs and client trust configs, read. */

import t from 'tap'
import { formatClientTrustConfig } from '../../../src/formats/sigstore/client-trust-config.ts'
import { parseClientTrustConfig, parseSigningConfig } from '../../../src/formats/sigstore/read-signing-config.ts'
import { formatSigningConfig, type SigningConfig } from '../../../src/formats/sigstore/signing-config.ts'
import { encode, refusal } from '../support.ts'

const SERVICE = { url: 'https://a', majorApiVersion: 2, validFor: { start: '2026-01-01T00:00:00.000Z' }, operator: 'x' }
const CONFIG: SigningConfig = {
  caUrls: [SERVICE],
  oidcUrls: [],
  rekorTlogUrls: [{ ...SERVICE, validFor: { ...SERVICE.validFor, end: '2027-01-01T00:00:00.000Z' } }],
  rekorTlogConfig: { selector: 'EXACT', count: 2 },
  tsaUrls: [],
  tsaConfig: { selector: 'ANY' },
}
const ROOT = { tlogs: [], certificateAuthorities: [], ctLogs: [], timestampAuthorities: [] }

t.test('what was written comes back', async (t) => {
  t.same(parseSigningConfig(encode(formatSigningConfig(CONFIG))), CONFIG)
  t.same(parseClientTrustConfig(encode(formatClientTrustConfig(ROOT, CONFIG))), {
    trustedRoot: ROOT,
    signingConfig: CONFIG,
  })
})

t.test('services of one age keep their order', async (t) => {
  const services = ['https://a', 'https://b', 'https://c'].map((url) => ({ ...SERVICE, url }))
  const config = { ...CONFIG, rekorTlogUrls: services }
  t.same(parseSigningConfig(encode(formatSigningConfig(config))).rekorTlogUrls, services)
})

t.test('absent lists are empty', async (t) => {
  const mediaType = 'application/vnd.dev.sigstore.signingconfig.v0.2+json'
  const any = { selector: 'ANY' }
  t.same(parseSigningConfig(encode(JSON.stringify({ mediaType }))), {
    ...{ caUrls: [], oidcUrls: [], rekorTlogUrls: [], rekorTlogConfig: any, tsaUrls: [], tsaConfig: any },
  })
})

t.test('what is refused, with its place', async (t) => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ mediaType: 'x' }, /^FIELD_INVALID mediaType: /],
    [{ more: 1 }, /^FIELD_UNKNOWN more: /],
    [{ caUrls: [{ ...SERVICE, url: 1 }] }, /^FIELD_INVALID caUrls\[0\]\.url: /],
    [{ caUrls: [{ ...SERVICE, majorApiVersion: 0 }] }, /^FIELD_INVALID caUrls\[0\]\.majorApiVersion: /],
    [{ caUrls: [{ ...SERVICE, validFor: {} }] }, /^FIELD_MISSING caUrls\[0\]\.validFor\.start: /],
    [{ tsaConfig: { selector: 'SOME' } }, /^FIELD_INVALID tsaConfig\.selector: /],
    [{ tsaConfig: { selector: 'EXACT' } }, /^FIELD_MISSING tsaConfig\.count: /],
    [{ tsaConfig: { selector: 'ANY', count: 1 } }, /^FIELD_UNKNOWN tsaConfig\.count: /],
  ]
  for (const [change, words] of cases) {
    const changed = { ...JSON.parse(formatSigningConfig(CONFIG)), ...change }
    t.match(
      refusal(() => parseSigningConfig(encode(JSON.stringify(changed)))),
      words,
    )
  }
  t.match(
    refusal(() => parseSigningConfig(new Uint8Array(5_000_000))),
    /^FIELD_INVALID a signing config of/,
  )
})
