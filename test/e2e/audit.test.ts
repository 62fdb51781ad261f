/** `colophon audit` against logs of other people's making and our own: Tessera's, and a server's v2 and v1, by tiles and by API. */

import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Poll } from '../../src/audit/report.ts'
import { run as runCommand } from '../../src/cli/run.ts'
import { type TestWorld, testWorld } from '../cli/support.ts'
import { startWitness } from '../fault/witness-process.ts'
import { fill } from './fill.ts'
import { createNoteKey } from './note-key.ts'
import { tamperingProxy } from './proxy.ts'
import { serveFolder } from './static-server.ts'
import { client, colophon, type LogInfo, MAIN, PROGRAM_ENV, run, type Scope, scratch, startServer } from './support.ts'

t.setTimeout(15 * 60_000)

type Look = Poll & { readonly place: string }

interface Looked {
  readonly code: number | null
  readonly looks: readonly Look[]
  readonly stderr: string
}

async function audit(...argv: readonly string[]): Promise<Looked> {
  const done = await run(process.execPath, [MAIN, 'audit', '--once', '--json', ...argv], { env: PROGRAM_ENV })
  const lines = done.stdout.split('\n').filter((line) => line !== '')
  return { code: done.code, looks: lines.map((line) => JSON.parse(line) as Look), stderr: done.stderr }
}

async function verified(file: string, ...trust: readonly string[]): Promise<object> {
  const done = await run(process.execPath, [MAIN, 'verify', file, '--json', ...trust], { env: PROGRAM_ENV })
  return { code: done.code, ...(JSON.parse(done.stdout) as object) }
}

t.test('a Tessera log that a witness of ours cosigns', async (t) => {
  const program = await client('tessera-oneshot')
  const folder = await scratch(t)
  const key = createNoteKey('tessera.example/log')
  const witness = await startWitness(join(folder, 'witness'), { log: key.vkey, main: MAIN })
  t.teardown(() => witness.kill('SIGKILL'))
  const [, vkey = ''] = /"vkeys":\["([^"]+)"/.exec(witness.output()) ?? []
  const policy = join(folder, 'policy')
  await writeFile(policy, `log ${key.vkey}\nwitness w ${vkey} ${witness.url}\nquorum w\n`)
  await writeFile(join(folder, 'key'), key.skey)
  const grow = async (storage: string, count: number, word: string, asks: boolean) => {
    const batch = await mkdtemp(join(folder, 'batch-'))
    for (let i = 0; i < count; i++) await writeFile(join(batch, String(i)), `${word} ${i}`)
    const argv = [`--storage_dir=${storage}`, `--entries=${batch}/*`, `--private_key=${join(folder, 'key')}`]
    const done = await run(program, [...argv, ...(asks ? [`--witness_policy_file=${policy}`] : [])])
    t.equal(done.code, 0, done.stderr)
  }
  const flags = ['--state', join(folder, 'audit'), '--policy', policy, '--witness', witness.url]
  const url = await serveFolder(t, join(folder, 'log'))
  for (const [count, size] of [
    [1, 1],
    [255, 256],
    [400, 656],
  ] as const) {
    await grow(join(folder, 'log'), count, `entry ${size}`, true)
    t.match(await audit(url, ...flags, '--max-age', '600'), {
      code: 0,
      looks: [{ outcome: 'honest', origin: 'tessera.example/log', verified: size, read: count, remarks: [] }],
    })
  }
  await grow(join(folder, 'other'), 700, 'forged', false)
  const other = await serveFolder(t, join(folder, 'other'))
  const found = await audit(other, '--state', join(folder, 'new'), ...flags.slice(2))
  t.match(found, { code: 1, looks: [{ outcome: 'misbehaved', findings: [{ kind: 'fork', weight: 'proven' }] }] })
  t.match(await verified(found.looks[0]?.findings[0]?.file ?? '', '--log-key', key.vkey), {
    code: 0,
    outcome: 'verified',
  })
})

/** Of nobody whom anybody knows. */
function proposal(text: string): string {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const b64 = (bytes: string | Buffer) => Buffer.from(bytes).toString('base64')
  const hash = { algorithm: 'sha256', value: createHash('sha256').update(text).digest('hex') }
  const content = b64(sign('sha256', Buffer.from(text), privateKey))
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const spec = { data: { hash }, signature: { content, publicKey: { content: b64(pem) } } }
  return JSON.stringify({ apiVersion: '0.0.1', kind: 'hashedrekord', spec })
}

/** What is left of a Colophon where only the paths of a Rekor v1 log are known; `tamper` changes answers. */
async function rekorAlone(scope: Scope, target: string, tamper: (path: string, text: string) => string) {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const path = request.url ?? '/'
    asked.push(path)
    if (!path.startsWith('/api/v1/')) return void response.writeHead(404).end()
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const { method = 'GET' } = request
    const type = { 'content-type': 'application/json' }
    const body = method === 'POST' ? { body: Buffer.concat(parts), headers: type } : {}
    const answer = await fetch(target + path, { method, ...body })
    response.writeHead(answer.status, type).end(tamper(path, await answer.text()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { asked, url: `http://127.0.0.1:${(server.address() as { port: number }).port}` }
}

const data = join(await scratch(t), 'data')
const server = await startServer(data, '--dialects', 'rekor-v1,rekor-v2')
t.teardown(() => server.kill())
const headers = { 'content-type': 'application/json' }
const post = async (count: number) => {
  for (let i = 0; i < count; i++)
    await fetch(`${server.url}/api/v1/log/entries`, { method: 'POST', headers, body: proposal(`${count} ${i}`) })
}

t.test('both logs of a server of ours, by their tiles: keys are pinned', async (t) => {
  const dir = join(await scratch(t), 'audit')
  await fill(server.url, 300)
  await post(30)
  const first = await audit(server.url, '--state', dir)
  t.match(first, { code: 0, stderr: 'PINNED' })
  t.same(first.looks.map(({ outcome, verified }) => [outcome, verified]).sort(), [
    ['honest', 30],
    ['honest', 300],
  ])
  await fill(server.url, 10)
  t.match(await audit(`${server.url}/`, '--state', dir), { code: 0, stderr: '' })
  const { vkey } = (JSON.parse(await colophon('log', 'list', '--json', '--data', data)) as LogInfo[])[1] as LogInfo
  const v2 = `${server.url}/logs/v2`
  t.match(await audit(v2, '--state', join(dir, 'v2')), { code: 4, looks: [{ error: { code: 'LOG_NOT_TRUSTED' } }] })
  t.match(await audit(v2, '--state', join(dir, 'v2'), '--log-key', vkey), { code: 0, looks: [{ verified: 310 }] })
  const liar = await tamperingProxy(t, v2, (path, body) =>
    path.startsWith('/tile/entries/000') ? Buffer.from(body).fill(7, 9, 10) : body,
  )
  const found = await audit(liar, '--state', join(dir, 'liar'), '--log-key', vkey)
  t.match(found, { code: 1, looks: [{ findings: [{ kind: 'content', weight: 'attested' }] }] })
})

t.test('the Rekor v1 log alone, by its API', async (t) => {
  const dir = join(await scratch(t), 'audit')
  const site = await rekorAlone(t, server.url, (_, text) => text)
  await post(7)
  const first = await audit(site.url, '--state', dir)
  t.match(first, { code: 0, stderr: 'PINNED', looks: [{ outcome: 'honest', verified: 37, read: 37 }] })
  site.asked.length = 0
  t.match(await audit(site.url, '--state', dir), { code: 0, stderr: '', looks: [{ outcome: 'honest', read: 0 }] })
  t.same(site.asked, ['/api/v1/log'], 'one request')
  await post(300)
  t.match(await audit(site.url, '--state', dir), { code: 0, looks: [{ verified: 337, read: 300 }] })
})

t.test('a Rekor v1 log that lies', async (t) => {
  const dir = await scratch(t)
  const honest = await rekorAlone(t, server.url, (_, text) => text)
  const rewritten = (path: string, text: string) => {
    if (!path.endsWith('/retrieve')) return text
    const found = JSON.parse(text) as Record<
      string,
      { body: string; verification: { inclusionProof: { logIndex: number } } }
    >[]
    for (const entry of found)
      for (const one of Object.values(entry))
        if (one.verification.inclusionProof.logIndex === 20)
          one.body = Buffer.from('{"kind":"other"}').toString('base64')
    return JSON.stringify(found)
  }
  const liar = await rekorAlone(t, server.url, rewritten)
  const found = await audit(liar.url, '--state', join(dir, 'liar'))
  t.match(found, { code: 1, looks: [{ findings: [{ kind: 'content', shows: /entry\/20/ }] }] })
  const file = found.looks[0]?.findings[0]?.file ?? ''
  const [stated] = ((await verified(file)) as { keys: { named: string[] } }).keys.named
  t.match(await verified(file, '--log-key', stated ?? ''), { code: 0, outcome: 'verified', keys: { from: 'stated' } })
  const root = join(dir, 'trusted_root.json')
  await writeFile(root, await (await fetch(`${server.url}/trust/trusted_root.json`)).text())
  t.match(await verified(file, '--trusted-root', root), { code: 0, outcome: 'verified' })

  let shown = ''
  const stale = await rekorAlone(t, server.url, (path, text) => (path === '/api/v1/log' && shown !== '' ? shown : text))
  shown = await (await fetch(`${honest.url}/api/v1/log`)).text()
  const old = shown
  await post(5)
  shown = ''
  t.match(await audit(stale.url, '--state', join(dir, 'stale')), { code: 0, looks: [{ outcome: 'honest' }] })
  shown = old
  const back = await audit(stale.url, '--state', join(dir, 'stale'))
  t.match(back, { code: 1, looks: [{ findings: [{ kind: 'rollback' }] }] })
  t.match(await verified(back.looks[0]?.findings[0]?.file ?? ''), { code: 0, outcome: 'verified' })
})

t.test('a v1 log goes on in another tree while it is audited, by its API and by its tiles', async (t) => {
  const dir = await scratch(t)
  const site = await rekorAlone(t, server.url, (_, text) => text)
  const worlds = [site.url, server.url].map((url, i) => {
    const world = testWorld()
    const ended = runCommand(['audit', url, '--state', join(dir, String(i)), '--interval', '1'], world)
    return { world, ended }
  })
  const [api, tiles] = worlds.map(({ world }) => world) as [TestWorld, TestWorld]
  const until = async (what: () => boolean) => {
    for (let i = 0; i < 600 && !what(); i++) await sleep(50)
    t.ok(what(), worlds.map(({ world }) => world.printed() + world.warned()).join('\n---\n'))
  }
  await until(() => worlds.every(({ world }) => world.printed().includes('HONEST')))
  let isOver = false
  const writing = (async () => {
    while (!isOver) await post(3)
  })()
  await colophon('freeze', 'v1', '--next', 'next-v1', '--yes', '--data', data)
  const logs = JSON.parse(await colophon('log', 'list', '--json', '--data', data)) as LogInfo[]
  const treeId = logs.find(({ slug }) => slug === 'next-v1')?.origin.split(' - ')[1] ?? ''
  const verified = new RegExp(`HONEST: \\S+treeID=${treeId}\\n[\\s\\S]*?size +[1-9]\\d*; verified are`)
  await until(() => verified.test(api.printed()))
  isOver = true
  await writing
  for (const { world, ended } of worlds) {
    world.stop()
    t.equal(await ended, 0)
    t.notMatch(world.printed(), /MISBEHAVED|NOT AS ASKED|COULD NOT/)
  }
  t.match(api.warned(), `treeID=${treeId}: nobody stated its key. PINNED`)
  const next = await audit(server.url, '--state', join(dir, '1'))
  t.match(next, { code: 0, stderr: /logs\/next-v1: a log that \S+ did not show before[\s\S]*PINNED/ })
  t.match(tiles.printed(), /HONEST: \S+\/logs\/v1\n/)
})
