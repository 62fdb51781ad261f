/** client_trust_config.json, written and read; its two parts have tests of their own. */

import t from 'tap'
import { formatClientTrustConfig, parseClientTrustConfig } from '../../../src/formats/sigstore/client-trust-config.ts'
import type { SigningConfig } from '../../../src/formats/sigstore/signing-config.ts'
import { encode, refusal } from '../support.ts'

const SERVICE = { url: 'https://a', majorApiVersion: 2, validFor: { start: '2026-01-01T00:00:00.000Z' }, operator: 'x' }
const CONFIG: SigningConfig = {
  caUrls: [SERVICE],
  oidcUrls: [],
  rekorTlogUrls: [SERVICE],
  rekorTlogConfig: { selector: 'EXACT', count: 2 },
  tsaUrls: [],
  tsaConfig: { selector: 'ANY' },
}
const ROOT = { tlogs: [], certificateAuthorities: [], ctLogs: [], timestampAuthorities: [] }
const FILE = JSON.parse(formatClientTrustConfig(ROOT, CONFIG))

t.test('what was written comes back', async (t) => {
  t.same(parseClientTrustConfig(encode(JSON.stringify(FILE))), { trustedRoot: ROOT, signingConfig: CONFIG })
})

t.test('what is refused, with its place', async (t) => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ mediaType: 'x' }, /^FIELD_INVALID mediaType: /],
    [{ more: 1 }, /^FIELD_UNKNOWN more: /],
    [{ trustedRoot: { ...FILE.trustedRoot, mediaType: 'x' } }, /^FIELD_INVALID trustedRoot\.mediaType: /],
    [{ signingConfig: { ...FILE.signingConfig, caUrls: [1] } }, /^FIELD_INVALID signingConfig\.caUrls\[0\]: /],
  ]
  for (const [change, words] of cases)
    t.match(
      refusal(() => parseClientTrustConfig(encode(JSON.stringify({ ...FILE, ...change })))),
      words,
    )
  t.match(
    refusal(() => parseClientTrustConfig(new Uint8Array(9_000_000))),
    /^FIELD_INVALID a client trust config of/,
  )
})
