import t from 'tap'
import { formatClientTrustConfig } from '../../../src/formats/sigstore/client-trust-config.ts'
import { formatSigningConfig, type SigningConfig } from '../../../src/formats/sigstore/signing-config.ts'
import { formatTrustedRoot } from '../../../src/formats/sigstore/trusted-root.ts'

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
