/** A data directory whose logs are in PostgreSQL: a server, and the commands beside it and after it. */

import { existsSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { closeCrypto } from '../../src/crypto/node.ts'
import { ecKey, hashedRekordBody } from '../http/requests.ts'
import { ask, postEntry, said, startServer } from '../http/support.ts'
import { fileServer, rawClient } from '../storage/postgres/support.ts'
import { command, scratch } from './support.ts'

const postgres = await fileServer()
t.teardown(closeCrypto)
const KEY = ecKey()
let scenes = 0

async function scene(t: Test) {
  const folder = scratch(t)
  const at = (name: string) => join(folder, name)
  const url = await postgres.create(`cli_${scenes++}`)
  const place = ['--data', at('data'), '--ratchet', at('ratchet'), '--database', url]
  const serve = (...more: readonly string[]) =>
    startServer(t, ['--ratchet', at('ratchet'), '--database', url, '--url', 'http://one.example', ...more], at('data'))
  return { at, url, place, serve }
}

t.test('a server, and every command that reads or writes its logs', async (t) => {
  const { at, url, place, serve } = await scene(t)
  const server = await serve()
  t.match(server.world.warned(), new RegExp(`CREATED a new data directory .* with the log v2 in ${url}, whose`))
  for (let i = 0; i < 3; i++) t.equal((await postEntry(server, hashedRekordBody(KEY))).status, 201)
  const repeated = hashedRekordBody(KEY)
  const [first, again] = [await postEntry(server, repeated), await postEntry(server, repeated)]
  t.equal(JSON.parse(first.text).logIndex, JSON.parse(again.text).logIndex)
  t.match((await ask(server, '/logs/v2/checkpoint')).text, /^one\.example\n4\n/)
  t.same(
    readdirSync(at('data')).filter((name) => name.startsWith('log.db')),
    [],
    'no database of its own',
  )

  const beside = async (when: string) => {
    t.match(await command(['log', 'list', ...place]), { code: 0, printed: /^v2 {2}rekor-v2 {2}active/ }, when)
    t.match(await command(['fsck', ...place]), { code: 0, printed: 'v2: 4 entries, clean\n' }, when)
    t.match(await command(['reindex', '--check', ...place]), { code: 0, printed: /^v2: 4 entries, 0 rows/ }, when)
    t.match(await command(['prove', '2', ...place.slice(0, 2), ...place.slice(4)]), {
      code: 0,
      printed: /^c2sp\.org\/tlog-proof/,
    })
  }
  await beside('beside the server')
  t.match(await command(['log', 'create', 'w2', '--origin', 'two.example', ...place]), { code: 0, printed: /^w2 / })
  t.match(await command(['freeze', 'w2', '--yes', ...place]), {
    code: 0,
    printed: /^w2 \(two\.example\) IS FROZEN at 0/,
  })
  await server.stop()

  t.match(await command(['export', at('www'), ...place]), { code: 0, printed: /^v2: 4 entries in / })
  t.match(await command(['reindex', ...place]), { code: 0, printed: /^v2: 4 entries, 0 rows were added/ })
  t.match(await command(['recover', '--from', at('www'), ...place]), {
    code: 0,
    printed: /^v2: 0 entries brought, now 4/,
  })
  t.match(await command(['backup', at('copy'), ...place]), { code: 3, warned: /^COPY_REFUSED: .*pg_dump/ })
  t.match(await command(['restore', at('copy'), ...place]), { code: 3, warned: /^COPY_REFUSED: .*recover/ })
  t.match(await command(['freeze', 'v2', '--yes', ...place]), {
    code: 0,
    printed: /^v2 \(one\.example\) IS FROZEN at 4/,
  })
  t.match(await command(['retire', 'v2', '--yes', '--compromised', ...place]), {
    code: 0,
    printed: /IS ENDED FOR EVER/,
  })
  const after = await serve()
  t.match(said(await postEntry(after, hashedRekordBody(KEY))), /^410 LOG_FROZEN/)
  t.match((await ask(after, '/logs/v2/checkpoint')).text, /^one\.example\n4\n/)
})

t.test('what was lost comes back from a copy, and a copy of the database that is older is refused', async (t) => {
  const { at, url, place, serve } = await scene(t)
  const server = await serve('--publish', at('www'))
  t.equal((await postEntry(server, hashedRekordBody(KEY))).status, 201)
  await server.stop()
  const older = `older_${scenes++}`
  const admin = await rawClient(t, postgres.url('postgres'))
  await admin.query(`CREATE DATABASE ${older} TEMPLATE ${new URL(url).pathname.slice(1)}`)
  const later = await serve('--publish', at('www'))
  for (let i = 0; i < 2; i++) t.equal((await postEntry(later, hashedRekordBody(KEY))).status, 201)
  await later.stop()
  const restored = [...place.slice(0, 5), postgres.url(older)]
  const start = ['serve', '--listen', '127.0.0.1:0', '--log-level', 'silent', ...restored]
  t.match(await command(start), { code: 3 }, 'it stops by itself')
  t.match(await command(['recover', '--from', at('www'), ...restored]), {
    code: 0,
    printed: /^v2: 2 entries brought, now 3/,
  })
  t.match(await command(start, {}, 'at once'), { code: 0 })
  t.match(await command(['fsck', ...restored]), { code: 0, printed: /^v2: 3 entries, clean/ })
})

t.test('a first start that fails leaves neither directory nor database', async (t) => {
  const { at, url, place } = await scene(t)
  const taken = createServer().listen(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = taken.address() as { port: number }
  const start = (listen: string) =>
    command(['serve', '--listen', listen, '--log-level', 'silent', ...place], {}, 'at once')
  const raw = await rawClient(t, url)
  const schemas = async () => (await raw.query("SELECT FROM pg_namespace WHERE nspname = 'colophon'")).rowCount
  t.match(await start(`127.0.0.1:${port}`), { code: 3, warned: /CREATED.*\n(.*\n)*.*REMOVED again.*\nEADDRINUSE/ })
  t.same([await schemas(), readdirSync(at('data')), existsSync(at('ratchet'))], [0, ['lock'], false])
  t.match(await command(['log', 'create', 'No', '--origin', 'a.example', ...place]), {
    code: 3,
    warned: /^FIELD_INVALID/,
  })
  t.equal(await schemas(), 0)
  t.match(await command(['log', 'list', ...place]), { code: 3, warned: /^STORE_MISSING: postgres .* has no logs/ })
  t.match(await start('127.0.0.1:0'), { code: 0, warned: /CREATED/ })
  t.match(await start(`127.0.0.1:${port}`), { code: 3, warned: /EADDRINUSE/ }, 'a second is no first')
  t.equal(await schemas(), 1)
  rmSync(at('data'), { recursive: true })
  t.match(await start('127.0.0.1:0'), {
    code: 3,
    warned: /^STORE_MISSING: .*the database has logs: bring the directory/,
  })
  rmSync(at('ratchet'), { recursive: true })
})

t.test('a database that cannot be asked is not taken for a new one', async (t) => {
  const { at } = await scene(t)
  const place = ['--data', at('data'), '--database', 'postgres://colophon@127.0.0.1:1/x']
  t.match(await command(['serve', ...place], {}, 'at once'), { code: 3, warned: /^STORE_UNAVAILABLE/ })
  t.notOk(existsSync(at('data')))
})

t.test('nothing is made in place of a database that is lost', async (t) => {
  const { place, serve } = await scene(t)
  const server = await serve()
  await server.stop()
  const empty = await postgres.create(`cli_${scenes++}`)
  for (const [database, warned] of [
    [empty, /^STORE_MISSING: postgres colophon@127\.0\.0\.1:\d+\/cli_\d+ has no logs/],
    [postgres.url('nowhere'), /^STORE_MISSING: .*"nowhere" does not exist/],
    ['postgres://colophon@127.0.0.1:1/x', /^STORE_UNAVAILABLE: postgres colophon@127\.0\.0\.1:1\/x: .*ECONNREFUSED/],
  ] as const)
    t.match(await command(['serve', ...place.slice(0, 5), database], {}, 'at once'), { code: 3, warned })
})
