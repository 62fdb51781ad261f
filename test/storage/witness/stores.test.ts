import Sqlite from 'better-sqlite3'
import t from 'tap'
import { openDatabase } from '../../../src/storage/sqlite/open.ts'
import { memoryWitnessStore } from '../../../src/storage/witness/memory.ts'
import { openWitnessDatabase } from '../../../src/storage/witness/sqlite.ts'
import { cosignedHead, listedLog, witnessStoreContract } from '../../contract/witness-store.ts'
import { originHash } from '../../witness/support.ts'
import { rawDatabase } from '../sqlite/support.ts'

witnessStoreContract('memory', () => memoryWitnessStore())
witnessStoreContract('sqlite', (t) => {
  const store = openWitnessDatabase(`${t.testdir({})}/witness.db`, { create: true })
  t.teardown(() => store.close())
  return store
})

t.test('on the disk, and synchronous', async (t) => {
  const path = `${t.testdir({})}/witness.db`
  const store = openWitnessDatabase(path, { create: true })
  await store.advance('a', null, cosignedHead(5))
  await store.addListed([listedLog('l')])
  t.equal(store.identity(), null)
  store.identify({ ed25519: 'x', mldsa44: 'y' })
  store.close()
  const again = openWitnessDatabase(path)
  t.same(await again.head(originHash('a')), cosignedHead(5))
  t.same(await again.listed(), [listedLog('l')])
  t.same(again.identity(), { ed25519: 'x', mldsa44: 'y' })
  t.throws(() => again.identify({ ed25519: 'z', mldsa44: 'y' }), /UNIQUE/, 'once')
  again.close()
  t.throws(() => openWitnessDatabase(path, { create: true }), { code: 'LOG_EXISTS' })
  t.throws(() => openDatabase(path), { code: 'STORE_SCHEMA' }, 'it is no database of logs')
})

t.test('the database of logs is none of a witness', async (t) => {
  const path = `${t.testdir({})}/log.db`
  openDatabase(path, { create: true }).close()
  t.throws(() => openWitnessDatabase(path), { code: 'STORE_SCHEMA', message: /not a Colophon witness's database/ })
})

t.test('the database refuses what the code promises never to do', async (t) => {
  const path = `${t.testdir({})}/witness.db`
  const store = openWitnessDatabase(path, { create: true })
  await store.advance('a', null, cosignedHead(5))
  await store.addListed([listedLog('l')])
  store.identify({ ed25519: 'x', mldsa44: 'y' })
  store.close()
  const db = rawDatabase(t, path)
  const head = 'INSERT OR REPLACE INTO head SELECT log, origin, 9, root, time_s, note FROM head'
  const refused = [
    'UPDATE head SET size = 4',
    'UPDATE head SET root = zeroblob(32)',
    'UPDATE head SET time_s = 999',
    'UPDATE head SET size = 6, root = zeroblob(31)',
    'UPDATE head SET size = -1',
    "UPDATE head SET origin = 'b'",
    'UPDATE head SET log = zeroblob(32)',
    'DELETE FROM head',
    head,
    'UPDATE listed SET per_day = 2',
    'DELETE FROM listed',
    "UPDATE witness SET ed25519 = 'z'",
    'DELETE FROM witness',
  ]
  for (const sql of refused) t.throws(() => db.exec(sql), Sqlite.SqliteError, sql)
  db.exec('UPDATE head SET size = 6, root = zeroblob(32), time_s = 1001')
})

t.test('a full fsync before advance returns', async (t) => {
  const pragmas: string[] = []
  const original = Sqlite.prototype.pragma
  Sqlite.prototype.pragma = function (this: Sqlite.Database, source: string, options?: Sqlite.PragmaOptions) {
    pragmas.push(source)
    return original.call(this, source, options)
  }
  t.teardown(() => {
    Sqlite.prototype.pragma = original
  })
  openWitnessDatabase(`${t.testdir({})}/witness.db`, { create: true }).close()
  for (const wanted of ['journal_mode = WAL', 'synchronous = FULL', 'recursive_triggers = 1'])
    t.ok(pragmas.includes(wanted), wanted)
})
