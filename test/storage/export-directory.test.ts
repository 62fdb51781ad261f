import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { utf8 } from '../../src/kernel/bytes.ts'
import { openExportDirectory, readDirectory } from '../../src/storage/export-directory.ts'
import { scratch } from '../cli/support.ts'

t.test('files come whole, stay as they are, and are read back', async (t) => {
  const dir = join(scratch(t), 'a', 'b')
  const target = await openExportDirectory(dir)
  const paths = Array.from({ length: 40 }, (_, i) => `tile/0/x00${i % 3}/${String(i).padStart(3, '0')}.p/7`)
  for (const path of paths) await target.add(path, utf8(path))
  await target.flush()
  for (const path of paths) t.equal(readFileSync(join(dir, path), 'utf8'), path)
  await target.add('tile/0/x000/000.p/7', utf8('tile/0/x000/000.p/7'))
  await target.flush()
  await target.add('tile/0/x000/000.p/7', utf8('else'))
  await t.rejects(target.flush(), {
    code: 'COPY_REFUSED',
    message: /other content than this log: it is never written over/,
  })
  t.equal(readFileSync(join(dir, 'tile/0/x000/000.p/7'), 'utf8'), 'tile/0/x000/000.p/7')
  await target.replace('checkpoint', utf8('one'))
  await target.replace('checkpoint', utf8('two'))
  t.same(await target.read('checkpoint', 3), utf8('two'))
  await t.rejects(target.read('checkpoint', 2), { code: 'COPY_REFUSED', message: /3 bytes, at most 2/ })
  t.equal(await target.read('nothing', 9), null)
  t.equal(await target.read('checkpoint/below', 9), null)
  await target.removePartials('tile/0/x000/000')
  await target.removePartials('tile/0/x000/000')
  t.equal(await target.read('tile/0/x000/000.p/7', 99), null)
  t.equal(statSync(join(dir, 'checkpoint')).mode & 0o400, 0o400)
  await target.close()
  t.same(readdirSync(join(dir, '.work/new')), [], 'nothing half-written is left')
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
