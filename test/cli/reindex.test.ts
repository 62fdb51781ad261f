/** `reindex`: the rows of statements, lost, are made again, and are the same as before; of a frozen log too. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import t from 'tap'
import * as v1 from '../dialects/rekor-v1/support.ts'
import { P256, P384 } from '../dialects/rekor-v2/support.ts'
import { dsseBody, ecKey, hashedRekord, pae } from '../http/requests.ts'
import { ask, startServer, type TestServer } from '../http/support.ts'
import { digest, logV1, logV2, post, provenance, statement, TYPE } from './custody/support.ts'
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

const BILL = Buffer.from(
  JSON.stringify({
    ...{ bomFormat: 'CycloneDX', specVersion: '1.7' },
    metadata: {
      component: { type: 'machine-learning-model', name: 'm', hashes: [{ alg: 'SHA-256', content: digest(1) }] },
    },
  }),
)
const [ONE, TWO, THREE] = [ecKey(), ecKey('P-384'), ecKey()]
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const signed = (server: TestServer, file: Buffer, key = ONE) =>
  post(server, '/api/v2/log/entries', { hashedRekordRequestV002: hashedRekord(key, file) })

function signedV1(server: TestServer, file: Uint8Array, key = P256): Promise<string> {
  return post(server, '/api/v1/log/entries', v1.hashedRekord({ ...key, message: file }))
}

async function put(server: TestServer, content: Uint8Array): Promise<number> {
  const headers = { 'content-type': 'application/octet-stream' }
  return (await ask(server, `/attachments/sha256:${sha256(content)}`, { method: 'PUT', body: content, headers })).status
}

/** Of each kind of entry, some: with their content, without it, with it later, with too much of it, and taken back. */
async function fill(server: TestServer): Promise<void> {
  const proposals = '/api/v1/log/entries'
  for (const name of CHAIN) await logV2(server, statement(name), ONE)
  await logV2(server, statement('fuse'), THREE) // another signer who brings the same
  for (const name of ['svr', 'base']) await signed(server, pae(TYPE, statement(name)), THREE) // and one who does not
  await logV2(server, statement('base'), TWO) // under another digest
  for (const name of ['oms', 'dataset']) await logV1(server, statement(name), ONE)
  for (const key of [P256, P384]) await post(server, proposals, v1.intotoV2([key]))
  await post(server, proposals, v1.intotoV1(P256))
  await post(server, proposals, v1.dsse([P256]))
  const late = pae(TYPE, provenance({ made: digest(5), from: [digest(6)] }))
  for (const key of [ONE, THREE]) await signed(server, late, key)
  await signedV1(server, late)
  t.equal(await put(server, late), 201, 'to the first entry of each log')
  await signed(server, BILL)
  await signedV1(server, BILL)
  t.equal(await put(server, BILL), 201)
  await signed(server, BILL, THREE)
  const large = provenance({ made: digest(7), from: [digest(8)], name: 'n'.repeat(9000) })
  await logV2(server, large, ONE)
  await logV2(server, provenance({ made: digest(9), from: [digest(10)] }), ONE)
}

t.test('every kind of entry: what is made again is what was, and what is too much is said', async (t) => {
  const server = await startServer(t, ['--dialects', 'rekor-v2,rekor-v1', '--attachment-limit', '8192'])
  const { dir } = server
  await fill(server)
  const derived = (rows: unknown[]) => rows.filter((row) => (row as { source: number }).source === 1)
  await server.stop()
  const before = rows(dir)
  const check = async (answer: object) => t.match(await command(['reindex', '--data', dir, '--check']), answer)
  await check({ code: 0, printed: /^v2: \d+ entries, 0 rows are missing\nv1: \d+ entries, 0 rows are missing\n$/ })
  forget(dir)
  await check({ code: 1 })
  const { printed } = await command(['reindex', '--data', dir])
  const added = [...printed.matchAll(/(\d+) rows were added/g)].reduce((sum, [, count]) => sum + Number(count), 0)
  t.equal(added, derived(before).length)
  t.same(rows(dir), before, 'equal, row by row')
  await check({ code: 0 })
  t.match(await command(['fsck', '--data', dir]), { code: 0 })

  const db = new Sqlite(join(dir, 'log.db'))
  db.prepare('INSERT INTO lookup VALUES (0, ?, 3, 1)').run(Buffer.alloc(32, 9))
  db.close()
  const surplus = {
    code: 1,
    printed: /^v2: \d+ entries, 0 rows (are missing|were added), 1 follow from nothing that is kept\n/,
  }
  await check(surplus)
  t.match(await command(['reindex', '--data', dir]), surplus, 'which nothing takes away')
})

t.test('what was withdrawn, and what was too large to be kept', async (t) => {
  const server = await startServer(t, ['--dialects', 'rekor-v2,rekor-v1', '--attachment-limit', '8192'])
  const { dir } = server
  await fill(server)
  await logV1(server, provenance({ made: digest(7), from: [digest(8)], name: 'n'.repeat(9000) }), ONE)
  const gone = `sha256:${sha256(pae(TYPE, provenance({ made: digest(9), from: [digest(10)] })))}`
  t.match(await command(['withdraw', 'v2', gone, '--reason', 'by order', '--yes', '--data', dir]), { code: 0 })
  await server.stop()
  const before = rows(dir)
  const clean = { code: 0, printed: /^v2: \d+ entries, 0 rows are missing\n/ }
  t.match(await command(['reindex', '--data', dir, '--check']), clean, 'its rows are no surplus')
  forget(dir)
  t.match(await command(['reindex', '--data', dir]), { code: 0 })
  const after = new Set(rows(dir).map((row) => JSON.stringify(row)))
  const lost = before.filter((row) => !after.has(JSON.stringify(row))) as { idx: number }[]
  t.equal(after.size + lost.length, before.length, 'nothing that was not there')
  t.equal(new Set(lost.map(({ idx }) => idx)).size, 2, 'nothing but what it said is lost')
  t.match(await command(['reindex', '--data', dir, '--check']), clean)
})
