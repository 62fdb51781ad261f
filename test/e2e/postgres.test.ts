/** PostgreSQL from 15 to 18: our program on each of them, as it is on a SQLite file. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { openDatabase } from '../../src/storage/postgres/open.ts'
import { storeContract } from '../contract/log-store.ts'
import { ecKey, hashedRekordBody } from '../http/requests.ts'
import { startTestServer, type TestServer } from '../storage/postgres/server.ts'
import { client, MAIN, PROGRAM_ENV, run, scratch, startServer } from './support.ts'

t.setTimeout(20 * 60_000)

const KEY = ecKey()
const NEWEST = 18

/** From a client of clients.json, but for the one that the unit tests have. */
async function startVersion(version: number): Promise<TestServer> {
  return version === 15
    ? await startTestServer()
    : await startTestServer({ modules: join(await client(`postgres-${version}`), 'node_modules') })
}

const servers = new Map<number, TestServer>()
for (const version of [15, 16, 17, NEWEST]) {
  const server = await startVersion(version)
  t.teardown(() => server.stop())
  servers.set(version, server)
}

for (const [version, server] of servers)
  t.test(`a server, ended and started again, on PostgreSQL ${version}`, async (t) => {
    const url = await server.create('logs')
    const found = new pg.Client(url)
    await found.connect()
    t.match((await found.query('SHOW server_version')).rows, [{ server_version: new RegExp(`^${version}\\.`) }])
    await found.end()
    const data = join(await scratch(t), 'data')
    const flags = ['--database', url, '--url', 'http://localhost']
    const post = async (base: string) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${base}/api/v2/log/entries`, { method: 'POST', headers, body: hashedRekordBody(KEY) })
      return answer.status
    }
    for (const size of [50, 100]) {
      const running = await startServer(data, ...flags)
      t.same(await Promise.all(Array.from({ length: 50 }, () => post(running.url))), Array(50).fill(201))
      t.match(await (await fetch(`${running.url}/logs/v2/checkpoint`)).text(), new RegExp(`^localhost\\n${size}\\n`))
      if (size === 50) await running.kill()
      else await running.stop()
    }
    const checked = await run(process.execPath, [MAIN, 'fsck', '--data', data, '--database', url], { env: PROGRAM_ENV })
    t.match(checked, { code: 0, stdout: 'v2: 100 entries, clean\n' })
  })

/** 15 runs it with the unit tests. */
let databases = 0
storeContract(`PostgreSQL ${NEWEST}`, async (t) => {
  const server = servers.get(NEWEST)
  if (server === undefined) throw new Error('not started')
  const database = await openDatabase({ url: await server.create(`store_${databases++}`), create: true })
  t.teardown(() => database.close())
  return database
})

t.test('a password by SCRAM, and neither in the list of processes nor in what is written', async (t) => {
  const server = servers.get(NEWEST)
  if (server === undefined) throw new Error('not started')
  const password = randomBytes(12).toString('hex')
  const admin = new pg.Client(await server.create('guarded'))
  await admin.connect()
  await admin.query(`CREATE ROLE guest LOGIN PASSWORD '${password}'; ALTER DATABASE guarded OWNER TO guest`)
  await admin.end()
  const data = join(await scratch(t), 'data')
  const database = server.url('guarded').replace('colophon@', 'guest@')
  const listed = (env: Record<string, string>) =>
    run(process.execPath, [MAIN, 'log', 'create', 'v2', '--origin', 'log.example', '--data', data], {
      env: { ...PROGRAM_ENV, COLOPHON_DATABASE: database, ...env },
    })
  t.match(await listed({ COLOPHON_DATABASE_PASSWORD: 'wrong' }), { code: 3, stderr: /password authentication failed/ })
  const made = await listed({ COLOPHON_DATABASE_PASSWORD: password })
  t.match(made, { code: 0, stdout: /^v2 / }, 'an ordinary role that owns the database is enough')
  t.notMatch(made.stdout + made.stderr, password)
  const refused = await listed({ COLOPHON_DATABASE: database.replace('guest@', `guest:${password}@`) })
  t.match(refused, { code: 2, stderr: /COLOPHON_DATABASE: a password is not taken here/ })
  t.notMatch(refused.stdout + refused.stderr, password)
})
