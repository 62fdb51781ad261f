import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import t from 'tap'
import { openDatabase } from '../../../src/storage/sqlite/open.ts'
import { attachment, entry, published } from '../../contract/feeder.ts'
import { NEW_LOG } from '../../contract/fresh.ts'
import { filledDatabase, rawDatabase } from './support.ts'

/** The connection behind a database that `open` opens, to ask and to hinder it. */
function spyOn<T>(open: () => T): { database: T; connection: Sqlite.Database } {
  const original = Sqlite.prototype.pragma
  const seen: Sqlite.Database[] = []
  Sqlite.prototype.pragma = function (this: Sqlite.Database, ...args: Parameters<Sqlite.Database['pragma']>) {
    seen.push(this)
    return original.apply(this, args)
  }
  try {
    const database = open()
    const [connection] = seen
    if (connection === undefined) throw new Error('no pragma was set')
    return { database, connection }
  } finally {
    Sqlite.prototype.pragma = original
  }
}

t.test('every open sets what durability rests on', async (t) => {
  const path = `${t.testdir({})}/log.db`
  const wanted = { journal_mode: 'wal', synchronous: 2, foreign_keys: 1, recursive_triggers: 1, trusted_schema: 0 }
  for (const options of [{ create: true }, {}, { readonly: true }]) {
    const { database, connection } = spyOn(() => openDatabase(path, options))
    for (const [name, value] of Object.entries(wanted))
      t.equal(connection.pragma(name, { simple: true }), value, `${JSON.stringify(options)}: ${name}`)
    await database.close()
  }
})

t.test('a database is made on purpose, and once', async (t) => {
  const path = `${t.testdir({})}/log.db`
  t.throws(() => openDatabase(path), { code: 'STORE_MISSING' })
  t.throws(() => openDatabase(path, { readonly: true }), { code: 'STORE_MISSING' })
  t.notOk(existsSync(path), 'looking for it does not make it')
  openDatabase(path, { create: true }).close()
  t.throws(() => openDatabase(path, { create: true }), { code: 'LOG_EXISTS' })
})

t.test('what another program wrote is left alone', async (t) => {
  const dir = t.testdir({ text: 'not a database, but long enough to look like one: '.repeat(40), empty: '' })
  new Sqlite(`${dir}/other`).exec('CREATE TABLE x (y)').close()
  t.throws(() => openDatabase(`${dir}/other`), { code: 'STORE_SCHEMA' })
  t.throws(() => openDatabase(`${dir}/empty`), { code: 'STORE_SCHEMA' })
  t.throws(() => openDatabase(`${dir}/text`), { code: 'STORE_CORRUPT' })
  t.equal(new Sqlite(`${dir}/other`).pragma('journal_mode', { simple: true }), 'delete')
})

t.test('reads the same after it was closed', async (t) => {
  const { path, database, feeder } = await filledDatabase(t)
  await database.close()
  const again = openDatabase(path)
  t.teardown(() => again.close())
  const store = again.store(0)
  t.same(await store.head(), feeder.head)
  t.same(await store.published(), published(feeder.head))
  await store.append(feeder.head, feeder.plain(2))
  t.same(await store.head(), feeder.head)
  await again.checkFile()
})

t.test('readonly reads beside a live server, and cannot write', async (t) => {
  const { path, store, feeder } = await filledDatabase(t)
  const reader = openDatabase(path, { readonly: true })
  t.teardown(() => reader.close())
  const { head } = feeder
  await store.append(head, feeder.plain(1))
  t.same(await reader.store(0).head(), feeder.head, 'it sees what the server commits')
  const now = feeder.head
  await t.rejects(reader.store(0).append(now, feeder.plain(1)), { code: 'STORE_CORRUPT' })
  await t.rejects(reader.createLog({ ...NEW_LOG, slug: 'b', vkey: 'b' }), { code: 'STORE_CORRUPT' })
})

t.test('a file replaced under the store', async (t) => {
  for (const suffix of ['', '-wal']) {
    const { path, store, feeder } = await filledDatabase(t)
    const file = path + suffix
    copyFileSync(file, `${file}.copy`)
    renameSync(`${file}.copy`, file)
    const { head } = feeder
    await t.rejects(store.append(head, feeder.plain(1)), { code: 'STORE_REPLACED' }, `log.db${suffix}`)
    await t.rejects(store.publish(published(head)), { code: 'STORE_REPLACED' })
    rmSync(file)
    await t.rejects(store.publish(published(head)), { code: 'STORE_REPLACED', message: /now .*missing/ })
    t.same(await store.head(), head, 'it still reads')
  }
})

t.test('a lock that was removed, or made anew by another server', async (t) => {
  const lock = `${t.testdir({})}/lock`
  writeFileSync(lock, '')
  const database = openDatabase(lock.replace(/lock$/, 'log.db'), { create: true })
  t.teardown(() => database.close())
  writeFileSync(`${lock}.new`, '') // before: a server keeps the old one open, so its number is not given again
  rmSync(lock)
  await t.rejects(database.createLog(NEW_LOG), { code: 'STORE_REPLACED' })
  renameSync(`${lock}.new`, lock)
  await t.rejects(database.createLog(NEW_LOG), { code: 'STORE_REPLACED' })
})

t.test('a full disk keeps nothing of the batch, and passes', async (t) => {
  const { path, database, feeder } = await filledDatabase(t)
  await database.close()
  const { database: again, connection } = spyOn(() => openDatabase(path))
  t.teardown(() => again.close())
  const store = again.store(0)
  const { head } = feeder
  connection.pragma('max_page_count = 1') // that is, as many as there are
  const batch = feeder.batch([entry('x'.repeat(60_000)), entry('y'.repeat(60_000))])
  await t.rejects(store.append(head, batch), { code: 'STORE_FULL' })
  t.same(await store.head(), head)
  t.equal(await store.tile(0, 0, 4), null)
  connection.pragma('max_page_count = 100000')
  await store.append(head, batch)
  t.same(await store.head(), batch.head, 'there is room again')
})

t.test('a second writer', async (t) => {
  const { path, store, feeder } = await filledDatabase(t)
  const other = rawDatabase(t, path)
  other.exec('BEGIN IMMEDIATE')
  const { head } = feeder
  const batch = feeder.plain(1)
  await t.rejects(store.append(head, batch), { code: 'STORE_LOCKED' })
  other.exec('ROLLBACK')
  await store.append(head, batch)
  t.same(await store.head(), batch.head, 'nothing was kept of the first try')
})

t.test('what was changed behind our back is not answered', async (t) => {
  const { path, store, feeder } = await filledDatabase(t)
  const [h0, h1, h2] = feeder.hashes
  if (h0 === undefined || h1 === undefined || h2 === undefined) throw new Error('three leaves')
  const db = rawDatabase(t, path, { triggers: false })
  db.exec('UPDATE leaf_hash SET idx = (idx + 1) % 4')
  await t.rejects(store.find([h0]), { code: 'STORE_CORRUPT' }, 'an index that names another leaf')
  await t.rejects(store.find([h2]), { code: 'STORE_CORRUPT' }, 'an index that names a leaf that is not there')
  db.exec("UPDATE leaf SET entry = CAST('entry onf' AS BLOB) WHERE at = 1")
  t.ok(await store.bundle(0, 1))
  await t.rejects(store.bundle(0, 2), { code: 'STORE_CORRUPT', message: /^leaf 1: / }, 'a bit flipped in an entry')
  db.exec("UPDATE attachment SET content = x'00'")
  const kept = attachment('content')
  await t.rejects(store.attachment('sha256', kept.digest), { code: 'STORE_CORRUPT' })
  const { head } = feeder
  const repeated = feeder.batch([entry('again', [], [kept])])
  await t.rejects(store.append(head, repeated), { code: 'STORE_CORRUPT' }, 'other content under the same digest')
  t.same(await store.head(), head)
  db.exec('DELETE FROM leaf WHERE at = 1')
  await t.rejects(store.tile(0, 0, 3), { code: 'STORE_CORRUPT' }, 'a leaf is missing')
  await t.rejects(store.bundle(0, 3), { code: 'STORE_CORRUPT' })
})

t.test('a lost tile is computed from those below it', async (t) => {
  const { path, store, feeder } = await filledDatabase(t)
  const { head } = feeder
  await store.append(head, feeder.plain(65_536))
  rawDatabase(t, path, { triggers: false }).exec('DELETE FROM tile')
  t.same(await store.tile(1, 0, 256), feeder.tile(1, 0, 256))
})

t.test('a damaged file', async (t) => {
  const { path, database, feeder } = await filledDatabase(t)
  const db = rawDatabase(t, path)
  await database.checkFile()
  const pages = db
    .prepare<[], number>("SELECT rootpage FROM sqlite_schema WHERE name IN ('leaf', 'lookup')")
    .pluck()
    .all()
  db.close()
  await database.close() // the last one: everything is in the file itself now
  const bytes = readFileSync(path)
  for (const page of pages) bytes.fill(0xff, (page - 1) * 4096 + 8, page * 4096)
  writeFileSync(path, bytes)
  const damaged = openDatabase(path)
  t.teardown(() => damaged.close())
  await t.rejects(damaged.checkFile(), { code: 'STORE_CORRUPT' })
  await t.rejects(damaged.store(0).bundle(0, 3), { code: 'STORE_CORRUPT' })
  const { head } = feeder
  const batch = feeder.plain(1)
  await t.rejects(damaged.store(0).append(head, batch), { code: 'STORE_CORRUPT', message: /is unknown/ })
  await t.rejects(damaged.store(0).publish(published(head)), { code: 'STORE_CORRUPT', message: /failed before/ })
})
