/** `colophon verify` takes what other people's clients signed against our server, and nothing that is put in its place. */

import { createHash, generateKeyPairSync } from 'node:crypto'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { IDENTITY, identityToken, startMockAuthorities, startTimestampServer } from './sigstore/authorities.ts'
import { type Desk, must, openDesk, packProject } from './sigstore/publisher.ts'
import { client, type Finished, MAIN, PROGRAM_ENV, ROOT, run, scratch, startServer } from './support.ts'

t.setTimeout(20 * 60_000)

const [cosign, packages, goClient] = [await client('cosign'), await client('sigstore-js'), await client('sigstore-go')]
const python = await client('sigstore-python')
const data = await scratch(t)
const file = await packProject(t)
const authorities = await startMockAuthorities(t)
const plain = await startServer(join(data, 'plain'))
const named = await startServer(join(data, 'named'), ...authorities.ca, ...authorities.tsa)
/** The mock's timestamp authority takes JSON alone, which cosign and sigstore-python do not send. */
const timed = await startServer(join(data, 'timed'), ...authorities.ca, ...(await startTimestampServer(t)))
const other = await startServer(join(data, 'other'), ...authorities.ca, ...authorities.tsa)
t.teardown(() => Promise.all([plain, named, timed, other].map((server) => server.kill())))
const lost = await openDesk(t, { server: other, file })

const CHANGED = Buffer.concat([file, Buffer.of(0)])
const DIGEST = `sha256:${createHash('sha256').update(file).digest('hex')}`
const STRANGER = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' })
const AS_NAMED = ['--certificate-identity', IDENTITY.subject, '--certificate-oidc-issuer', IDENTITY.issuer]
const AS_OTHER = [
  '--certificate-identity',
  'https://imposter.example/release',
  '--certificate-oidc-issuer',
  IDENTITY.issuer,
]

function verify(desk: Desk, subject: string, ...words: readonly string[]): Promise<Finished> {
  const argv = [resolve(ROOT, MAIN), 'verify', '--json', subject, '--trusted-root', 'trusted_root.json', ...words]
  return run(process.execPath, argv, { cwd: desk.folder, env: PROGRAM_ENV })
}

async function judge(t: Test, name: string, asked: () => Promise<Finished>, expected: string): Promise<void> {
  const { code, stdout, stderr } = await asked()
  const { outcome, error } = stdout === '' ? { outcome: stderr, error: null } : JSON.parse(stdout)
  t.equal(`${code} ${error?.code ?? outcome}`, expected, name)
}

interface Signed {
  readonly bundle: string
  readonly signer: readonly string[]
  /** Someone else's words for the signer, and what comes of them. */
  readonly stranger: readonly string[]
  readonly refusal: string
}

async function judgeEach(t: Test, desk: Desk, bundles: readonly Signed[]): Promise<void> {
  await desk.write('stranger.pub', String(STRANGER))
  const root = await lost.read('trusted_root.json')
  for (const { bundle, signer, stranger, refusal } of bundles) {
    const by = (subject: string, words = signer) => verify(desk, subject, '--bundle', bundle, ...words)
    await judge(t, `${bundle}`, () => by('file'), '0 verified')
    await judge(t, `${bundle}, by digest`, () => by(DIGEST), '0 verified')
    const changed = await desk.whileChanged('file', CHANGED, () => by('file'))
    t.match(changed, { code: 1, stdout: /"(ARTIFACT_MISMATCH|SIGNATURE_INVALID)"/ }, `${bundle}, another file`)
    await judge(t, `${bundle}, another signer`, () => by('file', stranger), `1 ${refusal}`)
    const elsewhere = () => desk.whileChanged('trusted_root.json', root, () => by('file'))
    await judge(t, `${bundle}, another log`, elsewhere, '1 LOG_NOT_TRUSTED')
  }
}

const byKey = (bundle: string, key: string): Signed => ({
  bundle,
  signer: ['--key', key],
  stranger: ['--key', 'stranger.pub'],
  refusal: 'SIGNATURE_INVALID',
})
const byIdentity = (bundle: string): Signed => ({
  bundle,
  signer: AS_NAMED,
  stranger: AS_OTHER,
  refusal: 'SIGNER_MISMATCH',
})

t.test('cosign, with a key', async (t) => {
  const desk = await openDesk(t, { server: plain, file, programs: [cosign] })
  for (const block of ['cosign-keys', 'cosign-sign', 'cosign-attest']) await must(desk, block)
  await judgeEach(t, desk, [byKey('file.sigstore.json', 'cosign.pub'), byKey('file.statement.json', 'cosign.pub')])
  await judge(t, 'the bundle beside the file is found', () => verify(desk, 'file', '--key', 'cosign.pub'), '0 verified')
  const asking = (...words: string[]) => verify(desk, 'file', '--log', plain.url, ...words)
  await judge(t, 'the log that is asked has it', () => asking('--key', 'cosign.pub'), '0 verified')
  await judge(t, 'and nothing by a stranger', () => asking('--key', 'stranger.pub'), '3 NOT_FOUND')
  const elsewhere = () => verify(desk, 'file', '--log', other.url, '--key', 'cosign.pub')
  await judge(t, 'another log has nothing', elsewhere, '3 NOT_FOUND')
})

t.test('cosign, with an identity', async (t) => {
  const env = { ID_TOKEN: identityToken() }
  const desk = await openDesk(t, { server: timed, file, programs: [cosign], env })
  await must(desk, 'cosign-sign-identity')
  await judgeEach(t, desk, [byIdentity('file.sigstore.json')])
  const untimed = () => verify(desk, 'file', '--log', timed.url, ...AS_NAMED)
  await judge(t, 'a v2 log alone says no time', untimed, '1 TIME_MISSING')
})

t.test('sigstore-js, with a key', async (t) => {
  const desk = await openDesk(t, { server: plain, file, packages })
  for (const program of ['sign.mjs', 'verify.mjs']) await desk.place(program)
  for (const block of ['js-keys', 'js-sign']) await must(desk, block)
  await judgeEach(t, desk, [byKey('file.sigstore.json', 'key.pub')])
})

t.test('sigstore-js, with an identity: a file and a statement', async (t) => {
  const desk = await openDesk(t, { server: named, file, packages, env: { ID_TOKEN: identityToken() } })
  for (const program of ['sign-identity.mjs', 'verify-identity.mjs']) await desk.place(program)
  await must(desk, 'js-sign-identity')
  await judgeEach(t, desk, ['file.sigstore.json', 'statement.json.sigstore.json'].map(byIdentity))
})

t.test('sigstore-go, with a key', async (t) => {
  const desk = await openDesk(t, { server: plain, file })
  const asked = ['-file', 'file', '-bundle', 'bundle.json', '-key', 'key.pub', '-signing-config', 'signing_config.json']
  t.match(await run(goClient, [...asked, 'sign'], { cwd: desk.folder }), { code: 0 })
  await judgeEach(t, desk, [byKey('bundle.json', 'key.pub')])
})

t.test('sigstore-python, with an identity', async (t) => {
  const desk = await openDesk(t, { server: timed, file })
  const { origin } = new URL(timed.url)
  const config = await fetch(`${origin}/trust/client_trust_config.json`)
  await desk.write('trust.json', await config.text())
  const asked = ['-m', 'sigstore', '--trust-config', 'trust.json', 'sign', '--identity-token', identityToken()]
  const signed = await run(python, [...asked, '--bundle', 'file.sigstore.json', 'file'], { cwd: desk.folder })
  t.match(signed, { code: 0 }, 'it signs')
  await judgeEach(t, desk, [byIdentity('file.sigstore.json')])
})

t.test('verification asks nobody', async (t) => {
  const desk = await openDesk(t, { server: plain, file, programs: [cosign] })
  for (const block of ['cosign-keys', 'cosign-sign']) await must(desk, block)
  await plain.stop()
  await judge(t, 'with the server gone', () => verify(desk, 'file', '--key', 'cosign.pub'), '0 verified')
})
