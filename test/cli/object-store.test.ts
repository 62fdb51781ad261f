/** Commands and a server whose copies and ratchets are in object stores. */

import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { STORE_VARIABLES, type StoreOwner } from '../../src/config/object-store.ts'
import { ecKey, hashedRekordBody } from '../http/requests.ts'
import { postEntry, startServer } from '../http/support.ts'
import { type FakeStore, startStore } from '../storage/s3/store.ts'
import { command, scratch } from './support.ts'

const KEY = ecKey()

function envOf({ access }: FakeStore, owner: StoreOwner): Record<string, string> {
  const { accessKeyId, secretAccessKey, region, endpoint } = STORE_VARIABLES[owner]
  const secrets = { [accessKeyId]: access.accessKeyId, [secretAccessKey]: access.secretAccessKey }
  return { ...secrets, [`${region[0]}`]: access.region, [`${endpoint[0]}`]: access.endpoint }
}

async function scene(t: Test) {
  const [copies, memory] = [await startStore(t), await startStore(t, 'KEEPER')]
  const env = { ...envOf(copies, 'copies'), ...envOf(memory, 'ratchet') }
  const folder = scratch(t)
  const data = join(folder, 'data')
  const place = ['--data', data, '--ratchet', 's3://tlog/memory']
  const add = async (count: number, flags: readonly string[] = []) => {
    const server = await startServer(t, ['--dialects', 'rekor-v2', ...place.slice(2), ...flags], data, env)
    for (let i = 0; i < count; i++) t.equal((await postEntry(server, hashedRekordBody(KEY))).status, 201)
    t.equal(await server.stop(), 0)
    t.notMatch(server.world.printed() + server.world.warned(), /secret-access-key|AKIDEXAMPLE|KEEPER/)
  }
  const run = (...argv: string[]) => command([...argv, ...place], env)
  return { copies, memory, env, folder, data, add, run }
}

t.test('a server, its copy and its memory', async (t) => {
  const { copies, memory, env, data, add, run, folder } = await scene(t)
  await add(3, ['--publish', 's3://tlog/logs'])
  t.match(copies.objects.get('logs/v2/checkpoint')?.bytes.toString(), /^[^\n]+\n3\n/)
  t.same([...memory.objects.keys()].filter((key) => key.endsWith('.ratchet')).length, 1)
  t.notOk(existsSync(join(data, 'ratchet')))
  cpSync(data, join(folder, 'older'), { recursive: true })
  await add(2)
  t.match(await run('export', 's3://tlog/logs'), { code: 0, printed: 'v2: 5 entries in s3://tlog/logs/v2\n' })
  t.match(await run('fsck'), { code: 0 })
  rmSync(data, { recursive: true })
  cpSync(join(folder, 'older'), data, { recursive: true })
  t.match(await command(['serve', '--data', data, '--ratchet', 's3://tlog/memory'], env), {
    code: 3,
    warned: /RATCHET_REFUSED: the database is behind/,
  })
  for (const from of ['s3://tlog/logs', 's3://tlog/logs/v2']) {
    const found = await run('recover', '--from', from)
    t.match(found, { code: 0, printed: from.endsWith('v2') ? /nothing|0 entries/ : 'v2: 2 entries brought, now 5\n' })
  }
  t.match(await run('export', join(folder, 'www')), { code: 0 })
  t.same(readFileSync(join(folder, 'www/v2/checkpoint')), copies.objects.get('logs/v2/checkpoint')?.bytes)
})

t.test('a store that keeps no conditions holds copies, and says so', async (t) => {
  const { copies, memory, add, run } = await scene(t)
  await add(1)
  copies.conditions = 'ignored'
  t.match(await run('export', 's3://tlog/logs'), { code: 0, warned: /^v2: s3:\/\/tlog\/logs\/v2 keeps no conditions/ })
  await add(1, ['--publish', 's3://tlog/logs'])
  memory.conditions = 'ignored'
  t.match(await run('fsck'), { code: 1, printed: /its store keeps no conditions/ })
})

t.test('a first start that fails leaves no memory behind', async (t) => {
  const { memory, env, data } = await scene(t)
  const failed = await command(
    ['serve', '--data', data, '--ratchet', 's3://tlog/memory', '--listen', '192.0.2.1:1', '--url', 'http://a.example'],
    env,
  )
  t.equal(failed.code, 3)
  t.match(failed.warned, /is REMOVED again/)
  t.same(
    [...memory.objects.keys()].filter((key) => key.endsWith('.ratchet')),
    [],
  )
})

t.test('what is set, and no secret', async (t) => {
  const { env, run } = await scene(t)
  const shown = await command(['config', 'check', '--publish', 's3://tlog/logs', '--ratchet', 's3://tlog/memory'], env)
  t.match(shown, { code: 0, printed: /publish store +http:\/\/127\.0\.0\.1:\d+, region eu-test-1, bucket in the path/ })
  t.match(shown.printed, /ratchet credentials +\(set, not shown\) +COLOPHON_RATCHET_AWS_ACCESS_KEY_ID/)
  t.notMatch(shown.printed, /secret-access-key|AKIDEXAMPLE|KEEPER/)
  t.match(await run('export', 's3://tlog/memory/x'), { code: 3, warned: /STORE_MISSING/ })
  const near = { ...env, AWS_ENDPOINT_URL_S3: `${env.COLOPHON_RATCHET_AWS_ENDPOINT_URL_S3}` }
  t.match(await command(['export', 's3://tlog/memory/x', '--ratchet', 's3://tlog/memory'], near), {
    code: 2,
    warned: /overlaps with s3:\/\/tlog\/memory/,
  })
  t.match(await command(['export', 'a', 'b'], env), { code: 2, warned: /export takes one path/ })
})
