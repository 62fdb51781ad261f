/** Static copies and ratchets in an S3 server that is not ours: versitygw. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { parseS3Url } from '../../src/formats/s3/location.ts'
import { treeSize } from '../../src/kernel/brand.ts'
import { tilePath, tilesOf } from '../../src/kernel/tile.ts'
import { S3Client } from '../../src/storage/s3/client.ts'
import { fill } from './fill.ts'
import { s3Contract } from './s3-contract.ts'
import { partsAt, startS3 } from './s3-server.ts'
import { serveFolder } from './static-server.ts'
import { client, colophon, MAIN, PROGRAM_ENV, run, type Server, scratch, soleLog, startServer } from './support.ts'

t.setTimeout(15 * 60_000)

const s3 = await startS3(t, 'tlog', 'memory', 'contract')
Object.assign(PROGRAM_ENV, s3.env('tlog'), s3.env('memory', 'ratchet'))

s3Contract('versitygw', parseS3Url('s3://contract/all'), s3.access('contract'))

/** What a checkpoint in the bucket covers is there, also while it is written to. Returns its size. */
async function whole(t: Test, prefix: string): Promise<number> {
  const at = (path: string) => join(s3.folder, 'tlog', prefix, path)
  const note = await readFile(at('checkpoint')).catch(() => null)
  if (note === null) return 0
  const { size } = parseCheckpoint(note.subarray(0, note.indexOf('\n\n') + 1))
  for (const tile of tilesOf(treeSize(size)))
    for (const level of tile.level === 0 ? ([0, 'entries'] as const) : [tile.level]) {
      const [part, full] = [tilePath({ ...tile, level }), tilePath({ ...tile, level, width: 256 })]
      if (!existsSync(at(part)) && !existsSync(at(full))) t.fail(`a checkpoint of ${size} without ${part}`)
    }
  return size
}

const folder = await scratch(t)
const data = join(folder, 'data')

/** Tessera's own reader. */
async function fsck(t: Test, url: string, vkey: string, size: number): Promise<void> {
  const keyFile = join(folder, 'vkey')
  await writeFile(keyFile, vkey)
  const program = await client('tessera-fsck')
  const { stderr } = await run(program, ['-storage_url', url, '-public_key', keyFile, '-N', '8', '-ui=false'])
  t.match(stderr, new RegExp(`Successfully fsck'd log with size ${size} and root`), url)
}

/** One that outlives no test. */
async function serverFor(t: Test, data: string, ...flags: readonly string[]): Promise<Server> {
  const server = await startServer(data, ...flags)
  t.teardown(() => server.kill())
  return server
}

async function until(t: Test, what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100)) if (await holds()) return
  t.fail(`in vain: ${what}`)
}

t.test('a log that grows, and a server that is killed', async (t) => {
  const flags = ['--publish', 's3://tlog/logs']
  let server = await serverFor(t, data, ...flags)
  let size = 0
  for (const count of [1, 254, 2, 400]) {
    await fill(server.url, count)
    size += count
    await until(t, `${size} in the bucket`, async () => (await whole(t, 'logs/v2')) === size)
  }
  for (let round = 0; round < 4; round++) {
    const filling = fill(server.url, 2000).catch(() => undefined)
    await sleep(300 + 200 * round)
    await server.kill()
    await filling
    await whole(t, 'logs/v2')
    server = await serverFor(t, data, ...flags)
  }
  // The store goes away, and comes back.
  await s3.kill()
  await fill(server.url, 10)
  await until(t, 'a warning', async () => server.output().includes('the static copy is behind'))
  await s3.start()
  const durable = async () => ((await (await fetch(`${server.url}/logs/v2`)).json()) as { size: number }).size
  await until(t, 'all of it in the bucket', async () => (await whole(t, 'logs/v2')) === (await durable()))
  await server.stop()
  t.notMatch(server.output(), /secret-of|KEYOF/)
})

t.test('an export that is killed between objects, again and again', async (t) => {
  for (let round = 0; round < 12; round++) {
    const child = spawn(process.execPath, [MAIN, 'export', 's3://tlog/killed', '--data', data], {
      env: PROGRAM_ENV,
      stdio: 'ignore',
    })
    const ended = once(child, 'close')
    await sleep(400 + 60 * round)
    child.kill('SIGKILL')
    await ended
    await whole(t, 'killed/v2')
  }
  t.match(
    await colophon('export', 's3://tlog/killed', '--data', data),
    /^v2: \d+ entries in s3:\/\/tlog\/killed\/v2\n$/,
  )
})

t.test('two exports at once', async (t) => {
  const both = await Promise.all(
    [1, 2].map(() => run(process.execPath, [MAIN, 'export', 's3://tlog/both', '--data', data], { env: PROGRAM_ENV })),
  )
  for (const { code, stderr } of both) if (code !== 0) t.match(stderr, /COPY_REFUSED: .*replaced by another writer/)
  t.ok(both.some(({ code }) => code === 0))
  t.equal(
    await colophon('export', join(folder, 'www'), '--data', data),
    `v2: ${await whole(t, 'both/v2')} entries in ${join(folder, 'www/v2')}\n`,
  )
  const expected = await s3.contents('tlog', 'both/v2')
  for (const [path, bytes] of expected)
    t.ok(bytes.length === (await readFile(join(folder, 'www/v2', path))).length, path)
})

t.test('an export that is paused, while another one goes on', async (t) => {
  const server = await serverFor(t, data)
  const codes: unknown[] = []
  for (let round = 0; round < 4; round++) {
    const [place, prefix] = [`s3://tlog/paused-${round}`, `paused-${round}/v2`]
    const child = spawn(process.execPath, [MAIN, 'export', place, '--data', data], {
      env: PROGRAM_ENV,
      stdio: 'ignore',
    })
    const ended = once(child, 'close')
    while (!existsSync(join(s3.folder, 'tlog', prefix, 'tile')) && child.exitCode === null) await sleep(1)
    child.kill('SIGSTOP')
    await fill(server.url, 40)
    await colophon('export', place, '--data', data)
    const newer = await whole(t, prefix)
    child.kill('SIGCONT')
    codes.push((await ended)[0])
    t.equal(await whole(t, prefix), newer, 'it brought nothing back')
  }
  t.ok(codes.includes(3), `refused: ${codes}`)
  await server.stop()
  for (const copy of ['logs', 'killed', 'both']) await colophon('export', `s3://tlog/${copy}`, '--data', data)
})

t.test('with every server stopped, the bucket is the log', async (t) => {
  const { vkey } = await soleLog(data)
  const size = await whole(t, 'logs/v2')
  t.ok(size > 600)
  for (const copy of ['logs/v2', 'killed/v2', 'both/v2'])
    await fsck(t, `${await serveFolder(t, join(s3.folder, 'tlog'))}/${copy}`, vkey, size)
  const policy = join(folder, 'policy')
  await writeFile(policy, `log ${vkey}\nquorum none\n`)
  await s3.open('tlog')
  const open = `${s3.access('tlog').endpoint}/tlog/logs/v2`
  await fsck(t, open, vkey, size)
  for (const url of [open, `${await serveFolder(t, join(s3.folder, 'tlog'))}/logs/v2`]) {
    const state = await scratch(t)
    const argv = ['audit', url, '--once', '--json', '--state', state, '--policy', policy]
    const done = await run(process.execPath, [MAIN, ...argv], { env: PROGRAM_ENV })
    t.equal(done.code, 0, done.stderr + done.stdout)
    t.match(JSON.parse(done.stdout.split('\n')[0] ?? ''), { size })
  }
  const headers = async (path: string) => {
    const answer = await fetch(`${open}/${path}`)
    return `${answer.status} ${answer.headers.get('content-type')}; ${answer.headers.get('cache-control')}`
  }
  t.equal(await headers('checkpoint'), '200 text/plain; charset=utf-8; no-cache')
  t.equal(await headers('tile/entries/000'), '200 application/octet-stream; public, max-age=31536000, immutable')
  t.match(await headers('tile/entries/999'), /^404 /)
})

t.test('what a database lost comes from the bucket', async (t) => {
  const backup = join(folder, 'backup')
  await colophon('backup', backup, '--data', data)
  const server = await serverFor(t, data, '--publish', 's3://tlog/logs')
  await fill(server.url, 300)
  await server.stop()
  const size = await whole(t, 'logs/v2')
  const [ratchet, other] = [join(data, 'ratchet'), join(folder, 'other')]
  const restored = await run(process.execPath, [MAIN, 'restore', backup, '--data', other, '--ratchet', ratchet], {
    env: PROGRAM_ENV,
  })
  t.match(restored, { code: 1, stdout: /300 entries are missing/ })
  const argv = ['recover', '--from', 's3://tlog/logs', '--data', other, '--ratchet', ratchet]
  t.equal(await colophon(...argv), `v2: 300 entries brought, now ${size}\n`)
})

t.test('a ratchet in a bucket', async (t) => {
  const kept = join(folder, 'kept')
  const flags = ['--publish', 's3://tlog/kept', '--ratchet', 's3://memory/kept']
  const place = ['--data', kept, '--ratchet', 's3://memory/kept']
  const server = await serverFor(t, kept, ...flags)
  await fill(server.url, 5)
  await server.stop()
  const memory = [...(await s3.contents('memory', 'kept')).keys()]
  t.match(memory, [/^[0-9a-f]{64}\.ratchet$/])
  await cp(kept, join(folder, 'older'), { recursive: true })
  const key = memory[0] ?? ''
  const store = new S3Client(partsAt(parseS3Url('s3://memory/kept'), s3.access('memory')))
  const older = await store.get(key, 9999)
  const again = await serverFor(t, kept, ...flags)
  await fill(again.url, 5)
  t.match(await colophon('fsck', ...place), /10 entries, clean/)
  // Two servers with one key: what the one signed the other one notices, and signs no more.
  const twin = join(folder, 'twin')
  await cp(join(folder, 'older'), twin, { recursive: true })
  const refused = (data: string) =>
    run(process.execPath, [MAIN, 'serve', '--listen', '127.0.0.1:0', ...flags, '--data', data], { env: PROGRAM_ENV })
  t.match(await refused(twin), { code: 3, stderr: /RATCHET_REFUSED.*behind/ }, 'an older database')
  if (older !== null)
    await store.put(key, { bytes: older.bytes, type: 'application/octet-stream', cache: 'no-store', condition: null })
  const late = fill(again.url, 1)
  await t.rejects(late, /LOG_FAILED|503|500/, 'an older ratchet was brought back')
  await again.kill()
  t.match(again.output(), /changed by someone else.*RATCHET_REFUSED/)
  t.match(await refused(kept), { code: 3, stderr: /RATCHET_REFUSED/ }, 'it is older than what was signed')
  await store.remove(key)
  t.match(await refused(kept), { code: 3, stderr: /RATCHET_REFUSED: ratchet s3:\/\/memory\/kept\/.* is missing/ })
  const foreign = { ...PROGRAM_ENV, ...s3.env('tlog', 'ratchet'), ...s3.env('memory') }
  const stranger = await run(process.execPath, [MAIN, 'serve', ...flags, '--data', kept], { env: foreign })
  t.match(stranger, { code: 3, stderr: /RATCHET_REFUSED: ratchet s3:\/\/memory.*: answered 403 AccessDenied/ })
})
