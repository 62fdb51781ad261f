/** A server whose logs move from its directory to PostgreSQL, and from there to another directory, and go on. */

import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { closeCrypto } from '../../src/crypto/node.ts'
import { tryServe } from '../fault/refusals-cases.ts'
import { dsseBody, ecKey, hashedRekordBody } from '../http/requests.ts'
import { ask, postEntry, startServer, type TestServer } from '../http/support.ts'
import { fileServer, rawClient } from '../storage/postgres/support.ts'
import { contentOf, inDirectory, inPostgres } from './copy-support.ts'
import { command, scratch } from './support.ts'

const postgres = await fileServer()
t.teardown(closeCrypto)

const KEY = ecKey()
const STATEMENT = readFileSync(new URL('../vectors/custody/stmt-finetune.json', import.meta.url))
const ABOUT = '4146e09511efc6eddbb6c93458c61836bda7f89ad06c6200c3427318bcc2ac79'

const SEEN = [
  '/logs/v2/checkpoint',
  '/logs/v1/checkpoint',
  '/logs/old/checkpoint',
  '/logs/v2/entries/0',
  '/logs/v2/entries/1/tlog-proof',
  '/logs/v2/tile/0/000.p/4',
  '/logs/v2/tile/entries/000.p/4',
  `/artifacts/sha256:${ABOUT}`,
  `/artifacts/sha256:${ABOUT}/custody?direction=up`,
]

/** But for the signatures: a server that starts signs its newest checkpoint anew, with the time. */
async function seen(server: TestServer): Promise<readonly string[]> {
  const text = async (path: string) => (await ask(server, path)).text.replaceAll(/— \S+ [A-Za-z0-9+/=]+/g, '')
  return await Promise.all(SEEN.map(async (path) => `${path}: ${await text(path)}`))
}

t.test('logs that move are the same, go on, and are served at one place', async (t) => {
  const folder = scratch(t)
  const dir = (name: string) => join(folder, name)
  const [ratchet, url] = [['--ratchet', dir('ratchet')], await postgres.create('moving')]
  const flags = [...ratchet, '--hostname', 'log.example', '--dialects', 'rekor-v2,rekor-v1']
  const copy = (from: string, to: string) => command(['copy', '--from', from, '--to', to])
  const first = await startServer(t, flags, dir('one'))
  for (const body of [dsseBody(KEY, STATEMENT), hashedRekordBody(KEY), hashedRekordBody(KEY)])
    t.equal((await postEntry(first, body)).status, 201)
  const place = ['--data', dir('one'), ...ratchet]
  t.match(await command(['log', 'create', 'old', '--origin', 'old.example', ...place]), { code: 0 })
  t.match(await command(['freeze', 'old', '--yes', ...place]), { code: 0 })
  const other = JSON.parse((await ask(first, '/logs/v2/entries/0')).text).attachments[0]
  t.match(
    await command(['withdraw', 'v1', `${other.algorithm}:${other.digest}`, '--reason', 'a test', '--yes', ...place]),
    {
      code: 0,
    },
  )
  t.equal(
    (await postEntry(first, dsseBody(ecKey(), Buffer.from(STATEMENT.toString().replace('"_type"', ' "_type"')))))
      .status,
    201,
  )
  const before = await seen(first)
  t.match(await copy(dir('one'), url), { code: 3, warned: /^STORE_LOCKED: .* is in use by process/ })
  await first.stop()
  const content = await inDirectory(dir('one'), contentOf)

  t.match(await copy(dir('one'), url), { code: 0, printed: /^v2: 4 entries.*\nv1: 1 entries.*\nold: 0 entries/ })
  t.same(await inPostgres(url, contentOf), content)
  t.match(await tryServe(dir('one'), ...ratchet), {
    code: 3,
    warned: /^STORE_MOVED: .* were moved to postgres:.*, and go on there/,
  })
  t.match(await command(['retire', 'v2', '--yes', ...place]), { code: 3, warned: /^STORE_MOVED/ })
  t.match(await command(['fsck', ...place]), { code: 0 }, 'it can be read')
  t.match(await copy(dir('one'), dir('three')), { code: 3, warned: /^STORE_MOVED: .*copy from that database/ })

  const second = await startServer(t, [...flags, '--database', url], dir('one'))
  t.same(await seen(second), before, 'the same checkpoints, proofs and tiles')
  t.equal((await postEntry(second, hashedRekordBody(KEY))).status, 201, 'and it goes on')
  t.match((await ask(second, '/logs/v2/checkpoint')).text, /^log\.example\n5\n/)
  t.match(await copy(url, dir('two')), { code: 3, warned: /^STORE_LOCKED: .* sequences log v2: stop all nodes first/ })
  const after = await seen(second)
  await second.stop()

  const raw = await rawClient(t, url)
  await raw.query(`INSERT INTO pending (log, node, bytes, hash, leaf, keys, attachments, withdraws)
    VALUES (0, 'x', 0, decode(repeat('00', 32), 'hex'), '', '', '', '')`)
  t.match(await copy(url, dir('two')), { code: 3, warned: /^STORE_LOCKED|^STORE_CORRUPT|^LOG_BUSY/ })
  await raw.query('DELETE FROM pending')
  t.match(
    await copy(url, dir('one')),
    { code: 3, warned: /^COPY_REFUSED: .*one has logs already/ },
    'nothing is written over',
  )
  t.match(await copy(url, dir('two')), { code: 0, printed: /^v2: 5 entries/ })
  t.match(await tryServe(dir('one'), ...ratchet, '--database', url), { code: 3, warned: /^STORE_MOVED/ })
  for (const name of ['keys', 'trust']) cpSync(join(dir('one'), name), join(dir('two'), name), { recursive: true })
  const third = await startServer(t, flags, dir('two'))
  t.same(await seen(third), after)
  t.equal((await postEntry(third, hashedRekordBody(KEY))).status, 201)
  await third.stop()
  t.match(await command(['fsck', '--data', dir('two'), ...ratchet]), { code: 0, printed: /^v2: 6 entries, clean/ })
})

t.test('how the two ends are spelled', async (t) => {
  const folder = scratch(t)
  const db = 'postgres://colophon@127.0.0.1:1/x'
  for (const [argv, warned] of [
    [[], /--from: must be said.*\n--to: must be said/],
    [['--from', folder, '--to', folder], /--to: is where --from is/],
    [['--from', folder, '--to', join(folder, 'x')], /--to: is where --from is/],
    [['--from', db, '--to', db], /--to: is where --from is/],
    [['--from', folder, '--to', 's3://bucket/x'], /--to: is neither a data directory nor postgres:/],
    [['--from', folder, '--to', 'postgres://u:secret@h/x'], /--to: a password is not taken here/],
    [['--from', folder, '--to', 'postgres:x'], /--to: not postgres:/],
    [['--from', '', '--to', db], /--from: must be a path/],
    [['--from', folder, '--to', db, 'word'], /copy takes flags alone/],
    [['--from', folder, '--to', db, '--force'], /--force: there is no such flag/],
  ] as const)
    t.match(await command(['copy', ...argv]), { code: 2, warned }, argv.join(' '))
  const empty = { COLOPHON_DATABASE_PASSWORD: '' }
  t.match(await command(['copy', '--from', folder, '--to', db], empty), {
    code: 2,
    warned: /PASSWORD: is set, but empty/,
  })
  t.match(await command(['copy', '--from', join(folder, 'none'), '--to', db]), { code: 3, warned: /^STORE_MISSING/ })
  t.match(await command(['copy', '--from', db, '--to', join(folder, 'to')]), { code: 3, warned: /^STORE_UNAVAILABLE/ })
})
