/** cosign signs and verifies by the commands of docs/clients.md: with a key, through TUF, with an identity and timestamps. */

import { join } from 'node:path'
import t from 'tap'
import { IDENTITY, identityToken, startMockAuthorities, startTimestampServer } from './sigstore/authorities.ts'
import { must, openDesk, packProject, refusesEach, type Swap, withEntryOf, without } from './sigstore/publisher.ts'
import { client, scratch, startServer } from './support.ts'

t.setTimeout(20 * 60_000)

const programs = [await client('cosign')]
const data = await scratch(t)
const file = await packProject(t)
const authorities = [...(await startMockAuthorities(t)).ca, ...(await startTimestampServer(t))]
const plain = await startServer(join(data, 'plain'))
const named = await startServer(join(data, 'named'), ...authorities)
const other = await startServer(join(data, 'other'), ...authorities)
t.teardown(() => Promise.all([plain, named, other].map((server) => server.kill())))

const publisher = await openDesk(t, { server: plain, file, programs })
const stranger = await openDesk(t, { server: other, file, programs })

const CHANGED = Buffer.concat([file, Buffer.of(0)])
const OTHER_ENTRY = /verifying inclusion: calculated root/
const OTHER_LOG = /not enough verified log entries from transparency log: 0 < 1/

t.test('a file and a statement about it, with a key', async (t) => {
  for (const block of ['cosign-keys', 'cosign-sign', 'cosign-attest']) await must(publisher, block)
  await must(stranger, 'cosign-keys')
  const { verificationMaterial } = await publisher.json('file.sigstore.json')
  t.match(verificationMaterial, { tlogEntries: [{ kindVersion: { kind: 'hashedrekord', version: '0.0.2' } }] })
  t.notOk(verificationMaterial.timestampVerificationData, 'without an authority there is no timestamp')
  const both: readonly Swap[] = [
    ['another key', 'cosign.pub', await stranger.read('cosign.pub'), OTHER_ENTRY],
    ["another log's trusted root", 'trusted_root.json', await stranger.read('trusted_root.json'), OTHER_LOG],
  ]
  const [signed, stated] = ['file.sigstore.json', 'file.statement.json']
  await refusesEach(t, publisher, 'cosign-verify', [
    ['another file', 'file', CHANGED, /invalid signature/],
    ["another entry's proof", signed, await withEntryOf(publisher, signed, stated), OTHER_ENTRY],
    ...both,
  ])
  await refusesEach(t, publisher, 'cosign-verify-statement', [
    ['another file', 'file', CHANGED, /digests do not match digests in statement/],
    ["another entry's proof", stated, await withEntryOf(publisher, stated, signed), OTHER_ENTRY],
    ...both,
  ])
})

t.test('with a key and a timestamp, where the server names an authority', async (t) => {
  const desk = await openDesk(t, { server: named, file, programs })
  for (const block of ['cosign-keys', 'cosign-sign']) await must(desk, block)
  await refusesEach(t, desk, 'cosign-verify-timestamp', [
    ['another file', 'file', CHANGED, /invalid signature/],
    [
      'an unknown timestamp authority',
      'trusted_root.json',
      await without(desk, 'timestampAuthorities'),
      /signed timestamps: 0 < 1/,
    ],
  ])
  t.match(
    await publisher.sh('cosign-verify-timestamp'),
    { code: 1, stderr: /timestamp/ },
    'no timestamp, none to accept',
  )
})

t.test('a file, after cosign initialize, without naming trust files', async (t) => {
  const desk = await openDesk(t, { server: plain, file, programs })
  const lost = await openDesk(t, { server: other, file, programs })
  for (const each of [desk, lost]) await must(each, 'cosign-initialize')
  await must(desk, 'cosign-keys')
  await must(desk, 'cosign-sign-tuf')
  await refusesEach(t, desk, 'cosign-verify-tuf', [
    ['another file', 'file', CHANGED, /invalid signature/],
    ['another key', 'cosign.pub', await publisher.read('cosign.pub'), OTHER_ENTRY],
  ])
  for (const name of ['cosign.pub', 'file.sigstore.json']) await lost.write(name, await desk.read(name))
  t.match(await lost.sh('cosign-verify-tuf'), { code: 1, stderr: OTHER_LOG }, "with another log's TUF repository")
})

t.test('with an identity, and a timestamp of the authority that the server names', async (t) => {
  const open = (subject: string) =>
    openDesk(t, { server: named, file, programs, env: { ID_TOKEN: identityToken(subject) } })
  const [desk, imposter] = [await open(IDENTITY.subject), await open('https://imposter.example/release')]
  for (const each of [desk, imposter]) await must(each, 'cosign-sign-identity')
  const bundle = await desk.json('file.sigstore.json')
  t.ok(bundle.verificationMaterial.timestampVerificationData.rfc3161Timestamps[0].signedTimestamp)
  const untimed = structuredClone(bundle)
  delete untimed.verificationMaterial.timestampVerificationData
  await refusesEach(t, desk, 'cosign-verify-identity', [
    ['another file', 'file', CHANGED, /invalid signature/],
    ['another identity', 'file.sigstore.json', await imposter.read('file.sigstore.json'), /identit/],
    ['no timestamp', 'file.sigstore.json', JSON.stringify(untimed), /timestamp/],
    ["another log's trusted root", 'trusted_root.json', await stranger.read('trusted_root.json'), OTHER_LOG],
    [
      'an unknown certificate authority',
      'trusted_root.json',
      await without(desk, 'certificateAuthorities'),
      /leaf certificate verification failed/,
    ],
    [
      'an unknown timestamp authority',
      'trusted_root.json',
      await without(desk, 'timestampAuthorities'),
      /verified signed timestamps: 0 < 1/,
    ],
  ])
})

t.test('verification asks nobody', async (t) => {
  for (const server of [plain, named, other]) await server.stop()
  for (const block of ['cosign-verify', 'cosign-verify-statement'])
    t.match(await publisher.sh(block), { code: 0 }, block)
  t.not((await publisher.sh('cosign-sign')).code, 0, 'signing does')
})
