import t from 'tap'
import { parseVkey } from '../../../src/formats/c2sp/vkey.ts'
import { formatTrustedRoot, trustedV2Log } from '../../../src/formats/sigstore/trusted-root.ts'
import { readVector } from '../support.ts'

const rekor = readVector<{ vkey: string; spki: string; logId: string }>('sigstore/rekor-local.json')

t.test('a v2 log by its verifier key', async (t) => {
  const log = trustedV2Log('https://rekor-local', parseVkey(rekor.vkey), '2026-01-01T00:00:00Z')
  t.same(JSON.parse(formatTrustedRoot([log])), {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [
      {
        baseUrl: 'https://rekor-local',
        hashAlgorithm: 'SHA2_256',
        publicKey: { rawBytes: rekor.spki, keyDetails: 'PKIX_ED25519', validFor: { start: '2026-01-01T00:00:00Z' } },
        logId: { keyId: rekor.logId },
      },
    ],
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities: [],
  })
})

t.test('no log, no entry', async (t) => t.same(JSON.parse(formatTrustedRoot([])).tlogs, []))
