import { createHash } from 'node:crypto'
import t from 'tap'
import { lookupKeys } from '../../../src/dialects/rekor-v2/keys.ts'
import { resolveVerifier } from '../../../src/dialects/rekor-v2/verifier.ts'
import { hex } from '../../../src/kernel/bytes.ts'
import { hashOf, P256, vector } from './support.ts'

const digest = new Uint8Array(32).fill(0xab)
const body = { algorithm: 'SHA2_256', digest, signature: new Uint8Array(1), verifier: undefined as never } as const

/** Spelled out as docs/formats.md has them. */
function spelled(...raw: readonly string[]): string[] {
  return raw.map((text) => createHash('sha256').update(text, 'utf8').digest('hex'))
}

function keysOf(kind: 'publicKey' | 'x509Certificate', keyDetails: 'PKIX_ECDSA_P256_SHA_256', rawBytes: Uint8Array) {
  const verifier = resolveVerifier({ keyDetails, material: { kind, rawBytes } })
  return lookupKeys(body, verifier).map(({ key }) => hex(key))
}

const sha256 = (bytes: Uint8Array) => hex(hashOf('SHA2_256', bytes))
const DIGEST = `digest:sha256:${'ab'.repeat(32)}`

t.test('of a key', async (t) => {
  const keys = keysOf('publicKey', 'PKIX_ECDSA_P256_SHA_256', P256.spki)
  t.same(keys, spelled(DIGEST, `key:spki-sha256:${sha256(P256.spki)}`))
})

t.test('of longer digests', async (t) => {
  const verifier = { key: resolveVerifier(offered()).key, certificate: null }
  for (const [algorithm, name, length] of [
    ['SHA2_384', 'sha384', 48],
    ['SHA2_512', 'sha512', 64],
  ] as const) {
    const [first] = lookupKeys({ ...body, algorithm, digest: new Uint8Array(length) }, verifier)
    t.same([hex(first?.key ?? digest)], spelled(`digest:${name}:${'00'.repeat(length)}`))
  }

  function offered() {
    return { keyDetails: P256.keyDetails, material: { kind: 'publicKey', rawBytes: P256.spki } } as const
  }
})

t.test('of certificates: who, and who vouched for it', async (t) => {
  const der = vector('x509/cert-email-p256.der')
  const spki = vector('x509/key-p256.der')
  const issuer = 'https://accounts.example.org'
  t.same(
    keysOf('x509Certificate', 'PKIX_ECDSA_P256_SHA_256', der),
    spelled(
      DIGEST,
      `key:spki-sha256:${sha256(spki)}`,
      `cert:sha256:${sha256(der)}`,
      'san:email:publisher@example.org',
      `issuer+san:${issuer}\nemail:publisher@example.org`,
    ),
  )
})

t.test('of a certificate with many names and no issuer: case folded where case means nothing', async (t) => {
  const der = vector('x509/cert-names-p521.der')
  const material = { kind: 'x509Certificate', rawBytes: der } as const
  const verifier = resolveVerifier({ keyDetails: 'PKIX_ECDSA_P521_SHA_512', material })
  const keys = new Set(lookupKeys(body, verifier).map(({ key }) => hex(key)))
  const expected = [
    'san:dns:example.org',
    'san:dns:*.example.org',
    'san:email:publisher@example.org',
    'san:other:1.3.6.1.4.1.57264.1.7:publisher!example.org',
  ]
  for (const raw of expected) t.ok(keys.has(spelled(raw)[0] ?? ''), raw)
})
