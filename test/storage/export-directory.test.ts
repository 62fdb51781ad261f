import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { utf8 } from '../../src/kernel/bytes.ts'
import { openExportDirectory, readDirectory } from '../../src/storage/export-directory.ts'
import { scratch } from '../cli/support.ts'
import { exportTargetContract } from '../contract/export-target.ts'

exportTargetContract('a directory', async (t) => {
  const dir = join(scratch(t), 'a', 'b')
  return {
    open: () => openExportDirectory(dir),
    contents: async () => {
      const files = readdirSync(dir, { recursive: true, encoding: 'utf8', withFileTypes: true }).filter((f) =>
        f.isFile(),
      )
      const paths = files.map(({ parentPath, name }) => relative(dir, join(parentPath, name)))
      const ours = paths.filter((path) => !path.startsWith('.work/'))
      return new Map(ours.map((path) => [path, new Uint8Array(readFileSync(join(dir, path)))]))
    },
  }
})

t.test('nothing half-written is left, and all may be served', async (t) => {
  const dir = scratch(t)
  const target = await openExportDirectory(dir)
  await target.replace('checkpoint', utf8('two'))
  t.equal(await target.read('checkpoint/below', 9), null)
  await t.rejects(target.read('checkpoint', 2), { code: 'COPY_REFUSED', message: /3 bytes, at most 2/ })
  t.equal(statSync(join(dir, 'checkpoint')).mode & 0o400, 0o400)
  await target.close()
  t.same(readdirSync(join(dir, '.work/new')), [])
})

t.test('one writer at a time, and what an ended one left is cleared', async (t) => {
  const dir = scratch(t)
  const first = await openExportDirectory(dir)
  await t.rejects(openExportDirectory(dir), { code: 'STORE_LOCKED', message: /another export is writing there/ })
  await first.close()
  writeFileSync(join(dir, '.work/new/0'), 'half')
  const second = await openExportDirectory(dir)
  await second.add('a', utf8('whole'))
  await second.close()
  t.equal(readFileSync(join(dir, 'a'), 'utf8'), 'whole')
})

t.test('what the disk refuses is heard of at the flush', async (t) => {
  const dir = scratch(t)
  const target = await openExportDirectory(dir)
  writeFileSync(join(dir, 'tile'), 'a file in the way')
  await target.add('tile/0/000', utf8('x'))
  await t.rejects(target.flush(), { code: /ENOTDIR|EEXIST/ })
  await target.close()
  mkdirSync(join(dir, 'folder'))
  await t.rejects(readDirectory(dir)('folder', 10_000), { code: 'EISDIR' })
  if (existsSync('/proc/self'))
    // where Node's own recursive mkdir never returns
    await t.rejects(openExportDirectory('/proc/colophon'), { code: 'STORE_MISSING' })
})
