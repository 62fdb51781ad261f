/** Bundles of OpenSSF Model Signing in all their forms. */

import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { formatModelBundle, parseModelBundle } from '../../../src/formats/model/oms-bundle.ts'
import { parseSigstoreBundle } from '../../../src/formats/sigstore/bundle.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { refusal } from '../support.ts'

const VECTORS = new URL('../../vectors/oms/', import.meta.url)
const read = (path: string) => new Uint8Array(readFileSync(new URL(path, VECTORS)))
const changed = (path: string, change: (bundle: Loose) => unknown) => {
  const bundle: Loose = JSON.parse(Buffer.from(read(path)).toString())
  change(bundle)
  return utf8(JSON.stringify(bundle))
}

interface Loose {
  verificationMaterial: Record<string, unknown>
  dsseEnvelope: { signatures: unknown[] }
}

t.test('what the reference implementation wrote, of each kind and version', async (t) => {
  const models = readdirSync(VECTORS).filter((name) => name.startsWith('v'))
  t.equal(models.length, 12)
  for (const model of models) {
    const { material, entries } = parseModelBundle(read(`${model}/model.sig`))
    t.equal(material.kind, model.endsWith('-key') ? 'key' : 'certificate', model)
    t.equal(entries.length, model.endsWith('-sigstore') ? 1 : 0, model)
    if (model.endsWith('-certificate')) t.match(material, { others: { length: 1 } }, model)
  }
})

t.test("the specification's vectors", async (t) => {
  for (const kind of ['certificate', 'key', 'sigstore'])
    t.equal(parseModelBundle(read(`spec/valid/${kind}.bundle.json`)).content.kind, 'envelope', kind)
  for (const [name, why] of [
    ['empty', /^JSON_/],
    ['missing-envelope', /^FIELD_MISSING/],
    ['missing-verification-material', /^FIELD_MISSING verificationMaterial/],
  ] as const)
    t.match(
      refusal(() => parseModelBundle(read(`spec/invalid/${name}.bundle.json`))),
      why,
      name,
    )
  // Well formed, and of no log: what it lacks is for the verifier to say.
  t.same(parseModelBundle(read('spec/invalid/missing-tlog-entries.bundle.json')).entries, [])
})

t.test('strict all the same', async (t) => {
  const key = 'v1.1.0-elliptic-key/model.sig'
  const chain = 'v1.1.0-certificate/model.sig'
  for (const [bundle, why] of [
    [
      changed(key, (b) => (b.verificationMaterial.publicKey = { hint: 'a', rawBytes: 'YQ==' })),
      /^FIELD_UNKNOWN .*hint/,
    ],
    [changed(key, (b) => (b.verificationMaterial.publicKey = { rawBytes: '*' })), /^FIELD_INVALID .*rawBytes/],
    [changed(key, (b) => (b.verificationMaterial.publicKey = { rawBytes: 'YQ==', more: 1 })), /^FIELD_UNKNOWN .*more/],
    [changed(key, (b) => (b.verificationMaterial.certificate = { rawBytes: 'YQ==' })), /certificate/],
    [changed(chain, (b) => (b.verificationMaterial.x509CertificateChain = { certificates: [] })), /certificates/],
    [changed(chain, (b) => b.dsseEnvelope.signatures.push(b.dsseEnvelope.signatures[0])), /one signature/],
    [changed(chain, (b) => Object.assign(b, { more: 1 })), /^FIELD_UNKNOWN more/],
  ] as const)
    t.match(
      refusal(() => parseModelBundle(bundle)),
      why,
    )
  t.match(
    refusal(() => parseSigstoreBundle(read(chain))),
    /^FIELD_/,
    "in Sigstore's own bundles there is no such chain",
  )
})

t.test('what is written is read', async (t) => {
  for (const kind of ['elliptic-key', 'certificate']) {
    const bundle = parseModelBundle(read(`v1.1.0-${kind}/model.sig`))
    t.same(parseModelBundle(utf8(formatModelBundle(bundle))), bundle, kind)
  }
})
