import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseBodyV1 } from '../../../src/formats/sigstore/body-v1.ts'
import { parseSigstoreBundle } from '../../../src/formats/sigstore/bundle.ts'
import { parseLeafV1 } from '../../../src/formats/sigstore/read-leaf-v1.ts'
import { parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import { refused } from '../support.ts'

function entryOf(name: string) {
  const file = new URL(`../../vectors/sigstore-conformance/bundle-verify/${name}/bundle.sigstore.json`, import.meta.url)
  const [entry] = parseSigstoreBundle(new Uint8Array(readFileSync(file))).entries
  if (entry === undefined) throw new Error(name)
  return entry
}

t.test('a leaf says itself what it is', async (t) => {
  for (const name of ['happy-path-v0.1', 'happy-path-intoto-in-dsse-v3', 'intoto-with-custom-trust-root']) {
    const entry = entryOf(name)
    t.same(parseLeafV1(entry.body), parseBodyV1(entry.body, entry.kind, entry.version), name)
  }
  const { body } = entryOf('happy-path-v0.1')
  const publicKey = JSON.parse(parseUtf8(body)).spec.signature.publicKey.content
  const hash = { algorithm: 'sha256', value: 'ab'.repeat(32) }
  const intoto = { apiVersion: '0.0.1', kind: 'intoto', spec: { content: { hash, payloadHash: hash }, publicKey } }
  const leaf = (json: object) => utf8(JSON.stringify(json))
  t.equal(parseLeafV1(leaf(intoto)).kind, 'intoto 0.0.1')
  const signature = { content: 'AAAA', format: 'x509', publicKey: { content: publicKey } }
  const rekord = { apiVersion: '0.0.1', kind: 'rekord', spec: { data: { hash }, signature } }
  t.match(parseLeafV1(leaf(rekord)), { kind: 'rekord', signed: { format: 'x509' } })
  refused(() => parseBodyV1(leaf(rekord), 'rekord', '0.0.1'), 'ENTRY_MISMATCH', 'no bundle rests on it')
  for (const spec of [
    { data: { content: 'AAAA', hash }, signature },
    { data: { hash }, signature: { ...signature, url: 'a' } },
  ])
    refused(() => parseLeafV1(leaf({ ...rekord, spec })), 'ENTRY_MALFORMED', 'a leaf has no other field')
  for (const other of [{ ...intoto, kind: 'tuf' }, { ...intoto, kind: {} }, { ...intoto, apiVersion: 1 }, {}, [], null])
    refused(() => parseLeafV1(leaf(other as object)), 'ENTRY_MALFORMED', JSON.stringify(other).slice(0, 60))
  refused(() => parseLeafV1(utf8(` ${parseUtf8(body)}`)), 'ENTRY_MALFORMED', 'white space')
})
