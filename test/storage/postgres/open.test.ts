/** Opening a PostgreSQL database, and what happens to it and to the way there. */

import { connect, createServer } from 'node:net'
import t from 'tap'
import { leafIndex, treeSize, unixMillis } from '../../../src/kernel/brand.ts'
import { EMPTY_ROOT } from '../../../src/kernel/hash.ts'
import { checkServer } from '../../../src/storage/postgres/migrate.ts'
import { openDatabase } from '../../../src/storage/postgres/open.ts'
import { openServer, type Server } from '../../../src/storage/postgres/server.ts'
import { attachment, entry, Feeder, leafHash, published } from '../../contract/feeder.ts'
import { appendPlain, freshStore, NEW_LOG } from '../../contract/fresh.ts'
import { startTestServer } from './server.ts'
import { fileServer, filledDatabase, freshDatabase, rawClient } from './support.ts'

const server = await fileServer()

// First: the more files there are, the longer the server needs to come back.
t.test('the server goes in the middle of a write, and comes back', async (t) => {
  const { url, database, store, feeder } = await filledDatabase(t, server)
  const raw = await rawClient(t, url)
  await raw.query('BEGIN')
  await raw.query('SELECT enter(0::smallint, NULL, true)')
  const { head } = feeder
  const batch = feeder.plain(1)
  const appending = t.rejects(store.append(head, batch), {
    code: 'STORE_UNAVAILABLE',
    message: /^postgres colophon@127/,
  })
  await new Promise((resolve) => setTimeout(resolve, 200))
  await server.kill()
  await appending
  await t.rejects(store.head(), { code: 'STORE_UNAVAILABLE', message: /ECONNREFUSED/ })
  await t.rejects(openDatabase({ url }), { code: 'STORE_UNAVAILABLE' })
  await t.rejects(database.drop(), { code: 'STORE_UNAVAILABLE' })
  await server.start()
  t.same(await store.head(), head, 'here it was not kept')
  await store.append(head, batch)
  await store.publish(published(batch.head))
  t.same(await store.published(), published(batch.head))
})

t.test('made once, by whoever comes first; opened by all', async (t) => {
  const url = await server.create('first')
  for (const options of [{}, { readonly: true }])
    await t.rejects(openDatabase({ url, ...options }), { code: 'STORE_MISSING', message: /first has no logs/ })
  const opened = await Promise.all([1, 2, 3, 4].map(() => openDatabase({ url, create: true })))
  await opened[0]?.createLog(NEW_LOG)
  const again = await openDatabase({ url })
  t.match(await again.logs(), [{ slug: 'v2' }])
  const reader = await openDatabase({ url, readonly: true })
  t.match(await reader.store(0).head(), { size: 0 })
  for (const database of [...opened, again, reader]) await database.close()
})

t.test('a schema of another version', async (t) => {
  const { url, database } = await freshDatabase(t, server)
  const raw = await rawClient(t, url)
  await database.checkFile()
  await raw.query("INSERT INTO migration VALUES (9, '0009-future.sql', decode(repeat('00', 32), 'hex'))")
  await t.rejects(openDatabase({ url }), { code: 'STORE_SCHEMA', message: /newer version; run that one/ })
  const loose = await rawClient(t, url, { triggers: false })
  await loose.query(
    "DELETE FROM migration WHERE number = 9; UPDATE migration SET sha256 = decode(repeat('00', 32), 'hex')",
  )
  await t.rejects(openDatabase({ url }), { code: 'STORE_SCHEMA', message: /another build/ })
  await loose.query('DELETE FROM migration')
  await t.rejects(openDatabase({ url, readonly: true, create: true }), {
    code: 'STORE_SCHEMA',
    message: /older version/,
  })
  await t.rejects(openDatabase({ url }), { code: 'STORE_MISSING' }, 'tables, and nobody knows whose')
  await t.rejects(openDatabase({ url, create: true }), { message: /already exists/ })
})

t.test('a trigger that is switched off', async (t) => {
  const { url, database } = await freshDatabase(t, server)
  const raw = await rawClient(t, url)
  await raw.query('ALTER TABLE leaf DISABLE TRIGGER next')
  await t.rejects(database.checkFile(), {
    code: 'STORE_CORRUPT',
    message: /switched off: leaf\.next\. Rows could be changed/,
  })
})

t.test('a server that does not keep what it says it keeps', async (t) => {
  const { url } = await freshDatabase(t, server)
  const raw = await rawClient(t, url)
  const name = new URL(url).pathname.slice(1)
  for (const [setting, value] of [
    ['synchronous_commit', 'off'],
    ['synchronous_commit', 'local'],
    ['default_transaction_isolation', "'repeatable read'"],
  ] as const) {
    await raw.query(`ALTER DATABASE ${name} SET ${setting} = ${value}`)
    await t.rejects(openDatabase({ url }), { code: 'CONFIG_INVALID', message: new RegExp(`${setting} is `) }, value)
    await raw.query(`ALTER DATABASE ${name} RESET ${setting}`)
  }
  const old = { where: 'postgres old', query: async () => [{ server_version_num: '140012' }] } as unknown as Server
  await t.rejects(checkServer(old), { code: 'STORE_SCHEMA', message: /^postgres old: server_version_num is 140012/ })
})

t.test('what is answered is on the disk, whatever the session was told', async (t) => {
  const { url } = await filledDatabase(t, server)
  const raw = await rawClient(t, url)
  await raw.query('SET synchronous_commit = off')
  await raw.query('BEGIN')
  await raw.query('SELECT enter(0::smallint, NULL, true)')
  t.match((await raw.query('SHOW synchronous_commit')).rows, [{ synchronous_commit: 'on' }])
  await raw.query('COMMIT')
})

t.test('no room: nothing of the batch is kept, and it passes', async (t) => {
  const { url, store, feeder } = await filledDatabase(t, server)
  const raw = await rawClient(t, url)
  await raw.query(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'could not extend file' USING ERRCODE = '53100'; END $$`)
  await raw.query('CREATE TRIGGER full_disk BEFORE INSERT ON head FOR EACH ROW EXECUTE FUNCTION full_disk()')
  const { head } = feeder
  const batch = feeder.batch([entry('x', [], [attachment('y')])])
  await t.rejects(store.append(head, batch), { code: 'STORE_FULL', message: /nothing of this was kept/ })
  t.same([await store.head(), await store.entry(leafIndex(3))], [head, null])
  await raw.query('DROP TRIGGER full_disk ON head')
  await store.append(head, batch)
  t.same(await store.head(), batch.head, 'there is room again')
})

t.test('a connection that is cut behind the write: kept, and nobody was told', async (t) => {
  const { url, feeder, store } = await filledDatabase(t, server)
  const { port, pathname } = new URL(url)
  let isDeaf = false
  const proxy = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1')
    client.pipe(upstream)
    upstream.on('data', (bytes) => (isDeaf ? client.destroy() : client.write(bytes)))
    for (const socket of [client, upstream]) socket.on('error', () => undefined)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => proxy.once('listening', resolve))
  t.teardown(() => proxy.close())
  const { port: cut } = proxy.address() as { port: number }
  const database = await openDatabase({ url: `postgres://colophon@127.0.0.1:${cut}${pathname}` })
  const through = database.store(0)
  const { head } = feeder
  await through.append(head, feeder.plain(1))
  const four = feeder.head
  isDeaf = true
  const batch = feeder.plain(1)
  await t.rejects(through.append(four, batch), { code: 'STORE_UNAVAILABLE', message: /terminated/ })
  isDeaf = false
  t.same(await through.head(), batch.head)
  t.same(await store.head(), batch.head)
  await t.rejects(through.append(four, feeder.plain(1)), { code: 'HEAD_MOVED' }, 'so that a second try does no harm')
  await database.close()
})

t.test('a password is given beside the URL, and stands in no error', async (t) => {
  const raw = await rawClient(t, server.url('postgres'))
  await raw.query("CREATE ROLE guest LOGIN PASSWORD 'hunter2'")
  const url = server.url('postgres').replace('colophon@', 'guest@')
  const guest = openServer({ url, password: 'hunter2' })
  t.match(await guest.query('SELECT current_user AS name'), [{ name: 'guest' }])
  t.equal(guest.where, new URL(url).href.replace('postgres://', 'postgres '))
  await guest.close()
  await t.rejects(openDatabase({ url, password: 'other' }), {
    code: 'STORE_UNAVAILABLE',
    message: /authentication failed/,
  })
  const error = await openDatabase({ url, password: 'hunter2', create: true }).catch((error) => error)
  t.match(error, { code: 'STORE_UNAVAILABLE', message: /^postgres guest@.*permission denied for database/ })
  t.notMatch(JSON.stringify([error.message, error.cause?.stack]), 'hunter2')
  t.match(openServer({ url: 'postgres://localhost/x?host=/run/p' }).where, 'postgres /run/p/x')
})

t.test('what was made is taken back, unless there is more', async (t) => {
  const { url, database } = await freshDatabase(t, server)
  const refused = { code: 'STORE_CORRUPT', message: /more than was made just now/ }
  await database.createLog(NEW_LOG)
  const other = await openDatabase({ url })
  await t.rejects(other.drop(), refused, 'another made it')
  const intake = database.intake({ log: 0, node: 'a', most: 9 })
  const one = entry('one')
  const tickets = await intake.offer([{ hash: leafHash(one.leaf), entry: one }])
  await t.rejects(database.drop(), refused, 'an entry waits')
  await intake.done(tickets)
  await database.drop()
  await t.rejects(openDatabase({ url }), { code: 'STORE_MISSING' })
  await other.close()
  const used = await filledDatabase(t, server)
  await t.rejects(used.database.drop(), refused, 'it has entries')
})

t.test('what was changed behind our back is not answered', async (t) => {
  const { url, store, feeder } = await filledDatabase(t, server)
  const [h0, , h2] = feeder.hashes
  if (h0 === undefined || h2 === undefined) throw new Error('three leaves')
  const raw = await rawClient(t, url, { triggers: false })
  await raw.query('UPDATE leaf_hash SET idx = (idx + 1) % 4')
  await t.rejects(store.find([h0]), { code: 'STORE_CORRUPT' }, 'an index that names another leaf')
  await t.rejects(store.find([h2]), { code: 'STORE_CORRUPT' }, 'an index that names a leaf that is not there')
  await raw.query("UPDATE entry SET bytes = 'entry onf' WHERE at = 1")
  t.ok(await store.bundle(0, 1))
  await t.rejects(store.bundle(0, 2), { code: 'STORE_CORRUPT', message: /^leaf 1: / })
  await raw.query("UPDATE attachment SET content = '\\x00'")
  const kept = attachment('content')
  await t.rejects(store.attachment('sha256', kept.digest), { code: 'STORE_CORRUPT' })
  const { head } = feeder
  const again = feeder.batch([entry('again', [], [kept])])
  await t.rejects(store.append(head, again), { code: 'STORE_CORRUPT' }, 'other content under the same digest')
  await raw.query('DELETE FROM entry WHERE at = 1')
  for (const read of [() => store.bundle(0, 3), () => store.entry(leafIndex(1))])
    await t.rejects(read(), { code: 'STORE_CORRUPT', message: /not all of them are there/ })
  await raw.query('DELETE FROM leaf WHERE at = 1')
  await t.rejects(store.tile(0, 0, 3), { code: 'STORE_CORRUPT' })
})

t.test('the next partition is made before it is needed', async (t) => {
  const { url, database } = await freshDatabase(t, server)
  const { store } = await freshStore(database)
  const raw = await rawClient(t, url, { triggers: false })
  const partitions = async () =>
    (
      await raw.query<{ name: string }>(
        "SELECT relname AS name FROM pg_class WHERE relname ~ '^(leaf|entry)_0_' AND relkind = 'r' ORDER BY 1",
      )
    ).rows.map(({ name }) => name)
  const pretend = async (size: number) => {
    await raw.query("INSERT INTO leaf VALUES ($1, decode(repeat('00', 32), 'hex'))", [size - 1])
    await raw.query('INSERT INTO head VALUES (0, $1, $2, 1000)', [size, EMPTY_ROOT])
    return { size: treeSize(size), root: EMPTY_ROOT, time: unixMillis(1000) }
  }
  const after = async (size: number, on = store) => {
    const head = await pretend(size)
    const batch = new Feeder(head).batch([entry(`entry ${size}`)])
    const next = { ...batch, head: { ...batch.head, size: treeSize(size + 1) } }
    await on.append(head, next)
    return next
  }
  t.same(await partitions(), ['entry_0_0', 'leaf_0_0'])
  await after(1000)
  t.same(await partitions(), ['entry_0_0', 'leaf_0_0'])
  await after(3 * 2 ** 22 + 10)
  t.same(await partitions(), ['entry_0_0', 'entry_0_1', 'leaf_0_0', 'leaf_0_1'])
  await Promise.all([1, 2, 3].map(() => raw.query('SELECT make_room(0::smallint, $1)', [2 ** 24])))
  const restarted = await openDatabase({ url })
  t.teardown(() => restarted.close())
  await after(2 ** 24 + 10, restarted.store(0))
  t.same(await store.entry(leafIndex(2 ** 24 + 10)), entry(`entry ${2 ** 24 + 10}`).leaf)
  t.equal((await partitions()).length, 4)
  await appendPlain((await freshStore(database, 'w2')).store, await Feeder.after(database.store(1)), 1)
})

t.test('TLS', async (t) => {
  const guarded = await startTestServer({ tls: true })
  t.teardown(() => guarded.stop())
  const { port } = new URL(guarded.url('x'))
  const asked = async (host: string, parameters: string) => {
    const server = openServer({ url: `postgres://colophon@${host}:${port}/postgres?${parameters}` })
    try {
      const [found] = await server.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
      return found?.ssl
    } catch (error) {
      return (error as Error).message
    } finally {
      await server.close()
    }
  }
  t.equal(await asked('localhost', `sslmode=verify-full&sslrootcert=${guarded.certificate}`), true)
  t.equal(await asked('127.0.0.1', 'sslmode=no-verify'), true)
  t.equal(await asked('127.0.0.1', 'sslmode=disable'), false)
  t.match(await asked('localhost', 'sslmode=verify-full'), /self-signed certificate/)
  t.match(await asked('127.0.0.1', `sslmode=verify-full&sslrootcert=${guarded.certificate}`), /does not match/)
  t.match(await asked('localhost', 'sslmode=verify-full&sslrootcert=/nowhere.pem'), /ENOENT/)
})
