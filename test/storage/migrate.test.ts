import { createHash } from 'node:crypto'
import Sqlite from 'better-sqlite3'
import t from 'tap'
import { checkSchema, type Migration, migrate, readMigrations } from '../../src/storage/migrate.ts'
import { openDatabase } from '../../src/storage/sqlite/open.ts'
import { rawDatabase } from './sqlite/support.ts'

const [core] = readMigrations()
if (core === undefined) throw new Error('no migrations')

function made(number: number, sql: string): Migration {
  return { number, name: `000${number}-made.sql`, sql, sha256: createHash('sha256').update(sql).digest() }
}

t.test('ours are numbered from 1 and apply to an empty database, once', (t) => {
  const db = new Sqlite(':memory:')
  const ours = readMigrations()
  t.equal(core.name, '0001-core.sql')
  migrate(db, ours)
  migrate(db, ours)
  t.equal(checkSchema(db, ours), ours.length)
  const recorded = db.prepare<[], Migration>('SELECT * FROM migration').all()
  t.same(
    recorded.map(({ name }) => name),
    ours.map(({ name }) => name),
  )
  t.end()
})

t.test('a later one goes on where the database is', (t) => {
  const db = new Sqlite(':memory:')
  migrate(db, [core])
  const second = made(2, 'CREATE TABLE extra (log INTEGER)')
  migrate(db, [core, second])
  t.same(db.prepare('SELECT * FROM extra').all(), [])
  t.equal(checkSchema(db, [core, second]), 2)
  t.end()
})

t.test('one that fails half way leaves nothing of itself', (t) => {
  const db = new Sqlite(':memory:')
  migrate(db, [core])
  const broken = made(2, 'CREATE TABLE extra (log INTEGER); CREATE TABLE extra (log INTEGER)')
  t.throws(() => migrate(db, [core, broken]), { message: /already exists/ })
  t.throws(() => db.prepare('SELECT * FROM extra'), { message: /no such table/ })
  t.equal(checkSchema(db, [core]), 1)
  t.end()
})

t.test('another text, another name and a newer schema are refused', (t) => {
  const db = new Sqlite(':memory:')
  const second = made(2, 'CREATE TABLE extra (log INTEGER)')
  migrate(db, [core, second])
  const other = made(2, 'CREATE TABLE other (log INTEGER)')
  t.throws(() => migrate(db, [core, other]), {
    code: 'STORE_SCHEMA',
    message: /0002-made.sql.*another build.*run the one/,
  })
  t.throws(() => migrate(db, [core, { ...second, name: '0002-x.sql' }]), { code: 'STORE_SCHEMA' })
  t.throws(() => migrate(db, [core]), { code: 'STORE_SCHEMA', message: /newer version; run that one/ })
  t.end()
})

t.test('a file on disk: refused before anything is changed, older ones not by a reader', (t) => {
  const path = `${t.testdir({})}/log.db`
  openDatabase(path, { create: true }).close()
  const db = rawDatabase(t, path)
  const future = readMigrations().length + 1
  db.prepare('INSERT INTO migration VALUES (?, ?, ?)').run(future, '9999-future.sql', Buffer.alloc(32))
  t.throws(() => openDatabase(path), { code: 'STORE_SCHEMA', message: /9999-future.sql/ })
  t.throws(() => openDatabase(path, { readonly: true }), { code: 'STORE_SCHEMA' })
  db.exec('DROP TRIGGER migration_kept; DELETE FROM migration')
  t.throws(() => openDatabase(path, { readonly: true }), { code: 'STORE_SCHEMA', message: /start the server once/ })
  t.end()
})

t.test('logs that were frozen before their end was kept have ended by the time of the migration', (t) => {
  const db = new Sqlite(':memory:')
  migrate(db, [core])
  const insert = db.prepare("INSERT INTO log VALUES (?, ?, 'd', 'o', ?, 0, 'active')")
  for (const [number, slug] of ['ended', 'active'].entries()) insert.run(number, slug, slug)
  db.exec("UPDATE log SET state = 'frozen' WHERE number = 0")
  const before = Date.now()
  migrate(db, readMigrations())
  const rows = db.prepare<[], { log: number; time_ms: number }>('SELECT * FROM retirement').all()
  t.match(rows, [{ log: 0 }])
  t.ok((rows[0]?.time_ms ?? 0) >= before && (rows[0]?.time_ms ?? 0) <= Date.now())
  t.end()
})

t.test('a database of the schema before withdrawals is brought forward with all that it holds', (t) => {
  const db = new Sqlite(':memory:')
  db.pragma('recursive_triggers = ON')
  migrate(db, readMigrations().slice(0, 4))
  db.exec(
    "INSERT INTO log VALUES (0, 'v2', 'd', 'o', 'k', 0, 'active'); INSERT INTO leaf VALUES (0, zeroblob(32), x'00')",
  )
  db.exec("INSERT INTO attachment VALUES (0, 'sha256', zeroblob(32), x'01')")
  const read = () => ['leaf', 'attachment', 'log'].map((table) => db.prepare(`SELECT * FROM ${table}`).all())
  const before = read()
  migrate(db, readMigrations())
  t.same(read(), before)
  t.throws(() => db.exec('DELETE FROM attachment'), { message: /append-only/ })
  db.exec("INSERT INTO withdrawal VALUES (0, 'sha256', zeroblob(32), 0, 0); DELETE FROM attachment")
  t.same(db.prepare('SELECT * FROM attachment').all(), [])
  t.end()
})

t.test('a folder with a gap, or a stranger in it', (t) => {
  t.throws(() => readMigrations(t.testdir({ '0001-a.sql': '', '0003-c.sql': '' })), { code: 'STORE_SCHEMA' })
  t.throws(() => readMigrations(t.testdir({ '1.sql': '' })), { code: 'STORE_SCHEMA' })
  t.same(readMigrations(t.testdir({ 'README.md': '' })), [])
  t.end()
})

t.test('a trigger that was changed or dropped, and a table that was added', (t) => {
  const changes = [
    'DROP TRIGGER leaf_kept',
    'CREATE TABLE stranger (x)',
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'NEW.size < OLD.size', 'NEW.size > OLD.size')",
  ]
  for (const change of changes) {
    const path = `${t.testdir({})}/log.db`
    openDatabase(path, { create: true }).close()
    const db = new Sqlite(path)
    db.unsafeMode()
    db.exec(change)
    db.close()
    for (const options of [{}, { readonly: true }])
      t.throws(
        () => openDatabase(path, options),
        { code: 'STORE_SCHEMA', message: /is not the one its migrations make/ },
        change,
      )
  }
  t.end()
})
