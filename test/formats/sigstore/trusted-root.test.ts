import t from 'tap'
import { parseVkey } from '../../../src/formats/c2sp/vkey.ts'
import { formatTrustedRoot, trustedLogByKey, trustedV2Log } from '../../../src/formats/sigstore/trusted-root.ts'
import { parseBase64 } from '../../../src/kernel/bytes.ts'
import { readDer } from '../../crypto/sides.ts'
import { readVector, refused } from '../support.ts'

const rekor = readVector<{ vkey: string; spki: string; logId: string }>('sigstore/rekor-local.json')

interface PublicLog {
  readonly baseUrl: string
  readonly publicKey: {
    readonly rawBytes: string
    readonly keyDetails: string
    readonly validFor: { readonly start: string }
  }
  readonly logId: { readonly keyId: string }
}

const published = readVector<{ tlogs: PublicLog[]; ctlogs: PublicLog[] }>('trust/trusted_root.json')

const EMPTY = { tlogs: [], certificateAuthorities: [], ctLogs: [], timestampAuthorities: [] }

t.test('a v2 log by its verifier key', async (t) => {
  const log = trustedV2Log('https://rekor-local', parseVkey(rekor.vkey), { start: '2026-01-01T00:00:00Z' })
  t.same(JSON.parse(formatTrustedRoot({ ...EMPTY, tlogs: [log] })), {
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

t.test('logs known by the hash of their key, as the public instance lists them', async (t) => {
  const known = [...published.tlogs, ...published.ctlogs].filter((log) => log.publicKey.keyDetails !== 'PKIX_ED25519')
  t.equal(known.length, 3)
  for (const { baseUrl, publicKey, logId } of known) {
    const log = trustedLogByKey(baseUrl, parseBase64(publicKey.rawBytes), { start: publicKey.validFor.start })
    const [found] = JSON.parse(formatTrustedRoot({ ...EMPTY, ctLogs: [log] })).ctlogs
    t.same(
      [found.baseUrl, found.publicKey.rawBytes, found.publicKey.keyDetails, found.logId],
      [baseUrl, publicKey.rawBytes, publicKey.keyDetails, logId],
    )
  }
})

t.test('the name of every kind of key', async (t) => {
  const table: readonly (readonly [string, string])[] = [
    ['p256', 'PKIX_ECDSA_P256_SHA_256'],
    ['p384', 'PKIX_ECDSA_P384_SHA_384'],
    ['p521', 'PKIX_ECDSA_P521_SHA_512'],
    ['rsa2048', 'PKIX_RSA_PKCS1V15_2048_SHA256'],
    ['rsa3072', 'PKIX_RSA_PKCS1V15_3072_SHA256'],
    ['rsa4096', 'PKIX_RSA_PKCS1V15_4096_SHA256'],
    ['ed25519', 'PKIX_ED25519'],
  ]
  for (const [name, details] of table)
    t.equal(trustedLogByKey('https://ct.example', readDer(`key-${name}`), { start: '' }).keyDetails, details, name)
  refused(() => trustedLogByKey('https://ct.example', readDer('key-dsa'), { start: '' }), 'KEY_NOT_ALLOWED', 'DSA')
})

t.test('no log, no entry', async (t) => t.same(JSON.parse(formatTrustedRoot(EMPTY)).tlogs, []))
