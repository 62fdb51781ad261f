/** Entries that leave PostgreSQL. */

import t from 'tap'
import { treeSize } from '../../../src/kernel/brand.ts'
import { published } from '../../contract/feeder.ts'
import { freshStore } from '../../contract/fresh.ts'
import { pruningContract } from '../../contract/pruning.ts'
import { fileServer, filledDatabase, freshDatabase, rawClient } from './support.ts'

const server = await fileServer()
const HOUR = 3_600_000

pruningContract('postgres', async (t, copied) => {
  const { database } = await freshDatabase(t, server, copied)
  const { store } = await freshStore(database)
  const [a, b] = [database.lease(0, 'a', HOUR), database.lease(0, 'b', HOUR)]
  const fence = (await a.claim()) ?? 0n
  const passOn = async () => {
    await a.release(fence)
    return (await b.claim()) ?? 0n
  }
  return { store, pruning: database.pruning(0), fence, passOn }
})

t.test('the database itself refuses to lose an entry that is not pruned', async (t) => {
  const { url, store, feeder, database } = await filledDatabase(t, server)
  const raw = await rawClient(t, url)
  const append = async (count: number) => {
    const { head } = feeder
    await store.append(head, feeder.plain(count))
  }
  await append(765)
  await t.rejects(raw.query('INSERT INTO pruned VALUES (0, 256)'), { message: /pruned: not published/ })
  await store.publish(published(feeder.head))
  await append(256)
  for (const size of [1, 255, 257, 0, -256])
    await t.rejects(raw.query('INSERT INTO pruned VALUES (0, $1)', [size]), { message: /pruned_size_check/ }, `${size}`)
  await t.rejects(raw.query('INSERT INTO pruned VALUES (0, 1024)'), { message: /pruned: not published/ })
  await t.rejects(raw.query('INSERT INTO pruned VALUES (1, 256)'), { message: /pruned: not published/ })
  await raw.query('INSERT INTO pruned VALUES (0, 512)')
  const refused: Record<string, RegExp> = {
    'UPDATE pruned SET size = 256': /pruned: never goes back/,
    'UPDATE pruned SET size = 1024': /pruned: not published/,
    'UPDATE pruned SET log = 1': /pruned: never goes back/,
    'DELETE FROM pruned': /append-only/,
    'TRUNCATE pruned': /append-only/,
    'DELETE FROM entry WHERE at = 512': /entry_0_0: append-only/,
    'DELETE FROM entry_0_0 WHERE at = 512': /entry_0_0: append-only/,
    'DELETE FROM entry': /append-only/,
    "UPDATE entry SET bytes = '' WHERE at = 3": /append-only/,
    'TRUNCATE entry': /append-only/,
    'TRUNCATE entry_0_0': /append-only/,
    'DELETE FROM leaf WHERE at = 3': /append-only/,
  }
  for (const [sql, message] of Object.entries(refused)) await t.rejects(raw.query(sql), { message }, sql)
  await raw.query('DELETE FROM entry WHERE at < 512')
  t.equal((await raw.query('SELECT count(*) AS n FROM entry')).rows[0].n, '512')
  t.equal((await database.pruning(0).pruned()) as number, 512)
})

t.test('a partition goes whole once all of it has left, and no row of it before that', async (t) => {
  const { url, store, feeder, database } = await filledDatabase(t, server)
  const raw = await rawClient(t, url)
  const { head } = feeder
  await store.append(head, feeder.plain(1021))
  await store.publish(published(feeder.head))
  const fence = (await database.lease(0, 'a', HOUR).claim()) ?? 0n
  const { prune } = database.pruning(0)
  const rows = async () => (await raw.query('SELECT count(*) AS n FROM entry')).rows[0].n
  await prune(fence, treeSize(0), treeSize(256))
  t.equal(await rows(), '768', 'deleted, for new ones')
  // As though the log had grown into its second partition, and that one were published.
  const grown = await rawClient(t, url, { triggers: false })
  const part = 2 ** 24
  await grown.query('SELECT make_room(0::smallint, $1)', [part])
  await grown.query('INSERT INTO head SELECT 0, $1, root, time_ms FROM head ORDER BY size DESC LIMIT 1', [part + 600])
  await grown.query('UPDATE newest_checkpoint SET size = $1', [part + 600])
  await grown.query(`INSERT INTO entry SELECT $1 + n, '' FROM generate_series(0, 599) AS n`, [part])
  await prune(fence, treeSize(256), treeSize(512))
  t.equal(await rows(), '1368', 'none of the first')
  await raw.query('BEGIN; SELECT FROM entry LIMIT 1')
  const drop = prune(fence, treeSize(512), treeSize(part + 256))
  await t.rejects(drop, { code: 'STORE_UNAVAILABLE', message: /lock timeout/ }, 'somebody reads for long')
  await raw.query('COMMIT')
  t.equal((await database.pruning(0).pruned()) as number, 512)
  await prune(fence, treeSize(512), treeSize(part + 256))
  t.same((await raw.query("SELECT to_regclass('entry_0_0') AS it")).rows, [{ it: null }])
  t.equal(await rows(), '344')
})
