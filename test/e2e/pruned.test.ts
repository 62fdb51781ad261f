/** Entries that left PostgreSQL for an S3 server that is not ours (versitygw): every way to read them, and what is told when it fails. */

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import { parseBundle } from '../../src/formats/c2sp/bundle.ts'
import { hex } from '../../src/kernel/bytes.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { tilePath } from '../../src/kernel/tile.ts'
import { startTestServer } from '../storage/postgres/server.ts'
import { fill, post, signedRequest } from './fill.ts'
import { startS3 } from './s3-server.ts'
import { MAIN, PROGRAM_ENV, run, type Server, scratch, startServer } from './support.ts'

t.setTimeout(15 * 60_000)

const KEEP = 1024
const V1 = 1400
/** One early entry that the test knows, then a crowd. */
const FIRST = signedRequest()
const SIZE = 2600

const s3 = await startS3(t, 'tlog')
const postgres = await startTestServer()
t.teardown(() => postgres.stop())
const database = await postgres.create('pruned')
const folder = await scratch(t)
const data = join(folder, 'data')
Object.assign(PROGRAM_ENV, s3.env('tlog'), { COLOPHON_DATABASE: database, COLOPHON_DIALECTS: 'rekor-v1,rekor-v2' })
const KEEPING = ['--publish', 's3://tlog/logs', '--keep-entries', `${KEEP}`, '--url', 'http://localhost']

const raw = new pg.Client(database)
raw.on('error', () => undefined)

async function serverFor(t: Test, dir: string, ...flags: readonly string[]): Promise<Server> {
  const server = await startServer(dir, ...flags)
  t.teardown(() => server.kill())
  return server
}

async function until(t: Test, what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(200)) if (await holds()) return
  t.fail(`in vain: ${what}`)
}

const program = (...argv: readonly string[]) =>
  run(process.execPath, [MAIN, ...argv, '--data', data], { env: PROGRAM_ENV, timeoutMs: 300_000 })

async function bytesAt(url: string): Promise<{ status: number; bytes: Uint8Array; retry: string | null }> {
  const answer = await fetch(url)
  return {
    status: answer.status,
    bytes: new Uint8Array(await answer.arrayBuffer()),
    retry: answer.headers.get('retry-after'),
  }
}

const object = (slug: string, path: string) => join(s3.folder, 'tlog', 'logs', slug, path)

/** Entries of Rekor v1. */
async function fillV1(url: string, count: number): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  let left = count
  const worker = async () => {
    while (left-- > 0) {
      const artifact = randomBytes(32)
      const hash = { algorithm: 'sha256', value: createHash('sha256').update(artifact).digest('hex') }
      const content = sign('sha256', artifact, privateKey).toString('base64')
      const spec = {
        data: { hash },
        signature: { content, publicKey: { content: Buffer.from(pem).toString('base64') } },
      }
      const body = JSON.stringify({ apiVersion: '0.0.1', kind: 'hashedrekord', spec })
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${url}/api/v1/log/entries`, { method: 'POST', headers, body })
      if (answer.status !== 201) throw new Error(`v1: ${answer.status} ${await answer.text()}`)
    }
  }
  await Promise.all(Array.from({ length: 32 }, worker))
}

/** Every way to read. */
async function readAll(t: Test, { url }: Server, size: number): Promise<void> {
  for (let index = 0; index * 256 < size; index++) {
    const width = Math.min(256, size - index * 256)
    const name = tilePath({ level: 'entries', index, width })
    const { status, bytes } = await bytesAt(`${url}/logs/v2/${name}`)
    t.equal(status, 200, name)
    t.same(bytes, new Uint8Array(await readFile(object('v2', name))), name)
    t.equal(parseBundle(bytes, width).length, width)
  }
  const json = async (path: string, body?: unknown) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(
      url + path,
      body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) },
    )
    t.equal(answer.status, 200, path)
    return JSON.parse(await answer.text())
  }
  t.match(await json('/logs/v2/entries/0'), { index: 0 })
  t.match(await json(`/logs/v2/entries/${size - 1}`), { index: size - 1 })
  const digest = Buffer.from(FIRST.digest, 'base64').toString('hex')
  t.match(await json(`/artifacts/sha256:${digest}`), { entries: [{ index: 0 }] }, 'found, and shown')
  const again = await post(url, FIRST.body)
  t.equal(again.status, 201, 'a repeat')
  t.match(JSON.parse(again.body), { logIndex: '0' })
  for (const logIndex of [0, 300, V1 - 1])
    t.match(Object.values(await json(`/api/v1/log/entries?logIndex=${logIndex}`)), [{ logIndex }])
  const found = await json('/api/v1/log/entries/retrieve', { logIndexes: [0, 255, 256, V1 - 1] })
  t.same(
    found.map((one: object) => (Object.values(one)[0] as { logIndex: number }).logIndex),
    [0, 255, 256, V1 - 1],
  )
}

t.test('entries leave, and are read as before', async (t) => {
  await raw.connect()
  t.teardown(() => raw.end())
  let server = await serverFor(t, data, ...KEEPING)
  t.equal((await post(server.url, FIRST.body)).status, 201)
  await Promise.all([fill(server.url, SIZE - 1), fillV1(server.url, V1)])
  const gone = async () => {
    const { rows } = await raw.query('SELECT size FROM colophon.pruned ORDER BY log')
    return rows.map(({ size }) => Number(size)).join()
  }
  await until(t, 'both logs pruned', async () => (await gone()) === '256,1536')
  const { rows } = await raw.query('SELECT at >> 40 AS log, count(*) AS n FROM colophon.entry GROUP BY 1 ORDER BY 1')
  t.same(rows, [
    { log: '0', n: `${V1 - 256}` },
    { log: '1', n: `${SIZE - 1536}` },
  ])
  await readAll(t, server, SIZE)
  const state = await scratch(t)
  const vkey = JSON.parse((await program('log', 'list', '--json')).stdout).find(
    (log: { slug: string }) => log.slug === 'v2',
  ).vkey
  const audit = ['audit', `${server.url}/logs/v2`, '--once', '--json', '--state', state, '--log-key', vkey]
  const audited = await run(process.execPath, [MAIN, ...audit], { env: PROGRAM_ENV })
  t.equal(audited.code, 0, audited.stderr + audited.stdout)
  await server.stop()
  server = await serverFor(t, data, ...KEEPING)
  await readAll(t, server, SIZE)
  await server.stop()
  server = await serverFor(t, data, '--publish', 's3://tlog/logs', '--url', 'http://localhost')
  await readAll(t, server, SIZE)
  await server.stop()
  t.match(
    await run(process.execPath, [MAIN, 'serve', '--listen', '127.0.0.1:0', '--data', data], { env: PROGRAM_ENV }),
    {
      code: 2,
      stderr: /CONFIG_INVALID: the entries of v1 before 256 have left the database: --publish must say which/,
    },
  )
})

t.test('what the commands need, and do', async (t) => {
  const place = ['--publish', 's3://tlog/logs']
  t.match(await program('fsck', ...place), {
    code: 0,
    stdout: `v1: ${V1} entries, clean\nv2: ${SIZE} entries, clean\n`,
  })
  t.match(await program('fsck'), {
    code: 1,
    stdout: /v2: the check could not go on: .*--publish must say which object store/,
  })
  t.match(await program('reindex', '--check', ...place), { code: 0, stdout: /v2: \d+ entries, 0 rows are missing/ })
  t.match(await program('prove', '7', '--log', 'v2', ...place), {
    code: 0,
    stdout: /^c2sp.org\/tlog-proof@v1\nindex 7\n/,
  })
  t.match(await program('prove', '7', '--log', 'v2'), { code: 2, stderr: /--publish must say which/ })
  const out = join(folder, 'www')
  t.match(await program('export', out, ...place), { code: 0, stdout: new RegExp(`v2: ${SIZE} entries in `) })
  for (const path of ['checkpoint', 'tile/entries/000', 'tile/entries/005', 'tile/0/000'])
    t.same(await readFile(join(out, 'v2', path)), await readFile(object('v2', path)), path)
  t.match(
    await program('recover', '--from', 's3://tlog/logs', ...place),
    { code: 2, stderr: /publish/ },
    'it reads none',
  )
  t.match(await program('recover', '--from', 's3://tlog/logs', '--log', 'v2'), { code: 0, stdout: /v2: / })
})

t.test('another object in the bucket is not answered', async (t) => {
  const path = object('v2', 'tile/entries/002')
  const whole = await readFile(path)
  const changed = Buffer.from(whole)
  changed[1000] = (changed[1000] ?? 0) ^ 1
  await writeFile(path, changed)
  const server = await serverFor(t, data, ...KEEPING)
  t.equal((await bytesAt(`${server.url}/logs/v2/tile/entries/002`)).status, 500)
  t.equal((await bytesAt(`${server.url}/logs/v2/entries/600`)).status, 500)
  t.equal((await bytesAt(`${server.url}/logs/v2/tile/entries/001`)).status, 200)
  t.match(server.output(), /v2: tile\/entries\/002 is another in the copy.*STORE_CORRUPT/)
  t.match(await program('fsck', '--log', 'v2', '--publish', 's3://tlog/logs'), {
    code: 1,
    stdout: /^v2: bundle 2: v2: tile\/entries\/002 is another in the copy: leaf \d+: its bytes hash to/,
  })
  await writeFile(path, whole)
  t.equal((await bytesAt(`${server.url}/logs/v2/tile/entries/002`)).status, 200)
  await server.stop()
})

t.test('while the object store is away, what is hot is answered', async (t) => {
  const server = await serverFor(t, data, ...KEEPING)
  const at = (path: string) => bytesAt(`${server.url}${path}`)
  const { bytes } = await at('/logs/v2/tile/entries/000')
  const [first] = parseBundle(bytes, 256)
  await s3.kill()
  t.match(await at('/logs/v2/tile/entries/000'), { status: 200 }, 'it is remembered')
  for (const path of ['/logs/v2/tile/entries/003', '/logs/v2/entries/800', '/api/v1/log/entries?logIndex=9'])
    t.match(await at(path), { status: 503, retry: '1' }, path)
  t.equal((await at(`/logs/v2/tile/entries/008`)).status, 200)
  t.equal((await at(`/logs/v2/entries/${SIZE - 1}`)).status, 200)
  t.equal(
    (await at(`/logs/v2/proof/inclusion?leaf=${hex(leafHash(first ?? new Uint8Array()))}`)).status,
    200,
    'proofs are hot',
  )
  t.equal((await at('/readyz')).status, 200)
  await fill(server.url, 50)
  t.match(await program('fsck', '--log', 'v2', '--publish', 's3://tlog/logs'), {
    code: 1,
    stdout:
      /^v2: the check could not go on: v2: tile\/entries\/000 has left the database: .*\nv2: 0 entries checked, 1 problems\n$/,
  })
  await s3.start()
  for (const path of ['/logs/v2/tile/entries/003', '/logs/v2/entries/800', '/api/v1/log/entries?logIndex=9'])
    t.equal((await at(path)).status, 200, path)
  await server.stop()
  t.notMatch(server.output(), /secret-of|KEYOF/)
})

t.test('a move brings them back', async (t) => {
  const { COLOPHON_DATABASE: _, ...env } = PROGRAM_ENV as NodeJS.ProcessEnv
  const to = join(folder, 'moved')
  const copy = (...flags: readonly string[]) =>
    run(process.execPath, [MAIN, 'copy', '--from', database, '--to', to, ...flags], { env, timeoutMs: 300_000 })
  t.match(await copy(), { code: 2, stderr: /--publish must say which object store/ })
  t.match(await copy('--publish', 's3://tlog/logs'), { code: 0, stdout: new RegExp(`v1: ${V1} entries, copied`) })
  const checked = await run(process.execPath, [MAIN, 'fsck', '--data', to, '--ratchet', join(data, 'ratchet')], { env })
  t.match(checked, { stdout: new RegExp(`v1: ${V1} entries`) })
  t.notMatch(checked.stdout, /could not go on|left the database/)
})
