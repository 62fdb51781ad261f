/** The database itself refuses what the code promises never to do. */

import t from 'tap'
import { leafIndex } from '../../../src/kernel/brand.ts'
import { openDatabase } from '../../../src/storage/postgres/open.ts'
import { supplement } from '../../contract/attach.ts'
import { entry, lookupKey, published } from '../../contract/feeder.ts'
import { fileServer, filledDatabase, rawClient } from './support.ts'

const server = await fileServer()

const HASH = "decode(repeat('00', 32), 'hex')"
const ROOT = '(SELECT root FROM head WHERE log = 0 AND size = 3)'

/** By table: what may not be inserted. */
const INSERTED: readonly (readonly [sql: string, refusal: RegExp])[] = [
  ["log (number, slug, dialect, origin, vkey, created_ms) VALUES (5, 'x', 'd', 'o', 'x', 1)", /log: numbers are dense/],
  [
    "log (number, slug, dialect, origin, vkey, created_ms, retired_ms) VALUES (1, 'x', 'd', 'o', 'x', 1, 2)",
    /a new one is active/,
  ],
  ["log (number, slug, dialect, origin, vkey, created_ms) VALUES (1, 'X', 'd', 'o', 'x', 1)", /slug_check/],
  ["log (number, slug, dialect, origin, vkey, created_ms) VALUES (1, 'v2', 'd', 'o', 'x', 1)", /log_slug_key/],
  [`leaf VALUES (4, ${HASH})`, /leaf: indexes are dense/],
  [`leaf VALUES (3, ${HASH}), (5, ${HASH})`, /leaf: indexes are dense/],
  [`leaf VALUES (2, ${HASH})`, /leaf_0_0_pkey/],
  ["leaf VALUES (3, '\\x00')", /leaf_hash_check/],
  [`leaf VALUES (1::bigint << 40, ${HASH})`, /no partition/],
  [`entry VALUES (3, decode(repeat('00', 65536), 'hex'))`, /entry_bytes_check/],
  [`leaf_hash (log, hash, idx) VALUES (0, ${HASH}, 3)`, /leaf_hash: no such leaf/],
  [`leaf_hash (log, hash, idx) VALUES (0, ${HASH}, -1)`, /leaf_hash: no such leaf/],
  ['leaf_hash (log, hash, idx) SELECT 0, hash, 1 FROM leaf WHERE at = 1', /duplicate key/],
  [`lookup (log, key, idx, source) VALUES (0, ${HASH}, 3, 0)`, /lookup: no such leaf/],
  [`lookup (log, key, idx, source) VALUES (0, ${HASH}, 2, 2)`, /lookup_source_check/],
  [`tile VALUES (0, 1, 1, decode(repeat('00', 8192), 'hex'))`, /tile: indexes are dense/],
  ["tile VALUES (0, 1, 0, '\\x00')", /tile_bytes_check/],
  [`head VALUES (0, 3, ${HASH}, 9000)`, /head: sizes grow/],
  [`head VALUES (0, 4, ${HASH}, 9000)`, /head: its size is the number of leaves/],
  [`head VALUES (0, 4, ${HASH}, 1)`, /head: time never goes back/],
  [`head VALUES (1, 1, ${HASH}, 9000)`, /head: the first has size 0/],
  [`newest_checkpoint VALUES (0, 3, ${HASH}, 1, 'n')`, /newest_checkpoint: not a durable head/],
  [`checkpoint VALUES (0, 4, ${ROOT}, 1, 'n')`, /checkpoint: not a durable head/],
  [`checkpoint VALUES (0, 3, ${ROOT}, 1, 'n')`, /checkpoint: sizes grow/],
  ["attachment VALUES (0, 'sha256', '\\x00', '')", /attachment_check/],
  [`withdrawal VALUES (1, 'sha256', ${HASH}, 0, 0)`, /withdrawal: numbers are dense/],
  [`withdrawal VALUES (0, 'sha256', ${HASH}, 0, 3)`, /withdrawal: no such leaf/],
]

t.test('what may not be inserted', async (t) => {
  const { url } = await filledDatabase(t, server)
  const raw = await rawClient(t, url)
  for (const [sql, message] of INSERTED) await t.rejects(raw.query(`INSERT INTO ${sql}`), { message }, sql)
  await raw.query(`BEGIN; INSERT INTO leaf VALUES (3, ${HASH}); INSERT INTO head VALUES (0, 4, ${HASH}, 9000); COMMIT`)
  await raw.query('UPDATE log SET retired_ms = 9000')
  await t.rejects(raw.query(`INSERT INTO leaf VALUES (4, ${HASH})`), { message: /leaf: no active log/ })
  await raw.query(`INSERT INTO leaf SELECT 0, '' WHERE false`)
})

t.test('nothing is changed, and nothing removed', async (t) => {
  const { url, database } = await filledDatabase(t, server)
  const raw = await rawClient(t, url)
  await database.lease(0, 'a', 1000).claim()
  await raw.query(`BEGIN; INSERT INTO withdrawal VALUES (0, 'sha256', ${HASH}, 0, 0);
    INSERT INTO tile VALUES (0, 1, 0, decode(repeat('00', 8192), 'hex')); COMMIT`)
  const fixed: Record<string, string> = {
    migration: "name = ''",
    leaf: `hash = ${HASH}`,
    leaf_0_0: `hash = ${HASH}`,
    entry: "bytes = ''",
    leaf_hash: 'idx = 0',
    lookup: 'idx = 0',
    tile: 'idx = 1',
    head: 'time_ms = 1',
    checkpoint: "note = 'x'",
    attachment: "content = ''",
    withdrawal: 'idx = 1',
  }
  for (const [table, change] of Object.entries(fixed))
    await t.rejects(raw.query(`UPDATE ${table} SET ${change}`), { message: /append-only/ }, table)
  const kept = [...Object.keys(fixed), 'log', 'newest_checkpoint', 'lease']
  for (const table of kept) {
    await t.rejects(raw.query(`DELETE FROM ${table}`), { message: /append-only/ }, table)
    await t.rejects(raw.query(`TRUNCATE ${table} CASCADE`), { message: /append-only/ }, table)
  }
  for (const partition of ['entry_0_0', 'leaf_hash_f', 'lookup_0'])
    await t.rejects(raw.query(`TRUNCATE ${partition}`), { message: /append-only/ }, partition)
  await t.rejects(raw.query('UPDATE newest_checkpoint SET size = 0, root = (SELECT root FROM head WHERE size = 0)'), {
    message: /never goes back/,
  })
  await t.rejects(raw.query('UPDATE lease SET token = 0'), { message: /a token never goes back/ })
})

t.test('a log ends once', async (t) => {
  const { url } = await filledDatabase(t, server)
  const raw = await rawClient(t, url)
  const refused = { message: /log: only ends, and once/ }
  for (const change of [
    "slug = 'x'",
    "dialect = 'x'",
    "origin = 'x'",
    "vkey = 'x'",
    'created_ms = 1',
    "ecdsa_key = 'x'",
  ])
    await t.rejects(raw.query(`UPDATE log SET ${change}`), refused, change)
  await t.rejects(raw.query('UPDATE log SET compromised_ms = 1'), { message: /log_check/ })
  await raw.query('UPDATE log SET retired_ms = 5000')
  for (const change of ['retired_ms = NULL', 'retired_ms = 6000'])
    await t.rejects(raw.query(`UPDATE log SET ${change}`), refused, change)
  await raw.query('UPDATE log SET compromised_ms = 6000')
  await t.rejects(raw.query('UPDATE log SET compromised_ms = NULL'), refused)
})

t.test('of hundreds of partitions those are opened that are needed: who locks another holds nobody up', async (t) => {
  const { url, feeder } = await filledDatabase(t, server)
  const raw = await rawClient(t, url)
  await raw.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET lock_timeout = '2s'`) // of connections from now on
  for (let part = 1; part < 8; part++) await raw.query('SELECT make_room(0::smallint, $1::bigint << 24)', [part])
  await raw.query('BEGIN; LOCK TABLE leaf_0_5, entry_0_5 IN ACCESS EXCLUSIVE MODE')
  const database = await openDatabase({ url })
  t.teardown(() => database.close())
  const store = database.store(0)
  const rounds = 8 // by then the server has settled for its plans
  for (let n = 0; n < rounds; n++) {
    const { size: index } = feeder.head
    await store.append(feeder.head, feeder.batch([entry(`after ${n}`, [lookupKey(`key ${n}`)])]))
    await store.publish(published(feeder.head))
    await store.attach([supplement(index, [`more ${n}`], [`content ${n}`])])
    const places = await store.find(feeder.hashes)
    t.same(
      places.map((place) => place?.index),
      feeder.hashes.map((_, at) => at),
    )
    t.same(await store.lookup(lookupKey(`key ${n}`).key, null, 9), [index])
    t.same(await store.entry(leafIndex(index)), feeder.leaves[index])
    t.same(await store.tile(0, 0, index + 1), feeder.tile(0, 0, index + 1))
    t.ok(await store.bundle(0, index + 1))
  }
})
