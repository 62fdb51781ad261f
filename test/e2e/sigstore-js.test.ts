/** sigstore-js signs and verifies by the programs of docs/clients.md: with a key, and with a certificate of @sigstore/mock. */

import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { IDENTITY, identityToken, startMockAuthorities } from './sigstore/authorities.ts'
import { must, openDesk, packProject, refusesEach, withEntryOf, without } from './sigstore/publisher.ts'
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
t.teardown(() => Promise.all([plain, named, other].map((server) => server.kill())))

const CHANGED = Buffer.concat([file, Buffer.of(0)])
const OTHER_LOG = /TLOG_INCLUSION_PROOF_ERROR/

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
    ['another file', 'file', CHANGED, /SIGNATURE_ERROR/],
    ['another key', 'key.pub', stranger.export({ type: 'spki', format: 'pem' }).toString(), /SIGNATURE_ERROR/],
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
  for (const bundle of [signed, stated])
    t.match((await desk.json(bundle)).verificationMaterial.tlogEntries, [
      { kindVersion: { kind: 'hashedrekord', version: '0.0.2' } },
    ])
  await refusesEach(t, desk, 'js-verify-identity', [
    ['another file', 'file', CHANGED, /SIGNATURE_ERROR/],
    ["another file's statement", stated, await elsewhere.read(stated), /the statement is not about file/],
    ['another identity', signed, await imposter.read(signed), /UNTRUSTED_SIGNER_ERROR/],
    ['another identity of the statement', stated, await imposter.read(stated), /UNTRUSTED_SIGNER_ERROR/],
    ["another entry's proof", signed, await withEntryOf(desk, signed, stated), /TLOG_BODY_ERROR/],
    ["another log's trusted root", 'trusted_root.json', await lost.read('trusted_root.json'), OTHER_LOG],
    [
      'an unknown certificate authority',
      'trusted_root.json',
      await without(desk, 'certificateAuthorities'),
      /CERTIFICATE_ERROR/,
    ],
    [
      'an unknown timestamp authority',
      'trusted_root.json',
      await without(desk, 'timestampAuthorities'),
      /TIMESTAMP_ERROR/,
    ],
    ['an unknown CT log', 'trusted_root.json', await without(desk, 'ctlogs'), /CERTIFICATE_ERROR/],
  ])
  await named.stop()
  t.match(await desk.sh('js-verify-identity'), { code: 0 }, 'verification asks nobody')
})
