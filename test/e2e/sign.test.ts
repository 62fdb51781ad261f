/**
 * What `colophon sign` writes verifies in cosign, sigstore-js, sigstore-go, sigstore-python and model_signing: with a key and
 * with an identity, over a file, a statement and a model; also when Rekor v2's own server is the log.
 */

import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { request as ask, createServer } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { formatTrustedRoot } from '../../src/formats/sigstore/trusted-root.ts'
import { rekorV1Log } from '../client/rekor-v1-log.ts'
import { IDENTITY, identityToken, startMockAuthorities, startTimestampServer } from './sigstore/authorities.ts'
import { type Desk, must, openDesk } from './sigstore/publisher.ts'
import { serveFolder } from './static-server.ts'
import { client, type Finished, freePort, MAIN, PROGRAM_ENV, ROOT, run, scratch, startServer } from './support.ts'

t.setTimeout(20 * 60_000)

const [cosign, packages, sigstoreGo] = [
  await client('cosign'),
  await client('sigstore-js'),
  await client('sigstore-go'),
]
const python = await client('sigstore-python')
const modelSigning = await client('model-signing')
const data = await scratch(t)
const file = Buffer.from('what is signed here\n'.repeat(1000))
const authorities = [...(await startMockAuthorities(t)).ca, ...(await startTimestampServer(t))]
const plain = await startServer(join(data, 'plain'))
const named = await startServer(join(data, 'named'), ...authorities)
t.teardown(() => Promise.all([plain, named].map((server) => server.kill())))

const CHANGED = Buffer.concat([file, Buffer.of(0)])
const TYPE = 'https://example.com/build/v1'

/** Our command, in the desk's folder. */
function sign(desk: Desk, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return run(process.execPath, [join(ROOT, MAIN), 'sign', ...args], {
    cwd: desk.folder,
    env: { ...PROGRAM_ENV, ...env },
  })
}

async function writeKey(desk: Desk): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await desk.write('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }))
  await chmod(desk.at('key.pem'), 0o600)
  for (const name of ['key.pub', 'cosign.pub'])
    await desk.write(name, publicKey.export({ type: 'spki', format: 'pem' }))
}

const TRUSTED = ['--signing-config', 'signing_config.json', '--trusted-root', 'trusted_root.json']
const STATED = ['--statement', 'predicate.json', '--type', TYPE, '--bundle', 'file.statement.json']

function go(desk: Desk, bundle: string, signer: readonly string[]): Promise<Finished> {
  const asked = ['-file', 'file', '-bundle', bundle, '-trusted-root', 'trusted_root.json', ...signer]
  return run(sigstoreGo, [...asked, 'verify'], { cwd: desk.folder })
}

/** It holds, and does not for another file. */
async function judge(t: Test, desk: Desk, who: string, verify: () => Promise<Finished>): Promise<void> {
  const good = await verify()
  t.equal(good.code, 0, `${who} takes it\n${good.stdout}${good.stderr}`)
  t.not((await desk.whileChanged('file', CHANGED, verify)).code, 0, `${who} refuses it for another file`)
}

t.test('a file and a statement, with a key', async (t) => {
  const desk = await openDesk(t, { server: plain, file, programs: [cosign], packages })
  await writeKey(desk)
  t.match(await sign(desk, ['file', '--key', 'key.pem', ...TRUSTED]), { code: 0, stdout: /as a verifier .* will/ })
  t.match(await sign(desk, ['file', '--key', 'key.pem', ...TRUSTED, ...STATED]), { code: 0 })
  await desk.place('verify.mjs')
  await judge(t, desk, 'cosign', () => desk.sh('cosign-verify'))
  await judge(t, desk, 'cosign (statement)', () => desk.sh('cosign-verify-statement'))
  await judge(t, desk, 'sigstore-js', () => desk.sh('js-verify'))
  for (const bundle of ['file.sigstore.json', 'file.statement.json'])
    await judge(t, desk, `sigstore-go (${bundle})`, () => go(desk, bundle, ['-key', 'key.pub']))
})

t.test('with the key that cosign made, a repeat is the same entry', async (t) => {
  const desk = await openDesk(t, { server: plain, file, programs: [cosign] })
  await must(desk, 'cosign-keys')
  const once = await sign(desk, ['file', '--key', 'cosign.key', ...TRUSTED], { COSIGN_PASSWORD: '' })
  t.match(once, { code: 0 }, once.stderr)
  await judge(t, desk, 'cosign', () => desk.sh('cosign-verify'))
  const first = await desk.json('file.sigstore.json')
  t.match(await sign(desk, ['file', '--key', 'cosign.key', ...TRUSTED], { COSIGN_PASSWORD: '' }), { code: 2 })
  await rm(desk.at('file.sigstore.json'))
  t.match(await sign(desk, ['file', '--key', 'cosign.key', ...TRUSTED], { COSIGN_PASSWORD: '' }), { code: 0 })
  const second = await desk.json('file.sigstore.json')
  t.same(second.messageSignature, first.messageSignature)
  t.equal(logIndex(second), logIndex(first), 'the same entry')
})

const logIndex = (bundle: { verificationMaterial: { tlogEntries: { logIndex: string }[] } }) =>
  bundle.verificationMaterial.tlogEntries[0]?.logIndex

t.test('a file and a statement, with an identity and a timestamp', async (t) => {
  const env = { ID_TOKEN: identityToken(IDENTITY.subject) }
  const desk = await openDesk(t, { server: named, file, programs: [cosign], packages })
  for (const more of [[], STATED]) {
    const done = await sign(desk, ['file', '--identity-token', 'env:ID_TOKEN', ...TRUSTED, ...more], env)
    t.match(
      done,
      { code: 0, stdout: /publisher\.example\/release, for whom https:\/\/issuer\.example vouches/ },
      done.stderr,
    )
    t.notOk(`${done.stdout}${done.stderr}`.includes(env.ID_TOKEN), 'the token is not printed')
  }
  await desk.write('statement.json.sigstore.json', await desk.read('file.statement.json'))
  await desk.place('verify-identity.mjs')
  await judge(t, desk, 'cosign', () => desk.sh('cosign-verify-identity'))
  await judge(t, desk, 'sigstore-js', () => desk.sh('js-verify-identity'))
  const as = ['-identity', IDENTITY.subject, '-issuer', IDENTITY.issuer]
  for (const bundle of ['file.sigstore.json', 'file.statement.json']) {
    await judge(t, desk, `sigstore-go (${bundle})`, () => go(desk, bundle, as))
    await judge(t, desk, `sigstore-python (${bundle})`, () => pythonVerifies(desk, bundle))
  }
})

t.test(
  'a file and a statement in a Rekor v1 log, with a key and with an identity that the log gives its time',
  async (t) => {
    const log = await rekorV1Log(t)
    const env = { ID_TOKEN: identityToken(IDENTITY.subject) }
    const desk = await openDesk(t, { server: named, file, programs: [cosign], packages })
    await writeKey(desk)
    const root = await desk.json('trusted_root.json')
    const tlogs = JSON.parse(formatTrustedRoot({ ...NO_TRUST, tlogs: [log.trusted] })).tlogs
    await desk.write('trusted_root.json', JSON.stringify({ ...root, tlogs }))
    const fulcio = (await desk.json('signing_config.json')).caUrls[0].url
    const where = ['--rekor-url', log.url, '--rekor-version', '1', '--trusted-root', 'trusted_root.json']
    for (const more of [[], STATED]) {
      const done = await sign(desk, ['file', '--key', 'key.pem', ...where, ...more])
      t.match(done, { code: 0, stdout: /time .* says http/ }, done.stderr)
    }
    await desk.place('verify.mjs')
    await judge(t, desk, 'cosign', () => desk.sh('cosign-verify'))
    await judge(t, desk, 'cosign (statement)', () => desk.sh('cosign-verify-statement'))
    await judge(t, desk, 'sigstore-js', () => desk.sh('js-verify'))
    for (const bundle of ['file.sigstore.json', 'file.statement.json']) {
      await judge(t, desk, `sigstore-go (${bundle})`, () => go(desk, bundle, ['-key', 'key.pub']))
      await rm(desk.at(bundle))
    }
    for (const more of [[], STATED]) {
      const signer = ['--identity-token', 'env:ID_TOKEN', '--fulcio-url', fulcio]
      const done = await sign(desk, ['file', ...signer, ...where, ...more], env)
      t.match(done, { code: 0 }, done.stderr)
    }
    await desk.write('statement.json.sigstore.json', await desk.read('file.statement.json'))
    await desk.place('verify-identity.mjs')
    await judge(t, desk, 'sigstore-js', () => desk.sh('js-verify-identity'))
  },
)

const NO_TRUST = { tlogs: [], certificateAuthorities: [], ctLogs: [], timestampAuthorities: [] }

async function pythonVerifies(desk: Desk, bundle: string): Promise<Finished> {
  const config = await fetch(`${named.url}/trust/client_trust_config.json`)
  await desk.write('client_trust_config.json', await config.text())
  const signer = ['--cert-identity', IDENTITY.subject, '--cert-oidc-issuer', IDENTITY.issuer]
  const asked = ['--trust-config', 'client_trust_config.json', 'verify', 'identity', '--offline', '--bundle', bundle]
  return await run(python, ['-m', 'sigstore', ...asked, ...signer, 'file'], { cwd: desk.folder })
}

t.test('a model, with a key', async (t) => {
  const desk = await openDesk(t, { server: plain, file, programs: [cosign] })
  await writeKey(desk)
  await mkdir(desk.at('model/weights'), { recursive: true })
  for (const [name, text] of [
    ['config.json', '{}'],
    ['weights/a.bin', 'a'],
    ['a-b', ''],
    ['.gitattributes', 'x'],
  ] as const)
    await desk.write(`model/${name}`, text)
  const done = await sign(desk, ['model', '--key', 'key.pem', ...TRUSTED])
  t.match(done, { code: 0, stdout: /a model of 3 files[\s\S]*left out +\.gitattributes/ }, done.stderr)
  const verify = () =>
    run(
      modelSigning,
      ['-m', 'model_signing', 'verify', 'key', 'model', '--signature', 'model/model.sig', '--public_key', 'key.pub'],
      { cwd: desk.folder },
    )
  t.match(await verify(), { code: 0 }, 'model_signing takes it')
  t.match(await desk.whileChanged('model/config.json', '{ }', verify), { code: 1 }, 'not with a changed file')
  await desk.write('model/extra', '')
  t.match(await verify(), { code: 1 }, 'nor with one more')
})

/** Rekor v2's own server: writes to it, reads from the folder that it writes, as a deployment has it. */
async function startRekorTiles(): Promise<{ url: string; root: string }> {
  const folder = await scratch(t)
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  await writeFile(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
  await writeFile(join(folder, 'key.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()]
  const where = ['--http-port', http, '--grpc-port', grpc, '--http-metrics-port', metrics].map(String)
  const storage = ['--storage-dir', join(folder, 'tiles'), '--persistent-antispam', '--checkpoint-interval', '200ms']
  const signer = ['--hostname', 'localhost', '--signer-filepath', join(folder, 'key.pem')]
  await mkdir(join(folder, 'tiles'))
  const program = await client('rekor-tiles-server')
  const child = spawn(program, ['serve', ...signer, ...where, ...storage], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  const url = await frontOf(http, await serveFolder(t, join(folder, 'tiles')))
  const key = `url=${url},public-key=${join(folder, 'key.pub')},start-time=2026-01-01T00:00:00Z,origin=localhost`
  const root = join(folder, 'trusted_root.json')
  const made = await run(cosign, ['trusted-root', 'create', `--rekor=${key}`, '--out', root])
  if (made.code !== 0) throw new Error(made.stderr)
  return { url, root }
}

async function frontOf(writes: number, reads: string): Promise<string> {
  const front = createServer((request, response) => {
    const path = request.url ?? '/'
    if (request.method === 'GET')
      return void fetch(reads + path.replace('/api/v2', '')).then(async (found) =>
        response.writeHead(found.status).end(Buffer.from(await found.arrayBuffer())),
      )
    const onward = ask({ port: writes, path, method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.writeHead(503).end()) // not listening yet
    request.pipe(onward)
  })
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  t.teardown(() => front.close())
  const address = front.address()
  return `http://localhost:${typeof address === 'object' ? address?.port : 0}`
}

t.test("into Rekor v2's own server", async (t) => {
  const { url, root } = await startRekorTiles()
  const desk = await openDesk(t, { server: plain, file, programs: [cosign] })
  await writeKey(desk)
  await desk.write('trusted_root.json', await readFile(root))
  const where = ['--key', 'key.pem', '--rekor-url', url, '--trusted-root', 'trusted_root.json']
  const done = await sign(desk, ['file', ...where])
  t.match(done, { code: 0 }, done.stderr)
  t.match(await sign(desk, ['file', ...where, ...STATED]), { code: 0 })
  await judge(t, desk, 'cosign', () => desk.sh('cosign-verify'))
  await judge(t, desk, 'cosign (statement)', () => desk.sh('cosign-verify-statement'))
  const again = await sign(desk, ['file', ...where, '--bundle', 'again.json'])
  t.match(again, { code: 0 }, `a repeat, whose proof is made of the tiles\n${again.stderr}`)
  t.equal(logIndex(await desk.json('again.json')), logIndex(await desk.json('file.sigstore.json')), 'is the same entry')
})
