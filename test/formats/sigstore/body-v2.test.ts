import fc from 'fast-check'
import t from 'tap'
import { parseJson } from '../../../src/formats/json.ts'
import { type BodyV2, formatBodyV2, parseBodyV2 } from '../../../src/formats/sigstore/body-v2.ts'
import { canonicalJson } from '../../../src/formats/sigstore/canonical-json.ts'
import { base64, hex, parseBase64 } from '../../../src/kernel/bytes.ts'
import { leafHash } from '../../../src/kernel/hash.ts'
import { bytesOf, decode, encode, everyByteCounts, readVector, refusal } from '../support.ts'

const entries = readVector<Record<string, { canonicalizedBody: string }>>('sigstore/tlog-entries-v2.json')
const rekorLocal = readVector<{ leafHash: string }>('sigstore/rekor-local.json')
const body: BodyV2 = {
  algorithm: 'SHA2_256',
  digest: new Uint8Array(32).fill(1),
  signature: Uint8Array.of(2, 3),
  verifier: { keyDetails: 'PKIX_ECDSA_P256_SHA_256', material: { kind: 'publicKey', rawBytes: Uint8Array.of(4) } },
}
const canonical = decode(formatBodyV2(body))

t.test('the bodies of real v2 entries', async (t) => {
  for (const [name, { canonicalizedBody }] of Object.entries(entries)) {
    const leaf = parseBase64(canonicalizedBody)
    t.equal(hex(formatBodyV2(parseBodyV2(leaf))), hex(leaf), name)
    t.equal(hex(canonicalJson(parseJson(leaf))), hex(leaf), `${name} is canonical JSON`)
  }
  const leaf = parseBase64(entries['bundle-with-sct-with-extensions']?.canonicalizedBody ?? '')
  t.equal(hex(leafHash(formatBodyV2(parseBodyV2(leaf)))), rekorLocal.leafHash)
})

const bodies = fc
  .constantFrom<[BodyV2['algorithm'], number]>(['SHA2_256', 32], ['SHA2_384', 48], ['SHA2_512', 64])
  .chain(([algorithm, length]) =>
    fc.record({
      algorithm: fc.constant(algorithm),
      digest: bytesOf(length, length),
      signature: bytesOf(1, 100),
      verifier: fc.record({
        keyDetails: fc.constantFrom(
          'PKIX_ECDSA_P384_SHA_384' as const,
          'PKIX_ED25519_PH' as const,
          'ML_DSA_44' as const,
        ),
        material: fc.record({
          kind: fc.constantFrom('publicKey' as const, 'x509Certificate' as const),
          rawBytes: bytesOf(1, 100),
        }),
      }),
    }),
  )

t.test('format and parse are inverse', async () => {
  fc.assert(fc.property(bodies, (one) => JSON.stringify(parseBodyV2(formatBodyV2(one))) === JSON.stringify(one)))
})

t.test('the template is what RFC 8785 makes of the object', async () => {
  fc.assert(
    fc.property(bodies, ({ algorithm, digest, signature, verifier: { keyDetails, material } }) => {
      const verifier = { [material.kind]: { rawBytes: base64(material.rawBytes) }, keyDetails }
      const spec = { signature: { verifier, content: base64(signature) }, data: { digest: base64(digest), algorithm } }
      const object = { spec: { hashedRekordV002: spec }, kind: 'hashedrekord', apiVersion: '0.0.2' }
      return (
        decode(canonicalJson(object)) ===
        decode(formatBodyV2({ algorithm, digest, signature, verifier: { keyDetails, material } }))
      )
    }),
  )
})

t.test('malformed bodies', async (t) => {
  const cases: [text: string, reason: RegExp][] = [
    ['', /canonical JSON/],
    ['{}', /canonical JSON/],
    [` ${canonical}`, /canonical JSON/],
    [`${canonical}\n`, /canonical JSON/],
    [canonical.replace('":"', '": "'), /canonical JSON/],
    [canonical.replace('hashedRekordV002', 'hashed_rekord_v002'), /canonical JSON/],
    [canonical.replace('0.0.2', '0.0.1'), /canonical JSON/],
    [canonical.replace('0.0.2', '0x0.2'), /canonical JSON/],
    [canonical.replace('"SHA2_256"', '1'), /canonical JSON/],
    [canonical.replace('SHA2_256', 'SHA2_512'), /SHA2_512 of 32 bytes/],
    [canonical.replace('SHA2_256', 'SHA3_256'), /no such digest algorithm: SHA3_256/],
    [canonical.replace('SHA2_256', 'toString'), /no such digest algorithm/],
    [canonical.replace('PKIX_ECDSA', 'PKIX_RSA'), /no such keyDetails/],
    [canonical.replace('"Ag', '"\\u0041g'), /base64/],
    [canonical.replace('AgM=', 'AgM'), /base64/],
    [canonical.replace('AgM=', 'AgN='), /base64/],
    [canonical.replace('AgM=', ''), /canonical JSON/],
    [canonical.replace('publicKey', 'publickey'), /canonical JSON/],
    [canonical.replace('"kind":"hashedrekord",', ''), /canonical JSON/],
  ]
  for (const [text, reason] of cases) {
    t.match(
      refusal(() => parseBodyV2(encode(text))),
      /^ENTRY_MALFORMED not a hashedrekord 0.0.2 body: /,
      text.slice(0, 60),
    )
    t.match(
      refusal(() => parseBodyV2(encode(text))),
      reason,
    )
  }
  t.match(
    refusal(() => parseBodyV2(Uint8Array.of(0xff))),
    /^ENTRY_MALFORMED .*UTF-8/,
  )
})

t.test('every byte counts', async () => everyByteCounts(encode(canonical), (bytes) => formatBodyV2(parseBodyV2(bytes))))
