import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { admit } from '../../../src/dialects/rekor-v2/admit.ts'
import { factsOfLeaf } from '../../../src/dialects/rekor-v2/keys.ts'
import { parseJson } from '../../../src/formats/json.ts'
import { digestKey } from '../../../src/formats/lookup-key.ts'
import { formatBodyV2, parseBodyV2 } from '../../../src/formats/sigstore/body-v2.ts'
import { canonicalJson } from '../../../src/formats/sigstore/canonical-json.ts'
import { pae } from '../../../src/formats/sigstore/dsse.ts'
import { parseRequestV2, type RequestV2 } from '../../../src/formats/sigstore/request-v2.ts'
import { base64, concat, parseBase64, parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import type { TlogError } from '../../../src/kernel/error.ts'
import type { Entry } from '../../../src/log/ports.ts'
import {
  certificateFor,
  digestRequest,
  ED25519,
  envelopeRequest,
  hashOf,
  KEYS,
  type Key,
  P256,
  P384,
  P521,
  PAYLOAD,
  RSA,
  vector,
} from './support.ts'

t.teardown(closeCrypto)

const LIMIT = { attachmentLimit: 1000 }
const NAMES = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' } as const

/** The v0.0.2 body as an object; the canonical form is what RFC 8785 makes of it. */
function leafOf(key: Key, digest: Uint8Array, signature: Uint8Array, certificate?: Uint8Array): Uint8Array {
  const material =
    certificate === undefined
      ? { publicKey: { rawBytes: base64(key.spki) } }
      : { x509Certificate: { rawBytes: base64(certificate) } }
  const spec = {
    data: { algorithm: key.digest, digest: base64(digest) },
    signature: { content: base64(signature), verifier: { keyDetails: key.keyDetails, ...material } },
  }
  return canonicalJson({ apiVersion: '0.0.2', kind: 'hashedrekord', spec: { hashedRekordV002: spec } })
}

type Tap = Pick<typeof t, 'equal' | 'same' | 'match' | 'ok'>

function sameFacts(t: Tap, entry: Entry): void {
  const facts = factsOfLeaf(entry.leaf)
  const ofLeaf = entry.keys.filter(({ source }) => source === 'leaf')
  t.same(facts.keys, ofLeaf, 'these keys follow from the leaf alone')
  const derived = entry.attachments.flatMap(({ content }) => facts.attachments.flatMap(({ keysOf }) => keysOf(content)))
  t.same([...ofLeaf, ...derived], entry.keys, 'and all others from what is kept')
  for (const { algorithm, digest } of entry.attachments)
    t.match(
      facts.attachments,
      [{ algorithm, digest, key: digestKey(algorithm, digest) }],
      'and so does what may be kept beside it',
    )
  t.ok(entry.keys.every(({ key }) => key.length === 32))
}

for (const key of KEYS)
  t.test(`a digest signed by ${key.keyDetails}`, async (t) => {
    const request = digestRequest(key)
    const entry = await admit(request, LIMIT)
    t.equal(parseUtf8(entry.leaf), parseUtf8(leafOf(key, request.digest, request.signature)))
    t.same(entry.attachments, [])
    t.same(structuredClone(entry), entry)
    sameFacts(t, entry)
    const otherDigest = concat(request.digest)
    otherDigest[0] = (otherDigest[0] ?? 0) ^ 1
    await refused(t, { ...request, digest: otherDigest }, 'SIGNATURE_INVALID', 'a signature over another digest')
    for (const digest of [request.digest.subarray(1), concat(request.digest, Uint8Array.of(0)), new Uint8Array()])
      await refused(t, { ...request, digest }, 'DIGEST_LENGTH_INVALID', `a digest of ${digest.length} bytes`)
    for (const other of KEYS)
      if (other !== key)
        await refused(
          t,
          digestRequest(key, { keyDetails: other.keyDetails }),
          'KEY_NOT_ALLOWED',
          `said to be ${other.keyDetails}`,
        )
  })

async function refused(t: Tap, request: RequestV2, code: TlogError['code'], name: string) {
  const outcome = await admit(request, LIMIT).then(
    () => 'admitted',
    (error: TlogError) => error.code,
  )
  t.equal(outcome, code, name)
}

for (const key of [P256, P384, P521, ED25519])
  t.test(`an envelope signed by ${key.keyDetails} becomes the leaf of its digest`, async (t) => {
    const request = envelopeRequest(key)
    const message = pae(PAYLOAD.payloadType, PAYLOAD.payload)
    const [signature] = request.envelope.signatures
    const digest = hashOf(key.digest, message)
    const entry = await admit(request, LIMIT)
    t.equal(parseUtf8(entry.leaf), parseUtf8(leafOf(key, digest, signature?.sig ?? new Uint8Array())))
    t.same(entry.attachments, [{ algorithm: NAMES[key.digest], digest, content: message }])
    t.same(structuredClone(entry), entry)
    sameFacts(t, entry)
  })

t.test('content above the limit is not kept, and logged all the same', async (t) => {
  const { length } = pae(PAYLOAD.payloadType, PAYLOAD.payload)
  const kept = await admit(envelopeRequest(P256), { attachmentLimit: length })
  const dropped = await admit(envelopeRequest(P256), { attachmentLimit: length - 1 })
  t.equal(kept.attachments.length, 1)
  t.same(dropped, { ...kept, keys: kept.keys.filter(({ source }) => source === 'leaf'), attachments: [] })
})

t.test('the digest way and the envelope way end at the same leaf', async (t) => {
  const message = pae(PAYLOAD.payloadType, PAYLOAD.payload)
  const byDigest = await admit(digestRequest({ ...P256, message }), LIMIT)
  const byEnvelope = await admit(envelopeRequest(P256), LIMIT)
  t.same(byDigest.leaf, byEnvelope.leaf)
})

t.test('envelopes that cannot be rebuilt from one leaf are refused', async (t) => {
  const [one] = envelopeRequest(P256).envelope.signatures
  if (one === undefined) throw new Error('no signature')
  await refused(t, envelopeRequest(P256, { signatures: [one, one] }), 'FIELD_INVALID', 'two signatures')
  await refused(t, envelopeRequest(P256, { signatures: [] }), 'FIELD_INVALID', 'no signature')
  await refused(t, envelopeRequest(P256, {}, 0), 'FIELD_INVALID', 'no verifier')
  await refused(t, envelopeRequest(P256, {}, 2), 'FIELD_INVALID', 'two verifiers')
  await refused(t, envelopeRequest(P256, { payload: utf8('{}') }), 'SIGNATURE_INVALID', 'another payload')
  await refused(t, envelopeRequest(P256, { payloadType: 'text/plain' }), 'SIGNATURE_INVALID', 'another type')
})

t.test('a certificate is logged as it is', async (t) => {
  for (const [key, name] of [
    [P256, 'cert-email-p256'],
    [P384, 'cert-uri-p384'],
    [P521, 'cert-names-p521'],
    [ED25519, 'cert-plain-ed25519'],
  ] as const) {
    const rawBytes = certificateFor(key, name)
    const request = digestRequest(key, { material: { kind: 'x509Certificate', rawBytes } })
    const entry = await admit(request, LIMIT)
    t.equal(parseUtf8(entry.leaf), parseUtf8(leafOf(key, request.digest, request.signature, rawBytes)), name)
    sameFacts(t, entry)
    const wrong = digestRequest(key, { material: { kind: 'x509Certificate', rawBytes }, keyDetails: RSA[0].keyDetails })
    await refused(t, wrong, 'KEY_NOT_ALLOWED', `${name} said to hold an RSA key`)
  }
})

t.test('a bare key in the place of a certificate is logged as the key it is', async (t) => {
  for (const key of KEYS) {
    // As sigstore-js sends it: always with the keyDetails of P-256.
    const material = { kind: 'x509Certificate', rawBytes: key.spki } as const
    const entry = await admit(digestRequest(key, { material, keyDetails: 'PKIX_ECDSA_P256_SHA_256' }), LIMIT)
    t.same(entry, await admit(digestRequest(key), LIMIT), key.keyDetails)
  }
})

const materials: readonly (readonly [string, 'publicKey' | 'x509Certificate', TlogError['code']])[] = [
  ['cert-email-p256', 'publicKey', 'KEY_MALFORMED'],
  ['cert-version1', 'x509Certificate', 'CERTIFICATE_MALFORMED'],
  ['key-p256-compressed', 'publicKey', 'KEY_NOT_ALLOWED'],
  ['key-p256-explicit', 'publicKey', 'KEY_NOT_ALLOWED'],
  ['key-secp256k1', 'publicKey', 'KEY_NOT_ALLOWED'],
  ['key-rsa1024', 'publicKey', 'KEY_NOT_ALLOWED'],
  ['key-rsa-pss', 'publicKey', 'KEY_NOT_ALLOWED'],
  ['key-x25519', 'publicKey', 'KEY_NOT_ALLOWED'],
]

for (const [name, kind, code] of materials)
  t.test(`refused: ${name} as ${kind}`, async (t) => {
    const request = digestRequest(P256, { material: { kind, rawBytes: vector(`x509/${name}.der`) } })
    await refused(t, request, code, name)
  })

t.test('refused: algorithms that Sigstore names and no log takes', async (t) => {
  for (const keyDetails of [
    'PKIX_ED25519',
    'PKIX_RSA_PSS_2048_SHA256',
    'PKIX_ECDSA_P384_SHA_256',
    'ML_DSA_65',
  ] as const) {
    const request = digestRequest(P256)
    const verifier = { ...request.verifier, keyDetails }
    await refused(t, { ...request, verifier }, 'ALGORITHM_NOT_ALLOWED', keyDetails)
  }
  const [rsa2048, rsa3072] = RSA
  const material = { kind: 'publicKey', rawBytes: rsa3072.spki } as const
  await refused(t, digestRequest(rsa2048, { material }), 'KEY_NOT_ALLOWED', 'RSA-3072 said to be RSA-2048')
})

t.test('the entries of public v2 logs are admitted as the leaves that they are', async (t) => {
  const text = parseUtf8(vector('sigstore/tlog-entries-v2.json'))
  const entries = Object.entries(JSON.parse(text) as Record<string, { canonicalizedBody: string }>)
  for (const [name, { canonicalizedBody }] of entries) {
    const leaf = parseBase64(canonicalizedBody)
    const { digest, signature, verifier } = parseBodyV2(leaf)
    const { kind, rawBytes } = verifier.material
    const request = {
      hashedRekordRequestV002: {
        digest: base64(digest),
        signature: {
          content: base64(signature),
          verifier: { keyDetails: verifier.keyDetails, [kind]: { rawBytes: base64(rawBytes) } },
        },
      },
    }
    const entry = await admit(parseRequestV2(parseJson(utf8(JSON.stringify(request)))), LIMIT)
    t.same(entry.leaf, leaf, name)
    sameFacts(t, entry)
  }
  t.ok(entries.length > 10)
})

t.test('a leaf of another dialect has no facts', async (t) => {
  const { leaf } = await admit(digestRequest(P256), LIMIT)
  const body = parseBodyV2(leaf)
  const unknown = formatBodyV2({ ...body, verifier: { ...body.verifier, keyDetails: 'ML_DSA_44' } })
  t.throws(() => factsOfLeaf(unknown), { code: 'ALGORITHM_NOT_ALLOWED' })
  const mismatched = formatBodyV2({ ...body, verifier: { ...body.verifier, keyDetails: P384.keyDetails } })
  t.throws(() => factsOfLeaf(mismatched), { code: 'KEY_NOT_ALLOWED' })
  t.throws(() => factsOfLeaf(utf8('{}')), { code: 'ENTRY_MALFORMED' })
  t.throws(() => factsOfLeaf(leaf.subarray(1)), { code: 'ENTRY_MALFORMED' })
})
