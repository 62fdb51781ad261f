/**
 * A Colophon whose logs are cosigned before anybody sees a checkpoint: by three witnesses of ours with two keys each, and by
 * both of the witness network's own. Policies of one, of 3 of 5 and of nested groups; clients of both dialects take its bundles;
 * without a quorum nothing is shown, and it goes on by itself.
 */

import { generateKeyPairSync } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { treeKeyName } from '../../src/formats/sigstore/tree-id.ts'
import { openCheckpoint } from '../../src/verify/checkpoint.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { startWitness, type WitnessProcess } from '../fault/witness-process.ts'
import { startLitewitness } from './litewitness.ts'
import { startOmniwitness } from './omniwitness.ts'
import { openDesk } from './sigstore/publisher.ts'
import {
  client,
  freePort,
  type LogInfo,
  MAIN,
  PROGRAM_ENV,
  ROOT,
  run,
  type Server,
  scratch,
  startServer,
} from './support.ts'

t.setTimeout(20 * 60_000)

const [cosign, packages] = [await client('cosign'), await client('sigstore-js')]
const folder = await scratch(t)
const data = join(folder, 'data')
const DIALECTS = ['--dialects', 'rekor-v1,rekor-v2']

/** The command, on this machine's files. */
const colophon = (...words: readonly string[]) =>
  run(process.execPath, [join(ROOT, MAIN), ...words], { cwd: folder, env: PROGRAM_ENV })

await (await startServer(data, ...DIALECTS)).stop() // which makes the logs: witnesses know them by their keys
const logs = JSON.parse((await colophon('log', 'list', '--json', '--data', data)).stdout) as LogInfo[]
const log = logs.map(({ vkey }) => vkey)

const NAMES = [1, 2, 3] as const
const ports = await Promise.all(NAMES.map(() => freePort()))
const witnesses: (WitnessProcess | null)[] = []
async function open(i: number): Promise<void> {
  const port = ports[i] as number
  witnesses[i] = await startWitness(join(folder, `w${i}`), { log, name: `w${i}.example`, port, main: MAIN })
}
for (const i of NAMES.keys()) await open(i)
t.teardown(() => Promise.all(witnesses.map((one) => one?.kill('SIGKILL'))))
const lite = await startLitewitness(t, logs)
const omni = await startOmniwitness(t, logs)

function vkeysOf(witness: WitnessProcess | null | undefined): readonly string[] {
  const line = witness
    ?.output()
    .split('\n')
    .find((one) => one.includes('"msg":"listening"'))
  return (JSON.parse(line ?? '{}') as { vkeys: readonly string[] }).vkeys
}

const WITNESSES = `${NAMES.map((_, i) => {
  const [ed25519, mlDsa44] = vkeysOf(witnesses[i])
  const url = `http://127.0.0.1:${ports[i]}`
  return `witness a${i} ${ed25519} ${url}\nwitness m${i} ${mlDsa44} ${url}\n`
}).join('')}witness lite ${lite.vkey} ${lite.url}
witness omni ${omni.vkeys[0]} ${omni.url}
witness omni-pq ${omni.vkeys[1]} ${omni.url}
`
const NESTED =
  'group g0 all a0 m0\ngroup g1 all a1 m1\ngroup g2 all a2 m2\ngroup ours 2 g0 g1 g2\ngroup q all ours lite\nquorum q'

async function serve(quorum: string): Promise<Server> {
  const policy = join(folder, 'policy')
  await writeFile(policy, `${WITNESSES}${quorum}\n`)
  const server = await startServer(data, ...DIALECTS, '--witness-policy', policy)
  t.teardown(() => server.kill())
  return server
}

/** The checkpoint of a log, opened by the policy that the server itself gives out. */
async function opened({ url }: Server, slug: string) {
  const bytes = async (path: string) => new Uint8Array(await (await fetch(`${url}${path}`)).arrayBuffer())
  const policy = parsePolicy(await bytes('/trust/policy'))
  return await openCheckpoint(await bytes(`/logs/${slug}/checkpoint`), policy, verifyMlDsa44)
}

async function log1({ url }: Server, text: string): Promise<number> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { createHash, sign } = await import('node:crypto')
  const b64 = (bytes: string | Buffer) => Buffer.from(bytes).toString('base64')
  const hash = { algorithm: 'sha256', value: createHash('sha256').update(text).digest('hex') }
  const content = b64(sign('sha256', Buffer.from(text), privateKey))
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const spec = { data: { hash }, signature: { content, publicKey: { content: b64(pem) } } }
  const body = JSON.stringify({ apiVersion: '0.0.1', kind: 'hashedrekord', spec })
  const headers = { 'content-type': 'application/json' }
  return (await fetch(`${url}/api/v1/log/entries`, { method: 'POST', headers, body })).status
}

t.test('policies of one, of 3 of 5, and of nested groups', async (t) => {
  for (const [quorum, least] of [
    ['quorum lite', 1],
    ['group g all omni omni-pq\nquorum g', 2],
    ['group g 3 a0 m1 a1 a2 lite\nquorum g', 3],
    [NESTED, 5],
  ] as const) {
    const server = await serve(quorum)
    t.equal(await log1(server, quorum), 201)
    for (const slug of ['v1', 'v2']) {
      const { cosigners, size } = await opened(server, slug)
      t.ok(cosigners.length >= least, `${slug} of ${size}: ${cosigners.map(({ witness }) => witness).join(' ')}`)
    }
    await server.stop()
  }
  t.ok(
    logs.some(({ origin }) => treeKeyName(origin) !== null),
    'one of them is a tree of Rekor v1',
  )
})

t.test('clients take what is cosigned', async (t) => {
  const server = await serve(NESTED)
  const file = Buffer.from('what is signed here\n'.repeat(100))
  const desk = await openDesk(t, { server, file, programs: [cosign], packages })
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await desk.write('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }))
  await chmod(desk.at('key.pem'), 0o600)
  for (const name of ['key.pub', 'cosign.pub'])
    await desk.write(name, publicKey.export({ type: 'spki', format: 'pem' }))
  await desk.write('policy', await (await fetch(`${server.url}/trust/policy`)).text())
  const env = { cwd: desk.folder, env: PROGRAM_ENV }
  const ours = (...words: readonly string[]) => run(process.execPath, [join(ROOT, MAIN), ...words], env)
  await desk.place('verify.mjs')
  for (const version of ['2', '1']) {
    const where = ['--rekor-url', server.url, '--rekor-version', version]
    // A v1 API shows its own line alone, for its clients refuse any other: its cosignatures are in proof files.
    const trust = ['--trusted-root', 'trusted_root.json', ...(version === '2' ? ['--policy', 'policy'] : [])]
    const done = await ours('sign', 'file', '--key', 'key.pem', ...where, ...trust)
    t.match(done, { code: 0 }, `signed, and verified by the policy, in v${version}\n${done.stderr}`)
    const { code, stdout } = await ours('verify', 'file', '--key', 'key.pub', ...trust)
    t.match({ code, stdout }, { code: 0, stdout: /^VERIFIED/ }, `v${version}`)
    const cosigned = JSON.parse(await desk.read('file.sigstore.json')).verificationMaterial.tlogEntries[0]
    t.equal(/w\d\.example/.test(cosigned.inclusionProof.checkpoint.envelope), version === '2')
    for (const [who, name] of [
      ['cosign', 'cosign-verify'],
      ['sigstore-js', 'js-verify'],
    ] as const) {
      const verdict = await desk.sh(name)
      t.equal(verdict.code, 0, `${who} takes a bundle of v${version}\n${verdict.stdout}${verdict.stderr}`)
    }
    await run('rm', ['file.sigstore.json'], env)
  }
  await server.stop()
})

t.test('without a quorum nothing is shown; it goes on by itself', async (t) => {
  const server = await serve(NESTED)
  const before = await opened(server, 'v1')
  for (const i of [0, 1]) await witnesses[i]?.kill('SIGTERM')
  t.equal(await log1(server, 'while they are gone'), 503)
  t.equal((await opened(server, 'v1')).size, before.size, 'reads go on')
  t.match(server.output(), /QUORUM_MISSED|cosigned: /, 'the operator is told')
  await open(0)
  t.equal(await log1(server, 'when one is back'), 201)
  const after = await opened(server, 'v1')
  t.equal(after.size, before.size + 2, 'what was taken meanwhile is there')
  await server.stop()
  await open(1)
})

t.test('a witness that has seen more: nothing is shown', async (t) => {
  const server = await serve('quorum lite')
  await server.stop()
  const copy = join(folder, 'copy')
  await run('cp', ['-r', data, copy]) // with its ratchet, as no restored backup has it
  const grown = await serve('group g all a0 lite\nquorum g')
  t.equal(await log1(grown, 'in the one'), 201)
  const { size } = await opened(grown, 'v1')
  await grown.stop()
  const policy = join(folder, 'policy')
  const other = await startServer(copy, ...DIALECTS, '--witness-policy', policy)
  t.teardown(() => other.kill())
  t.equal(await log1(other, 'in the other'), 503)
  const [, shown] = (await (await fetch(`${other.url}/logs/v1/checkpoint`)).text()).split('\n')
  t.equal(shown, String(size - 1))
  t.match(other.output(), /refuses the proof|has cosigned a tree of/)
})
