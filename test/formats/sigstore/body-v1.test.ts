import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseBodyV1 } from '../../../src/formats/sigstore/body-v1.ts'
import { parseSigstoreBundle } from '../../../src/formats/sigstore/bundle.ts'
import { parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import { refused } from '../support.ts'

function entryOf(name: string) {
  const file = new URL(`../../vectors/sigstore-conformance/bundle-verify/${name}/bundle.sigstore.json`, import.meta.url)
  const [entry] = parseSigstoreBundle(new Uint8Array(readFileSync(file))).entries
  if (entry === undefined) throw new Error(name)
  return entry
}

t.test('the kinds that a bundle may rest on', async (t) => {
  for (const [name, kind] of [
    ['happy-path-v0.1', 'hashedrekord'],
    ['managed-key-happy-path', 'hashedrekord'],
    ['happy-path-intoto-in-dsse-v3', 'dsse'],
    ['intoto-with-custom-trust-root', 'intoto'],
  ] as const) {
    const entry = entryOf(name)
    t.equal(parseBodyV1(entry.body, entry.kind, entry.version).kind, kind, name)
  }
})

t.test('refused', async () => {
  const { body } = entryOf('happy-path-v0.1')
  const text = parseUtf8(body)
  const as = (changed: string) => () => parseBodyV1(utf8(changed), 'hashedrekord', '0.0.1')
  refused(() => parseBodyV1(body, 'dsse', '0.0.1'), 'ENTRY_MALFORMED', 'as another kind')
  refused(() => parseBodyV1(body, 'rekord', '0.0.1'), 'ENTRY_MISMATCH', 'a kind that no bundle rests on')
  refused(() => parseBodyV1(body, 'constructor', ''), 'ENTRY_MISMATCH', 'a name that objects have')
  refused(as(` ${text}`), 'ENTRY_MALFORMED', 'white space')
  refused(
    as(text.replace('"apiVersion":"0.0.1",', '').replace('"spec"', '"apiVersion":"0.0.1","spec"')),
    'ENTRY_MALFORMED',
    'another order',
  )
  refused(as(text.replace('sha256', 'sha1')), 'ENTRY_MALFORMED', 'another digest algorithm')
  refused(as(text.replace('"kind":"hashedrekord"', '"kind":"rekord"')), 'ENTRY_MALFORMED', 'another kind inside')
  refused(
    as(text.replace(/"value":"(..)/, (_, two: string) => `"value":"${two.toUpperCase()}`)),
    'ENTRY_MALFORMED',
    'capital hex',
  )
})
