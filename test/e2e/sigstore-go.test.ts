/** sigstore-go's verifier (go/sigstore-go) takes what sigstore-go, cosign and sigstore-js signed against our server. */

import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { IDENTITY, identityToken, startMockAuthorities } from './sigstore/authorities.ts'
import { type Desk, must, openDesk, packProject, withEntryOf, without } from './sigstore/publisher.ts'
import { client, type Finished, run, scratch, startServer } from './support.ts'

t.setTimeout(20 * 60_000)

const program = await client('sigstore-go')
const [cosign, packages] = [await client('cosign'), await client('sigstore-js')]
const data = await scratch(t)
const file = await packProject(t)
const authorities = await startMockAuthorities(t)
const flags = [...authorities.ca, ...authorities.tsa]
const plain = await startServer(join(data, 'plain'))
const named = await startServer(join(data, 'named'), ...flags)
const other = await startServer(join(data, 'other'), ...flags)
t.teardown(() => Promise.all([plain, named, other].map((server) => server.kill())))
const lost = await openDesk(t, { server: other, file })

const CHANGED = Buffer.concat([file, Buffer.of(0)])
const OTHER_FILE = /invalid signature|digests do not match digests in statement/
const OTHER_ENTRY = /verifying inclusion: calculated root/
const OTHER_LOG = /not enough verified log entries from transparency log: 0 < 1/

/** @param signer the flags that say who must have signed. */
function verify(desk: Desk, bundle: string, signer: readonly string[]): Promise<Finished> {
  const asked = ['-file', 'file', '-bundle', bundle, '-trusted-root', 'trusted_root.json', ...signer]
  return run(program, [...asked, 'verify'], { cwd: desk.folder })
}

/** @param key the name of the file of the desk with the public key. */
async function judgeKey(t: Test, desk: Desk, bundles: readonly string[], key: string): Promise<void> {
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' })
  for (const bundle of bundles) {
    const asked = () => verify(desk, bundle, ['-key', key])
    t.match(await asked(), { code: 0, stdout: /verificationresult/ }, bundle)
    t.match(await desk.whileChanged('file', CHANGED, asked), { code: 1, stderr: OTHER_FILE }, 'another file')
    t.match(await desk.whileChanged(key, String(stranger), asked), { code: 1, stderr: OTHER_ENTRY }, 'another key')
    const root = await lost.read('trusted_root.json')
    t.match(await desk.whileChanged('trusted_root.json', root, asked), { code: 1, stderr: OTHER_LOG }, 'another log')
  }
}

t.test('what sigstore-go signed', async (t) => {
  const desk = await openDesk(t, { server: plain, file })
  const asked = ['-file', 'file', '-bundle', 'bundle.json', '-key', 'key.pub', '-signing-config', 'signing_config.json']
  t.match(await run(program, [...asked, 'sign'], { cwd: desk.folder }), { code: 0 })
  await judgeKey(t, desk, ['bundle.json'], 'key.pub')
})

t.test('what cosign signed with a key', async (t) => {
  const desk = await openDesk(t, { server: plain, file, programs: [cosign] })
  for (const block of ['cosign-keys', 'cosign-sign', 'cosign-attest']) await must(desk, block)
  const [signed, stated] = ['file.sigstore.json', 'file.statement.json'] as const
  await judgeKey(t, desk, [signed, stated], 'cosign.pub')
  const exchanged = await withEntryOf(desk, signed, stated)
  const done = await desk.whileChanged(signed, exchanged, () => verify(desk, signed, ['-key', 'cosign.pub']))
  t.match(done, { code: 1, stderr: OTHER_ENTRY }, "another entry's proof")
})

t.test('what sigstore-js signed with a key', async (t) => {
  const desk = await openDesk(t, { server: plain, file, packages })
  await desk.place('sign.mjs')
  for (const block of ['js-keys', 'js-sign']) await must(desk, block)
  await judgeKey(t, desk, ['file.sigstore.json'], 'key.pub')
})

t.test('what sigstore-js signed with an identity', async (t) => {
  const desk = await openDesk(t, { server: named, file, packages, env: { ID_TOKEN: identityToken() } })
  await desk.place('sign-identity.mjs')
  await must(desk, 'js-sign-identity')
  const root = await lost.read('trusted_root.json')
  const as = (identity: string) => ['-identity', identity, '-issuer', IDENTITY.issuer]
  for (const bundle of ['file.sigstore.json', 'statement.json.sigstore.json']) {
    const asked = () => verify(desk, bundle, as(IDENTITY.subject))
    const trusting = (content: string) => desk.whileChanged('trusted_root.json', content, asked)
    t.match(
      await asked(),
      { code: 0, stdout: /"subjectAlternativeName":"https:\/\/publisher.example\/release"/ },
      bundle,
    )
    t.match(await desk.whileChanged('file', CHANGED, asked), { code: 1, stderr: OTHER_FILE }, 'another file')
    t.match(
      await verify(desk, bundle, as('https://imposter.example')),
      { code: 1, stderr: /no matching/ },
      'another identity',
    )
    t.match(await trusting(root), { code: 1, stderr: OTHER_LOG }, 'another log')
    for (const kind of ['certificateAuthorities', 'timestampAuthorities', 'ctlogs'])
      t.match(await trusting(await without(desk, kind)), { code: 1, stderr: /verif/ }, `without ${kind}`)
  }
})
