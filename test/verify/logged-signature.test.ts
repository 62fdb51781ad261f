/** What an entry holds of a signature: the bundle made of it verifies where the signer's own did. */

import { hash } from 'node:crypto'
import t from 'tap'
import { utf8 } from '../../src/kernel/bytes.ts'
import { verifyBundle } from '../../src/verify/bundle.ts'
import { bundleOfEntry, loggedSignature } from '../../src/verify/logged-signature.ts'
import { readCase } from './conformance.ts'
import { refusedWith } from './support.ts'

t.test('a real entry of each kind', async (t) => {
  for (const [name, kind, verifier] of [
    ['managed-key-happy-path', 'hashedrekord 0.0.1', 'publicKey'],
    ['happy-path-v0.3', 'hashedrekord 0.0.1', 'x509Certificate'],
    ['rekor2-happy-path', 'hashedrekord 0.0.2', 'x509Certificate'],
  ] as const) {
    const { artifact, bundle, trust } = readCase(name)
    const { content, timestamps, entries } = bundle()
    const [entry] = entries
    if (entry === undefined) throw new Error(`${name} has no entry`)
    const logged = loggedSignature(entry.body)
    t.equal(`${logged.kind} ${logged.version}`, kind, name)
    t.equal(logged.verifier.kind, verifier, name)
    t.same(logged.content.signature, content.signature, name)
    const made = { ...bundleOfEntry(entry), timestamps }
    const digests = new Map([['SHA2_256', new Uint8Array(hash('sha256', artifact, 'buffer'))]] as const)
    const [mine, theirs] = [await verifyBundle(made, digests, trust()), await verifyBundle(bundle(), digests, trust())]
    t.same(mine, theirs, `${name}: the same verdict`)
  }
})

t.test('what holds none', async () => {
  const dsse = readCase('happy-path-intoto-in-dsse-v3').bundle().entries[0]?.body ?? new Uint8Array()
  await refusedWith('CHECK_UNAVAILABLE', () => loggedSignature(dsse), 'an envelope’s hashes')
  for (const [text, code] of [
    ['', 'ENTRY_MALFORMED'],
    ['[]', 'ENTRY_MALFORMED'],
    ['{"kind":"hashedrekord"}', 'ENTRY_MALFORMED'],
    ['{"apiVersion":"0.0.2","kind":"hashedrekord"}', 'ENTRY_MALFORMED'],
    ['{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{}}', 'ENTRY_MALFORMED'],
    ['{"apiVersion":"0.0.3","kind":"hashedrekord","spec":{}}', 'ENTRY_MISMATCH'],
    ['{"apiVersion":"0.0.1","kind":"rekord","spec":{}}', 'CHECK_UNAVAILABLE'],
  ] as const)
    await refusedWith(code, () => loggedSignature(utf8(text)), text)
})
