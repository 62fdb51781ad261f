import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import t from 'tap'
import { copyDatabase } from '../../../src/storage/sqlite/backup.ts'
import { scratch } from '../../cli/support.ts'

t.test('one moment of a database that is being written', async (t) => {
  const folder = scratch(t)
  const [from, to] = [join(folder, 'from.db'), join(folder, 'to.db')]
  const live = new Sqlite(from)
  live.pragma('journal_mode = WAL')
  live.exec('CREATE TABLE pair (a INTEGER, b BLOB)')
  const insert = live.prepare('INSERT INTO pair VALUES (?, randomblob(3000))')
  const two = live.transaction((n: number) => {
    insert.run(n)
    insert.run(-n)
  })
  for (let n = 1; n <= 5000; n++) two(n)
  const count = (path: string) =>
    new Sqlite(path, { readonly: true }).prepare('SELECT count(*), sum(a) FROM pair').raw().get()
  const heard: number[] = []
  let commits = 0
  await copyDatabase(from, to, (done, total) => {
    heard.push(done / total)
    two(5001 + commits++) // by another connection, between two steps of the copying
  })
  t.ok(commits > 1, `${commits} commits meanwhile`)
  t.same(count(to), [10_000, 0], 'none of them is in it, whole or in half')
  t.same(count(from), [10_000 + 2 * commits, 0])
  t.ok(
    heard.every((share, i) => share >= (heard[i - 1] ?? 0) && share <= 1),
    'it was never begun anew',
  )
  t.equal(statSync(to).mode & 0o777, 0o600)
  t.notOk(existsSync(`${to}-wal`), 'it is one file')
  t.equal(new Sqlite(to).pragma('integrity_check', { simple: true }), 'ok')
  await t.rejects(
    copyDatabase(from, to, () => undefined),
    { code: 'EEXIST' },
    'never over another file',
  )
  writeFileSync(join(folder, 'bad.db'), 'not a database at all, and long enough to be looked at'.repeat(100))
  await t.rejects(
    copyDatabase(join(folder, 'bad.db'), join(folder, 'x.db'), () => undefined),
    { code: 'STORE_CORRUPT' },
  )
  live.close()
})
