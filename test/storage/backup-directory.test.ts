import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { unixMillis } from '../../src/kernel/brand.ts'
import {
  checkBackup,
  copyBackup,
  createBackup,
  finishRestore,
  isRestoreUnderWay,
} from '../../src/storage/backup-directory.ts'
import { openDatabase } from '../../src/storage/sqlite/open.ts'
import { scratch } from '../cli/support.ts'

const quiet = () => undefined

/** A data directory with a log in it, keys, trust files, and what no backup takes. */
async function makeData(folder: string): Promise<string> {
  const data = join(folder, 'data')
  for (const part of ['keys', 'trust/tuf', 'ratchet']) mkdirSync(join(data, part), { recursive: true })
  const database = openDatabase(join(data, 'log.db'), { create: true })
  await database.createLog({ slug: 'v2', dialect: 'rekor-v2', origin: 'o', vkey: 'k', createdAt: unixMillis(1) })
  await database.close()
  for (const path of ['keys/v2.pem', 'trust/trusted_root.json', 'trust/tuf/1.root.json', 'ratchet/a.ratchet', 'lock'])
    writeFileSync(join(data, path), path)
  chmodSync(join(data, 'keys/v2.pem'), 0o600)
  return data
}

const FILES = ['log.db', 'keys/v2.pem', 'trust/trusted_root.json', 'trust/tuf/1.root.json']
const folder = scratch(t)
const data = await makeData(folder)
const good = join(folder, 'backup')
const request = { data, out: good, keys: true, onProgress: quiet }

t.test('database, keys and trust files; neither ratchet nor lock', async (t) => {
  mkdirSync(good)
  t.same(
    (await createBackup(request)).map(({ path }) => path),
    FILES,
  )
  t.same(readdirSync(good, { recursive: true }).sort(), ['backup.json', ...FILES, 'keys', 'trust', 'trust/tuf'].sort())
  for (const path of [...FILES, 'backup.json']) t.equal(statSync(join(good, path)).mode & 0o777, 0o600, path)
  t.same(
    (await checkBackup(good, quiet)).map(({ path }) => path),
    FILES,
  )
  await t.rejects(createBackup(request), { code: 'COPY_REFUSED', message: /is not empty/ })
  const without = join(folder, 'without')
  await createBackup({ ...request, out: without, keys: false })
  t.equal(existsSync(join(without, 'keys')), false)
  t.equal(statSync(without).mode & 0o777, 0o700)
  await t.rejects(createBackup({ ...request, data: join(folder, 'nowhere'), out: join(folder, 'x') }), {
    code: 'STORE_MISSING',
  })
})

t.test('ended before its manifest is there, it is no backup', async (t) => {
  const cut = join(folder, 'cut')
  cpSync(good, cut, { recursive: true })
  renameSync(join(cut, 'backup.json'), join(cut, 'backup.json.new'))
  await t.rejects(checkBackup(cut, quiet), {
    code: 'COPY_REFUSED',
    message: /is no backup, or making it was interrupted/,
  })
})

t.test('a file that changed, is short, or is gone', async (t) => {
  for (const path of FILES)
    for (const change of ['flip', 'cut', 'remove']) {
      const bad = join(folder, 'bad')
      rmSync(bad, { recursive: true, force: true })
      cpSync(good, bad, { recursive: true })
      const bytes = readFileSync(join(bad, path))
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
      if (change === 'remove') rmSync(join(bad, path))
      else writeFileSync(join(bad, path), change === 'flip' ? bytes : bytes.subarray(0, -1))
      await t.rejects(checkBackup(bad, quiet), { code: 'COPY_REFUSED' }, `${path}: ${change}`)
    }
})

t.test('a manifest that leads elsewhere, or is none', async (t) => {
  const path = join(folder, 'bad', 'backup.json')
  const text = readFileSync(join(good, 'backup.json'), 'utf8')
  const changes: readonly [string, string | RegExp, string][] = [
    ['another format', 'backup 1', 'backup 2'],
    ['up', 'keys/v2.pem', 'keys/../../v2.pem'],
    ['absolute', 'keys/v2.pem', '/keys/v2.pem'],
    ['hidden', 'keys/v2.pem', 'keys/.ssh'],
    ['elsewhere', 'keys/v2.pem', 'ratchet/v2.ratchet'],
    ['a folder', 'keys/v2.pem', 'keys'],
    ['twice', 'keys/v2.pem', 'trust/trusted_root.json'],
    ['no database', '"log.db"', '"keys/log.db"'],
    ['no count', /"bytes": \d+/, '"bytes": -1'],
    ['one field more', '"format"', '"more": 1, "format"'],
    ['cut off', /\}\s*$/, ''],
    ['an empty list', /"files": \[[\s\S]*\]/, '"files": []'],
  ]
  for (const [name, from, to] of changes) {
    const changed = text.replace(from, to)
    t.not(changed, text)
    writeFileSync(path, changed)
    await t.rejects(checkBackup(join(folder, 'bad'), quiet), { code: 'COPY_REFUSED' }, name)
  }
  writeFileSync(path, Buffer.alloc(4 * 2 ** 20 + 1))
  await t.rejects(checkBackup(join(folder, 'bad'), quiet), { code: 'COPY_REFUSED', message: /above 4194304 bytes/ })
})

t.test('restored, from wherever an earlier attempt ended', async (t) => {
  const files = await checkBackup(good, quiet)
  const steps: readonly [string, (to: string) => Promise<unknown>][] = [
    ['at once', async () => undefined],
    ['half a database', async (to) => writeFileSync(join(to, 'log.db.restoring'), 'half')],
    ['all files', async (to) => copyBackup(good, to, files)],
    [
      'verified, and killed',
      async (to) => {
        await copyBackup(good, to, files)
        for (const suffix of ['-wal', '-shm'])
          writeFileSync(join(to, `log.db.restoring${suffix}`), 'of another attempt')
      },
    ],
  ]
  for (const [name, earlier] of steps) {
    const to = join(folder, name)
    mkdirSync(to)
    await earlier(to)
    t.equal(isRestoreUnderWay(to), name !== 'at once', name)
    t.equal(existsSync(join(to, 'log.db')), false, 'nothing can start from it')
    const path = await copyBackup(good, to, files)
    openDatabase(path).close()
    await finishRestore(to)
    t.same(readdirSync(to, { recursive: true }).sort(), [...FILES, 'keys', 'trust', 'trust/tuf'].sort())
    t.equal(isRestoreUnderWay(to), false)
    t.equal(statSync(join(to, 'keys/v2.pem')).mode & 0o777, 0o600)
    const database = openDatabase(join(to, 'log.db'))
    t.equal((await database.logs())[0]?.slug, 'v2')
    await database.close()
  }
})
