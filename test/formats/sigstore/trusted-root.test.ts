import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { parseVkey } from '../../../src/formats/c2sp/vkey.ts'
import {
  formatTrustedRoot,
  parseTrustedRoot,
  trustedLogByKey,
  trustedV2Log,
} from '../../../src/formats/sigstore/trusted-root.ts'
import { parseBase64, utf8 } from '../../../src/kernel/bytes.ts'
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

const CASES = new URL('../../vectors/sigstore-conformance/bundle-verify/', import.meta.url)
const ROOTS = readdirSync(CASES, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('trusted_root.json'),
)
/** The public instance's, with one range cut short. */
const PUBLIC_GOOD = readFileSync(new URL('trust-root-tlog-validity-end-inclusive/trusted_root.json', CASES), 'utf8')

t.test('the roots of the public instances, and of the suite', async (t) => {
  const root = parseTrustedRoot(utf8(PUBLIC_GOOD))
  const { tlogs, ctLogs, certificateAuthorities, timestampAuthorities } = root
  t.same([tlogs.length, ctLogs.length, certificateAuthorities.length, timestampAuthorities.length], [2, 2, 2, 1])
  t.same(parseTrustedRoot(utf8(formatTrustedRoot(root))), root, 'what is printed is read')
  t.equal(ROOTS.length > 30, true)
  for (const path of ROOTS)
    if (!path.startsWith('trust-root-tlog-missing'))
      t.ok(parseTrustedRoot(new Uint8Array(readFileSync(new URL(path, CASES)))).tlogs.length > 0, path)
})

t.test('refused, with the place', async () => {
  type Json = { [key: string]: Json } & { [index: number]: Json }
  const changed = (change: (root: Json) => unknown) => () => {
    const root = JSON.parse(PUBLIC_GOOD)
    change(root)
    return parseTrustedRoot(utf8(JSON.stringify(root)))
  }
  const log = (root: Json) => root.tlogs?.[0] as Json
  const key = (root: Json) => log(root).publicKey as Json
  for (const [code, name, change] of [
    ['FIELD_INVALID', 'another media type', (root) => Object.assign(root, { mediaType: 'application/json' })],
    ['FIELD_UNKNOWN', 'a field nobody knows', (root) => Object.assign(root, { more: 1 })],
    ['FIELD_MISSING', 'no range', (root) => delete key(root).validFor],
    ['FIELD_MISSING', 'no start', (root) => delete key(root).validFor?.start],
    ['FIELD_INVALID', 'no time', (root) => Object.assign(key(root), { validFor: { start: 'now' } })],
    ['FIELD_INVALID', 'another hash', (root) => Object.assign(log(root), { hashAlgorithm: 'SHA2_512' })],
    ['FIELD_INVALID', 'a short ID', (root) => Object.assign(log(root), { logId: { keyId: 'AAAA' } })],
    ['FIELD_INVALID', 'two IDs', (root) => Object.assign(log(root), { checkpointKeyId: root.tlogs?.[1]?.logId })],
    [
      'FIELD_INVALID',
      'no chain',
      (root) => Object.assign(root.certificateAuthorities?.[0] as Json, { certChain: { certificates: [] } }),
    ],
  ] as const satisfies readonly (readonly [string, string, (root: Json) => unknown])[])
    refused(changed(change), code, name)
  refused(() => parseTrustedRoot(new Uint8Array(5 * 1024 * 1024)), 'FIELD_INVALID', 'too long')
})
