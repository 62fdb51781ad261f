/** Trust files that `colophon trust create` made from keys given by hand: every client signs and verifies with them alone. */

import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { formatPem } from '../../src/formats/pki/pem.ts'
import { formatSpki } from '../../src/formats/pki/spki.ts'
import type { TrustedLog } from '../../src/formats/sigstore/trusted-root.ts'
import { parseTrustedRoot } from '../../src/formats/sigstore/trusted-root.ts'
import { IDENTITY, identityToken, startMockAuthorities, startTimestampServer } from './sigstore/authorities.ts'
import { type Desk, must, openDesk, packProject, without } from './sigstore/publisher.ts'
import { client, colophon, type Finished, run, scratch, soleLog, startServer } from './support.ts'

t.setTimeout(20 * 60_000)

const [cosign, go] = [await client('cosign'), await client('sigstore-go')]
const [packages, python] = [await client('sigstore-js'), await client('sigstore-python')]
const folder = await scratch(t)
const file = await packProject(t)
const { ca, tsa } = await startMockAuthorities(t)
/** It names nobody: its own trust files would not do. */
const server = await startServer(join(folder, 'data'))
t.teardown(() => server.kill())
const url = server.url.replace('127.0.0.1', 'localhost')

/** The log's key, as its operator would hand it over. */
const { publicKey } = parseVkey((await soleLog(join(folder, 'data'))).vkey)
const key = join(folder, 'log.pem')
await writeFile(key, formatPem(formatSpki({ kind: 'ed25519', bytes: publicKey }), 'PUBLIC KEY'))

const LOG = ['--rekor-url', url, '--rekor-version', '2', '--rekor-start', '2026-01-01T00:00:00Z']
const FILES = ['trusted_root.json', 'signing_config.json', 'client_trust_config.json']

/** A desk whose trust files are those that were made, and none of the server's. */
async function deskWith(scope: Test, name: string, ...flags: readonly string[]): Promise<Desk> {
  const desk = await openDesk(scope, { server, file, packages, programs: [cosign], env: { ID_TOKEN: identityToken() } })
  const out = join(folder, name)
  await colophon('trust', 'create', '--out', out, ...LOG, ...flags)
  for (const made of FILES) await desk.write(made, await readFile(join(out, made)))
  return desk
}

const goVerify = (desk: Desk, ...signer: readonly string[]): Promise<Finished> =>
  run(
    go,
    ['-file', 'file', '-bundle', 'file.sigstore.json', '-trusted-root', 'trusted_root.json', ...signer, 'verify'],
    {
      cwd: desk.folder,
    },
  )

t.test('a key and a log, nothing else', async (t) => {
  const desk = await deskWith(t, 'plain', '--rekor-key', key)
  for (const block of ['cosign-keys', 'cosign-sign', 'cosign-verify']) await must(desk, block)
  t.match(await goVerify(desk, '-key', 'cosign.pub'), { code: 0, stdout: /verificationresult/ }, 'sigstore-go')
  for (const program of ['sign.mjs', 'verify.mjs']) await desk.place(program)
  for (const block of ['js-keys', 'js-sign', 'js-verify']) await must(desk, block)
  const inspected = await colophon('inspect', desk.at('file.sigstore.json'), '--json')
  t.match(JSON.parse(inspected), { kind: 'sigstore-bundle', malformed: 0 })
})

t.test('the same with a key that was fetched', async (t) => {
  const desk = await deskWith(t, 'fetched', '--fetch')
  t.same(
    await desk.json('trusted_root.json'),
    JSON.parse(await readFile(join(folder, 'plain/trusted_root.json'), 'utf8')),
  )
})

t.test('with an identity: certificate authority, certificate log, timestamps', async (t) => {
  const desk = await deskWith(t, 'named', '--rekor-key', key, ...ca, ...tsa)
  for (const program of ['sign-identity.mjs', 'verify-identity.mjs']) await desk.place(program)
  for (const block of ['js-sign-identity', 'js-verify-identity']) await must(desk, block)
  const signer = ['-identity', IDENTITY.subject, '-issuer', IDENTITY.issuer]
  t.match(await goVerify(desk, ...signer), { code: 0, stdout: /verificationresult/ }, 'sigstore-go')
  t.match(await pythonVerify(desk, IDENTITY.subject), { code: 0, stderr: /OK: file/ }, 'sigstore-python')
  t.match(await pythonVerify(desk, 'https://imposter.example'), { code: 1 }, 'sigstore-python looks at it')
  const rootless = await without(desk, 'timestampAuthorities')
  t.match(await desk.whileChanged('trusted_root.json', rootless, () => goVerify(desk, ...signer)), { code: 1 })
})

t.test("cosign with an identity, and Sigstore's own timestamp authority", async (t) => {
  const desk = await deskWith(t, 'cosign', '--rekor-key', key, ...ca, ...(await startTimestampServer(t)))
  for (const block of ['cosign-sign-identity', 'cosign-verify-identity']) await must(desk, block)
})

t.test('the same log IDs and key types as cosign makes of these keys', async (t) => {
  const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' })
  const v1 = join(folder, 'v1.pem')
  await writeFile(v1, spki)
  const start = '2026-01-01T00:00:00Z'
  const logs = [
    { url: 'https://rekor.example', version: 1, publicKey: v1, validFrom: start },
    { url: 'https://log.example', version: 2, publicKey: key, origin: 'log.example', validFrom: start },
  ]
  const [config, out, theirs] = [join(folder, 'logs.json'), join(folder, 'two'), join(folder, 'cosign.json')]
  await writeFile(config, JSON.stringify({ logs }))
  await colophon('trust', 'create', '--out', out, '--config', config)
  const flags = [
    `--rekor=url=https://rekor.example,public-key=${v1},start-time=${start}`,
    `--rekor=url=https://log.example,public-key=${key},start-time=${start},origin=log.example`,
  ]
  t.match(await run(cosign, ['trusted-root', 'create', ...flags, '--out', theirs]), { code: 0 })
  const logsOf = async (path: string) =>
    parseTrustedRoot(await readFile(path))
      .tlogs.map(withoutTimes)
      .sort(byUrl)
  t.same(await logsOf(join(out, 'trusted_root.json')), await logsOf(theirs))
})

const byUrl = (a: { baseUrl: string }, b: { baseUrl: string }) => (a.baseUrl < b.baseUrl ? -1 : 1)

/** Ours has milliseconds. */
function withoutTimes({ validFor, ...log }: TrustedLog) {
  return { ...log, start: Date.parse(validFor.start) }
}

function pythonVerify(desk: Desk, identity: string): Promise<Finished> {
  const asked = ['verify', 'identity', '--bundle', 'file.sigstore.json', '--cert-identity', identity]
  const argv = [
    '-m',
    'sigstore',
    '--trust-config',
    'client_trust_config.json',
    ...asked,
    '--cert-oidc-issuer',
    IDENTITY.issuer,
    'file',
  ]
  return run(python, argv, { cwd: desk.folder })
}
