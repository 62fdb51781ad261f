/** `colophon backup` and `colophon restore`. */

import { cpSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ecKey, hashedRekordBody } from '../http/requests.ts'
import { postEntry, startServer } from '../http/support.ts'
import { command, scratch } from './support.ts'

const KEY = ecKey()

type Places = [string, string, string]

/** A server with its ratchet beside its data, and a backup of two entries; three more came after it. */
async function scene(t: Test) {
  const folder = scratch(t)
  const [data, ratchet, backup] = ['data', 'ratchet', 'backup'].map((name) => join(folder, name)) as Places
  const server = await startServer(t, ['--ratchet', ratchet], data)
  for (let i = 0; i < 2; i++) t.equal((await postEntry(server, hashedRekordBody(KEY))).status, 201)
  const made = await command(['backup', backup, '--data', data])
  for (let i = 0; i < 3; i++) t.equal((await postEntry(server, hashedRekordBody(KEY))).status, 201)
  await server.stop()
  const restore = (...more: string[]) => command(['restore', backup, '--data', data, '--ratchet', ratchet, ...more])
  return { folder, data, ratchet, backup, made, restore }
}

t.test('a backup beside a server', async (t) => {
  const { folder, data, backup, made } = await scene(t)
  t.match(made, { code: 0, printed: /^\d+ files, \d+ bytes in / })
  t.match(made.warned, /holds the logs' PRIVATE KEYS/)
  t.same(readdirSync(backup).sort(), ['backup.json', 'keys', 'log.db', 'trust'])
  t.same(readdirSync(join(backup, 'keys')).sort(), ['tuf.pem', 'v2.ml-dsa-44.pem', 'v2.pem'])
  t.match(await command(['backup', backup, '--data', data]), { code: 3, warned: /^COPY_REFUSED: .* is not empty/ })
  const without = await command(['backup', join(folder, 'without'), '--data', data, '--without-keys'])
  t.match(without, { code: 0, warned: '' })
  t.same(readdirSync(join(folder, 'without')).sort(), ['backup.json', 'log.db', 'trust'])
  t.match(await command(['backup', '--data', data]), { code: 2, warned: /backup takes one path, OUT/ })
  t.match(await command(['backup', join(folder, 'x'), '--data', join(folder, 'y')]), {
    code: 3,
    warned: /^STORE_MISSING/,
  })
})

t.test('an older backup is restored, and said to be older', async (t) => {
  const { data, restore, folder, ratchet } = await scene(t)
  t.match(await restore(), { code: 3, warned: /^COPY_REFUSED: .* is in use: it holds/ }, 'never over another')
  renameSync(data, join(folder, 'kept'))
  t.match(await restore(), {
    code: 1,
    printed:
      /^v2: 2 entries, NOT WHOLE\n {2}3 entries are missing: the backup ends at 2, the ratchet says 5 was signed\n.*colophon recover --log v2 --from COPY/,
  })
  const start = await command([
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--data',
    data,
    '--ratchet',
    ratchet,
    '--log-level',
    'silent',
  ])
  t.match(start, {
    code: 3,
    warned: /^RATCHET_REFUSED: the database is behind the last signed head: it ends at 2, the ratchet says 5/,
  })
})

t.test('a backup of the end is whole', async (t) => {
  const { data, restore, folder, backup } = await scene(t)
  rmSync(backup, { recursive: true })
  await command(['backup', backup, '--data', data])
  renameSync(data, join(folder, 'kept'))
  const done = await restore()
  t.match(done, { code: 0, printed: 'v2: 5 entries, whole\n', warned: '' })
  t.match(await command(['fsck', '--data', data, '--ratchet', join(folder, 'ratchet')]), { code: 0 })
  const server = await startServer(t, ['--ratchet', join(folder, 'ratchet')], data)
  t.equal((await postEntry(server, hashedRekordBody(KEY))).status, 201)
})

t.test('without its ratchet, a restored log is not believed', async (t) => {
  const { data, restore, folder, ratchet } = await scene(t)
  renameSync(data, join(folder, 'kept'))
  renameSync(ratchet, join(folder, 'unmounted'))
  t.match(await restore(), { code: 1, printed: /NOT WHOLE\n {2}the ratchet cannot be read, so nobody knows/ })
})

t.test('the ratchet may be there already, inside the directory', async (t) => {
  const { data, folder, backup, ratchet } = await scene(t)
  renameSync(data, join(folder, 'kept'))
  cpSync(ratchet, join(data, 'ratchet'), { recursive: true })
  t.match(await command(['restore', backup, '--data', data]), { code: 1, printed: /3 entries are missing/ })
})

t.test('a ratchet that the backup does not know', async (t) => {
  const { data, folder, ratchet, restore } = await scene(t)
  t.match(
    await command(['log', 'create', 'later', '--origin', 'later.example', '--data', data, '--ratchet', ratchet]),
    { code: 0 },
  )
  renameSync(data, join(folder, 'kept'))
  t.match(await restore(), {
    code: 1,
    warned: /is of a log that the database does not have, and that never had an entry/,
  })
})

t.test('a fork is refused, and nothing can start from it', async (t) => {
  const { data, folder, ratchet } = await scene(t)
  const [twin, twinRatchet, backup] = ['twin', 'twin-ratchet', 'of-twin'].map((name) => join(folder, name)) as Places
  cpSync(data, twin, { recursive: true })
  cpSync(ratchet, twinRatchet, { recursive: true })
  // One key, two servers, each with a ratchet of its own: the one after 5 signs 6, the other 7.
  for (const [dir, ratchetDir, count] of [
    [data, ratchet, 1],
    [twin, twinRatchet, 2],
  ] as const) {
    const server = await startServer(t, ['--ratchet', ratchetDir], dir)
    for (let i = 0; i < count; i++) await postEntry(server, hashedRekordBody(KEY))
    await server.stop()
  }
  await command(['backup', backup, '--data', twin])
  renameSync(data, join(folder, 'kept'))
  const restore = () => command(['restore', backup, '--data', data, '--ratchet', ratchet])
  t.match(await restore(), {
    code: 3,
    warned: /^RATCHET_REFUSED: at size 6 the database has the root .* but this log signed/,
  })
  t.equal(existsSync(join(data, 'log.db')), false)
  const start = await command(['serve', '--listen', '127.0.0.1:0', '--data', data, '--ratchet', ratchet])
  t.match(start, { code: 3, warned: /^STORE_MISSING/ })
  t.match(await restore(), { code: 3, warned: /^RATCHET_REFUSED/ }, 'again and again')
  const bad = await command(['restore', join(folder, 'nothing'), '--data', data, '--ratchet', ratchet])
  t.match(bad, { code: 3, warned: /^COPY_REFUSED: .*backup.json is missing/ })
})

t.test('keys that were left out are asked for', async (t) => {
  const { data, folder, ratchet } = await scene(t)
  const backup = join(folder, 'without')
  await command(['backup', backup, '--data', data, '--without-keys'])
  renameSync(data, join(folder, 'kept'))
  const done = await command(['restore', backup, '--data', data, '--ratchet', ratchet])
  t.match(done, { code: 0, printed: /whole/, warned: /the backup has no keys: bring them back to .*keys/ })
  const serve = ['serve', '--listen', '127.0.0.1:0', '--data', data, '--ratchet', ratchet, '--log-level', 'silent']
  t.match(await command(serve), { code: 3, warned: /^KEY_FILE_REFUSED/ })
  cpSync(join(folder, 'kept', 'keys'), join(data, 'keys'), { recursive: true })
  await startServer(t, ['--ratchet', ratchet], data)
  t.match(await command(['restore']), { code: 2, warned: /restore takes one path/ })
})
