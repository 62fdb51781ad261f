/** `reindex`: the rows of statements, lost, are made again, and are the same as before; of a frozen log too. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import t from 'tap'
import { dsseBody, ecKey } from '../http/requests.ts'
import { ask, startServer } from '../http/support.ts'
import { command } from './support.ts'

const V = new URL('../vectors/custody/', import.meta.url)
const CHAIN = ['dataset', 'base', 'finetune', 'quantize', 'fuse', 'svr', 'oms']

function rows(dir: string): unknown[] {
  const db = new Sqlite(join(dir, 'log.db'), { readonly: true })
  try {
    return db.prepare('SELECT log, hex(key) AS key, idx, source FROM lookup ORDER BY log, key, idx').all()
  } finally {
    db.close()
  }
}

/** As an older version would have left it. */
function forget(dir: string): void {
  const db = new Sqlite(join(dir, 'log.db'))
  const kept = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'lookup_kept'").pluck().get() as string
  db.exec(`DROP TRIGGER lookup_kept; DELETE FROM lookup WHERE source = 1; ${kept};`)
  db.close()
}

t.test('lost rows are made again, as they were', async (t) => {
  const server = await startServer(t, ['--dialects', 'rekor-v2,rekor-v1'])
  const { dir } = server
  const key = ecKey()
  for (const name of CHAIN) {
    const body = dsseBody(key, readFileSync(new URL(`stmt-${name}.json`, V)))
    t.equal((await ask(server, '/api/v2/log/entries', { method: 'POST', body })).status, 201)
  }
  t.match(await command(['reindex', '--data', dir]), { code: 3 }, 'not beside a server')
  t.match(await command(['reindex', '--data', dir, '--check']), {
    code: 0,
    printed: /^v2: 7 entries, 0 rows are missing/,
  })
  await server.stop()
  const before = rows(dir)
  forget(dir)
  t.not(rows(dir).length, before.length)
  t.match(await command(['fsck', '--data', dir]), { code: 1, printed: /colophon reindex/ })
  t.match(await command(['reindex', '--data', dir, '--check']), { code: 1 })
  t.match(await command(['reindex', '--data', dir, '--log', 'v2']), { code: 0, printed: /rows were added/ })
  t.same(rows(dir), before, 'equal, row by row')
  t.match(await command(['fsck', '--data', dir]), { code: 0 })
  forget(dir)
  t.match(await command(['freeze', 'v2', '--yes', '--data', dir]), { code: 0 })
  t.match(await command(['reindex', '--data', dir]), { code: 0 })
  t.same(rows(dir), before, 'of a frozen log')
  t.match(await command(['reindex', '--data', dir, '--log', 'v9']), { code: 3 })
  t.match(await command(['reindex', '--data', dir, 'more']), { code: 2 })
})
