/** sigstore-js signs and verifies by the programs of docs/clients.md: with a key, and with a certificate of @sigstore/mock. */

import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { IDENTITY, identityToken, startMockAuthorities } from './sigstore/authorities.ts'
import { type Desk, must, openDesk, packProject } from './sigstore/publisher.ts'
import { client, scratch, startServer } from './support.ts'

t.setTimeout(10 * 60_000)

const packages = await client('sigstore-js')
const data = await scratch(t)
const file = await packProject(t)
const authorities = await startMockAuthorities(t)
const flags = [...authorities.ca, ...authorities.tsa]
const plain = await startServer(join(data, 'plain'))
const named = await startServer(join(data, 'named'), ...flags)
const other = await startServer(join(data, 'other'), ...flags)

const CHANGED = Buffer.concat([file, Buffer.of(0)])
const OTHER_LOG = /TLOG_INCLUSION_PROOF_ERROR/

/** What someone could put in the place of a file of the desk, and how the program refuses it. */
type Swap = readonly [what: string, name: string, content: string | Uint8Array, refusal: RegExp]

async function refusesEach(t: Test, desk: Desk, block: string, swaps: readonly Swap[]): Promise<void> {
  for (const [what, name, content, stderr] of swaps) {
    const done = await desk.whileChanged(name, content, () => desk.sh(block))
    t.match(done, { code: 1, stderr }, `${block} with ${what}`)
  }
  t.match(await desk.sh(block), { code: 0, stdout: /verified/ }, `${block} with everything back`)
}

t.test('a file, with a key', async (t) => {
  const desk = await openDesk(t, { server: plain, file, packages })
  const lost = await openDesk(t, { server: other, file, packages })
  for (const program of ['sign.mjs', 'verify.mjs']) await desk.place(program)
  for (const block of ['js-keys', 'js-sign']) await must(desk, block)
  const [entry] = (await desk.json('file.sigstore.json')).verificationMaterial.tlogEntries
  const body = JSON.parse(Buffer.from(entry.canonicalizedBody, 'base64').toString())
  const { verifier } = body.spec.hashedRekordV002.signature
  t.same(
    Object.keys(verifier),
    ['keyDetails', 'publicKey'],
    'the key is logged as a key, not as the certificate it was sent as',
  )
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  await refusesEach(t, desk, 'js-verify', [
    ['another file', 'file', CHANGED, /MESSAGE/],
    ['another key', 'key.pub', stranger.export({ type: 'spki', format: 'pem' }).toString(), /MESSAGE/],
    ["another log's trusted root", 'trusted_root.json', await lost.read('trusted_root.json'), OTHER_LOG],
  ])
})

t.test('a file and a statement about it, with an identity', async (t) => {
  const open = (content: Uint8Array, subject: string) =>
    openDesk(t, { server: named, file: content, packages, env: { ID_TOKEN: identityToken(subject) } })
  const [desk, imposter] = [await open(file, IDENTITY.subject), await open(file, 'https://imposter.example/release')]
  const elsewhere = await open(CHANGED, IDENTITY.subject)
  const lost = await openDesk(t, { server: other, file, packages })
  for (const each of [desk, imposter, elsewhere]) {
    for (const program of ['sign-identity.mjs', 'verify-identity.mjs']) await each.place(program)
    await must(each, 'js-sign-identity')
  }
  const [signed, stated] = ['file.sigstore.json', 'statement.json.sigstore.json']
  const [bundle, statement] = [await desk.json(signed), await desk.json(stated)]
  for (const { verificationMaterial } of [bundle, statement])
    t.match(verificationMaterial.tlogEntries, [{ kindVersion: { kind: 'hashedrekord', version: '0.0.2' } }])
  const exchanged = structuredClone(bundle)
  exchanged.verificationMaterial.tlogEntries = statement.verificationMaterial.tlogEntries
  const trusted = await desk.json('trusted_root.json')
  const without = (authorities: string) => JSON.stringify({ ...trusted, [authorities]: [] })
  await refusesEach(t, desk, 'js-verify-identity', [
    ['another file', 'file', CHANGED, /MESSAGE/],
    ["another file's statement", stated, await elsewhere.read(stated), /MESSAGE/],
    ['another identity', signed, await imposter.read(signed), /MESSAGE/],
    ['another identity of the statement', stated, await imposter.read(stated), /MESSAGE/],
    ["another entry's proof", signed, JSON.stringify(exchanged), /MESSAGE/],
    ["another log's trusted root", 'trusted_root.json', await lost.read('trusted_root.json'), OTHER_LOG],
    ['an unknown certificate authority', 'trusted_root.json', without('certificateAuthorities'), /MESSAGE/],
    ['an unknown timestamp authority', 'trusted_root.json', without('timestampAuthorities'), /MESSAGE/],
    ['an unknown CT log', 'trusted_root.json', without('ctlogs'), /MESSAGE/],
  ])
  await named.stop()
  t.match(await desk.sh('js-verify-identity'), { code: 0 }, 'verification asks nobody')
})
