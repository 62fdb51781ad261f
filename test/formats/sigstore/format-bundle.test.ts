import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseSigstoreBundle } from '../../../src/formats/sigstore/bundle.ts'
import { formatSigstoreBundle } from '../../../src/formats/sigstore/format-bundle.ts'
import { encode } from '../support.ts'

const read = (name: string) =>
  new Uint8Array(
    readFileSync(
      new URL(`../../vectors/sigstore-conformance/bundle-verify/${name}/bundle.sigstore.json`, import.meta.url),
    ),
  )

t.test('bundles of every kind are written as they were read', async (t) => {
  for (const name of [
    'happy-path-v0.3', // v1: promise and proof
    'managed-key-happy-path', // a key
    'happy-path-intoto-in-dsse-v3', // an envelope
    'rekor2-happy-path', // v2, a timestamp
    'rekor2-dsse-happy-path',
  ]) {
    const bundle = parseSigstoreBundle(read(name))
    t.equal(bundle.version, '0.3')
    t.same(parseSigstoreBundle(encode(formatSigstoreBundle(bundle))), bundle, name)
    const unlogged = { ...bundle, entries: [], timestamps: [] }
    t.same(parseSigstoreBundle(encode(formatSigstoreBundle(unlogged))), unlogged, `${name}, before it is logged`)
  }
  const { content, ...rest } = parseSigstoreBundle(read('happy-path-v0.3'))
  if (content.kind !== 'message') throw new Error('a message')
  const bare = { ...rest, content: { ...content, digest: null } }
  t.same(parseSigstoreBundle(encode(formatSigstoreBundle(bare))), bare, 'without the digest')
})
