import t from 'tap'
import { filledDatabase, rawDatabase } from './support.ts'

const HASH = `x'${'11'.repeat(32)}'`
const KEY = `x'${'22'.repeat(32)}'`
const TILE = 'zeroblob(8192)'

/** [statement, what SQLite must say]. The database holds log 0 with three leaves. */
const REFUSED: [string, RegExp][] = [
  // one spelling of a log, and never another
  [`INSERT INTO log VALUES (2, 'x', 'd', 'o', 'k', 0, 'active')`, /log: numbers are dense/],
  [`INSERT INTO log VALUES (1, 'x', 'd', 'o', 'k', 0, 'frozen')`, /log: a new one is active/],
  [`INSERT INTO log VALUES (1, 'X', 'd', 'o', 'k', 0, 'active')`, /CHECK constraint failed: slug/],
  [`INSERT INTO log VALUES (1, '-x', 'd', 'o', 'k', 0, 'active')`, /CHECK constraint failed: slug/],
  [`INSERT INTO log VALUES (1, '', 'd', 'o', 'k', 0, 'active')`, /CHECK constraint failed: slug/],
  [`INSERT INTO log VALUES (1, 'v2', 'd', 'o', 'k', 0, 'active')`, /UNIQUE constraint failed: log.slug/],
  [`INSERT INTO log SELECT 1, 'x', 'd', 'o', vkey, 0, 'active' FROM log`, /UNIQUE constraint failed: log.vkey/],
  [`INSERT OR REPLACE INTO log VALUES (1, 'v2', 'd', 'o', 'k', 0, 'active')`, /log: append-only/],
  [`UPDATE log SET origin = 'other'`, /log: only freezes/],
  [`UPDATE log SET vkey = 'other', state = 'frozen'`, /log: only freezes/],
  [`UPDATE log SET state = 'active'`, /log: only freezes/],
  [`DELETE FROM log`, /log: append-only/],
  // leaves
  [`INSERT INTO leaf VALUES (4, ${HASH}, x'00')`, /leaf: indexes are dense/],
  [`INSERT INTO leaf VALUES (-1, ${HASH}, x'00')`, /leaf: no active log/],
  [`INSERT INTO leaf VALUES (2, ${HASH}, x'00')`, /UNIQUE constraint failed: leaf.at/],
  [`INSERT INTO leaf VALUES ((1 << 40), ${HASH}, x'00')`, /leaf: no active log/],
  [`INSERT INTO leaf VALUES (3, x'${'11'.repeat(31)}', x'00')`, /CHECK constraint failed: length\(hash\) = 32/],
  [`INSERT INTO leaf VALUES (3, '${'a'.repeat(32)}', x'00')`, /cannot store TEXT value in BLOB column leaf.hash/],
  [`INSERT INTO leaf VALUES (3, ${HASH}, 'text')`, /cannot store TEXT value in BLOB column leaf.entry/],
  [`INSERT INTO leaf VALUES (3, ${HASH}, NULL)`, /NOT NULL constraint failed: leaf.entry/],
  [`INSERT INTO leaf VALUES (3, ${HASH}, zeroblob(65536))`, /CHECK constraint failed: length\(entry\)/],
  [`INSERT OR REPLACE INTO leaf VALUES (2, ${HASH}, x'00')`, /leaf: append-only/],
  [`INSERT OR REPLACE INTO leaf VALUES (5, ${HASH}, x'00')`, /leaf: indexes are dense/],
  [`INSERT INTO leaf VALUES (2, ${HASH}, x'00') ON CONFLICT DO UPDATE SET hash = excluded.hash`, /leaf: append-only/],
  [`UPDATE leaf SET entry = x'00' WHERE at = 1`, /leaf: append-only/],
  [`UPDATE OR REPLACE leaf SET at = 1 WHERE at = 2`, /leaf: append-only/],
  [`DELETE FROM leaf WHERE at = 2`, /leaf: append-only/],
  // their index
  [`INSERT INTO leaf_hash VALUES (0, ${HASH}, 1)`, /leaf_hash: not the hash of that leaf/],
  [`INSERT INTO leaf_hash VALUES (0, ${HASH}, 3)`, /leaf_hash: not the hash of that leaf/],
  [`INSERT INTO leaf_hash SELECT 1, hash, 1 FROM leaf`, /leaf_hash: not the hash of that leaf/],
  [`INSERT INTO leaf_hash SELECT 0, hash, at FROM leaf`, /UNIQUE constraint failed: leaf_hash/],
  [`INSERT OR REPLACE INTO leaf_hash SELECT 0, hash, at FROM leaf`, /leaf_hash: append-only/],
  [`UPDATE leaf_hash SET idx = 2`, /leaf_hash: append-only/],
  [`DELETE FROM leaf_hash`, /leaf_hash: append-only/],
  // lookup rows
  [`INSERT INTO lookup VALUES (0, ${KEY}, 3, 0)`, /lookup: no such leaf/],
  [`INSERT INTO lookup VALUES (0, ${KEY}, -1, 0)`, /lookup: no such leaf/],
  [`INSERT INTO lookup VALUES (1, ${KEY}, 0, 0)`, /lookup: no such leaf/],
  [`INSERT INTO lookup VALUES (0, ${KEY}, 0, 2)`, /CHECK constraint failed: source/],
  [`INSERT INTO lookup VALUES (0, x'00', 0, 0)`, /CHECK constraint failed: length\(key\)/],
  [`INSERT INTO lookup SELECT * FROM lookup`, /UNIQUE constraint failed: lookup/],
  [`INSERT OR REPLACE INTO lookup SELECT log, key, idx, 1 FROM lookup`, /lookup: append-only/],
  [`UPDATE lookup SET source = 1`, /lookup: append-only/],
  [`DELETE FROM lookup`, /lookup: append-only/],
  // tiles
  [`INSERT INTO tile VALUES (0, 1, 1, ${TILE})`, /tile: indexes are dense/],
  [`INSERT INTO tile VALUES (0, 0, 0, ${TILE})`, /CHECK constraint failed: level/],
  [`INSERT INTO tile VALUES (0, 1, 0, zeroblob(8191))`, /CHECK constraint failed: length\(bytes\)/],
  [`INSERT INTO tile VALUES (1, 1, 0, ${TILE})`, /FOREIGN KEY constraint failed/],
  // heads
  [`INSERT INTO head VALUES (0, 3, ${HASH}, 9000)`, /head: sizes grow/],
  [`INSERT INTO head VALUES (0, 2, ${HASH}, 9000)`, /head: sizes grow/],
  [`INSERT INTO head VALUES (0, 4, ${HASH}, 9000)`, /head: its size is the number of leaves/],
  [`INSERT INTO head VALUES (0, 4, ${HASH}, 999)`, /head: time never goes back/],
  [`INSERT INTO head VALUES (1, 4, ${HASH}, 999)`, /head: the first has size 0/],
  [`INSERT INTO head VALUES (1, 0, ${HASH}, 999)`, /FOREIGN KEY constraint failed/],
  [`INSERT OR REPLACE INTO head VALUES (0, 3, ${HASH}, 9000)`, /head: sizes grow/],
  [`UPDATE head SET root = ${HASH}`, /head: append-only/],
  [`DELETE FROM head WHERE size = 3`, /head: append-only/],
  // checkpoints
  [`UPDATE newest_checkpoint SET size = 0`, /newest_checkpoint: never goes back/],
  [`UPDATE newest_checkpoint SET root = ${HASH}`, /newest_checkpoint: not a durable head/],
  [`UPDATE newest_checkpoint SET size = 4`, /newest_checkpoint: not a durable head/],
  [`UPDATE newest_checkpoint SET log = 1`, /newest_checkpoint: another log/],
  [`UPDATE newest_checkpoint SET note = x''`, /CHECK constraint failed: length\(note\)/],
  [
    `INSERT OR REPLACE INTO newest_checkpoint SELECT log, 0, root, 0, note FROM newest_checkpoint`,
    /newest_checkpoint: /,
  ],
  [`INSERT OR REPLACE INTO newest_checkpoint SELECT * FROM newest_checkpoint`, /newest_checkpoint: never removed/],
  [`DELETE FROM newest_checkpoint`, /newest_checkpoint: never removed/],
  [`INSERT INTO checkpoint SELECT * FROM checkpoint`, /checkpoint: sizes grow/],
  [`INSERT OR REPLACE INTO checkpoint SELECT * FROM checkpoint`, /checkpoint: sizes grow/],
  [`INSERT INTO checkpoint VALUES (0, 4, ${HASH}, 0, x'00')`, /checkpoint: not a durable head/],
  [`UPDATE checkpoint SET note = x'00'`, /checkpoint: append-only/],
  [`DELETE FROM checkpoint`, /checkpoint: append-only/],
  // attachments
  [`INSERT INTO attachment VALUES (0, 'md5', x'00', x'00')`, /CHECK constraint failed: algorithm/],
  [`INSERT INTO attachment VALUES (0, 'sha256', x'00', x'00')`, /CHECK constraint failed: length\(digest\)/],
  [`INSERT INTO attachment VALUES (0, 'sha512', ${HASH}, x'00')`, /CHECK constraint failed: length\(digest\)/],
  [
    `INSERT INTO attachment SELECT log, algorithm, digest, x'00' FROM attachment`,
    /UNIQUE constraint failed: attachment/,
  ],
  [`INSERT OR REPLACE INTO attachment SELECT log, algorithm, digest, x'00' FROM attachment`, /attachment: append-only/],
  [`UPDATE attachment SET content = x'00'`, /attachment: append-only/],
  [`DELETE FROM attachment`, /attachment: append-only/],
  // what is taken back
  [`INSERT INTO withdrawal VALUES (1, 'sha256', ${HASH}, 0, 0)`, /withdrawal: numbers are dense/],
  [`INSERT INTO withdrawal VALUES (0, 'sha256', ${HASH}, 0, 3)`, /withdrawal: no such leaf/],
  [`INSERT INTO withdrawal VALUES (0, 'sha256', ${HASH}, 0, -1)`, /withdrawal: no such leaf/],
  [`INSERT INTO withdrawal VALUES (0, 'sha256', ${HASH}, 1, 0)`, /withdrawal: no such leaf/],
  [`INSERT INTO withdrawal VALUES (0, 'md5', x'00', 0, 0)`, /CHECK constraint failed: algorithm/],
  [`INSERT INTO withdrawal VALUES (0, 'sha512', ${HASH}, 0, 0)`, /CHECK constraint failed: length\(digest\)/],
  // the end of a log
  [`INSERT INTO retirement VALUES (0, 1)`, /retirement: not of a frozen log/],
  [`INSERT INTO compromise VALUES (0, 1)`, /compromise: not of a frozen log/],
  // the second key of a log
  [`INSERT INTO ecdsa_key VALUES (0, 'x')`, /ecdsa_key: not of a new log/],
  [`INSERT INTO ml_dsa_key VALUES (0, 'x')`, /ml_dsa_key: not of a new log/],
  // the schema's own record
  [`UPDATE migration SET sha256 = ${HASH}`, /migration: append-only/],
  [`INSERT OR REPLACE INTO migration VALUES (1, 'x', ${HASH})`, /migration: append-only/],
  [`DELETE FROM migration`, /migration: append-only/],
]

t.test('the database refuses', async (t) => {
  const { path, store } = await filledDatabase(t)
  const before = await store.heads(null, 9)
  const db = rawDatabase(t, path)
  for (const [statement, message] of REFUSED) t.throws(() => db.exec(statement), { message }, statement)
  t.same(await store.heads(null, 9), before)
})

t.test('and takes what is right', async (t) => {
  const { path, feeder } = await filledDatabase(t)
  const db = rawDatabase(t, path)
  const run = (sql: string, ...values: unknown[]) => t.doesNotThrow(() => db.prepare(sql).run(...values), sql)
  const { head } = feeder.plain(1)
  run(`INSERT INTO leaf VALUES (3, ?, x'00')`, feeder.hashes[3])
  run('INSERT INTO leaf_hash VALUES (0, ?, 3)', feeder.hashes[3])
  run(`INSERT INTO lookup VALUES (0, ${KEY}, 3, 1)`)
  run(`INSERT INTO tile VALUES (0, 1, 0, ${TILE})`)
  t.throws(() => db.exec(`INSERT OR REPLACE INTO tile VALUES (0, 1, 0, ${TILE})`), {
    message: /tile: indexes are dense/,
  })
  t.throws(() => db.exec(`UPDATE tile SET bytes = ${TILE}`), { message: /tile: append-only/ })
  t.throws(() => db.exec('DELETE FROM tile'), { message: /tile: append-only/ })
  run('INSERT INTO head VALUES (0, 4, ?, ?)', head.root, head.time)
  run(`UPDATE newest_checkpoint SET size = 4, root = ?, note = x'00'`, head.root)
  run("INSERT INTO attachment VALUES (0, 'sha512', zeroblob(64), x'00')")
  run("INSERT INTO withdrawal SELECT 0, algorithm, digest, 0, 3 FROM attachment WHERE algorithm = 'sha256'")
  run("DELETE FROM attachment WHERE algorithm = 'sha256'")
  const refusals: [string, RegExp][] = [
    ['DELETE FROM attachment', /attachment: append-only/],
    ["INSERT INTO attachment SELECT 0, algorithm, digest, x'00' FROM withdrawal", /attachment: it was withdrawn/],
    ['INSERT INTO withdrawal SELECT 1, algorithm, digest, 0, 3 FROM withdrawal', /UNIQUE constraint failed/],
    ['INSERT OR REPLACE INTO withdrawal SELECT * FROM withdrawal', /withdrawal: /],
    ['INSERT OR REPLACE INTO withdrawal SELECT 1, algorithm, digest, 0, 3 FROM withdrawal', /withdrawal: append-only/],
    ['UPDATE withdrawal SET idx = 0', /withdrawal: append-only/],
    ['DELETE FROM withdrawal', /withdrawal: append-only/],
  ]
  for (const [sql, message] of refusals) t.throws(() => db.exec(sql), { message }, sql)
  run(`UPDATE log SET state = 'frozen'`)
  t.throws(() => db.exec(`INSERT INTO leaf VALUES (4, ${HASH}, x'00')`), { message: /leaf: no active log/ })
  t.throws(() => db.exec(`UPDATE log SET state = 'active'`), { message: /log: only freezes/ })
  for (const table of ['retirement', 'compromise']) {
    run(`INSERT INTO ${table} VALUES (0, 1)`)
    const again = `INSERT OR REPLACE INTO ${table} VALUES (0, 2)`
    t.throws(() => db.exec(again), { message: `${table}: append-only` })
    t.throws(() => db.exec(`UPDATE ${table} SET log = 0`), { message: `${table}: said once` })
    t.throws(() => db.exec(`DELETE FROM ${table}`), { message: `${table}: append-only` })
  }
})
