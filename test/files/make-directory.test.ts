/** Directories, made or refused, and never an endless loop. */

import { existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeDirectory } from '../../src/files/make-directory.ts'
import { scratch } from '../cli/support.ts'

t.test('made with what is above it', async (t) => {
  const base = scratch(t)
  const path = join(base, 'a', 'b', 'c')
  t.same(makeDirectory(path), [join(base, 'a'), join(base, 'a/b'), path])
  for (const each of ['a', 'a/b', 'a/b/c']) t.equal(statSync(join(base, each)).mode & 0o777, 0o700, each)
  t.same(makeDirectory(path), [])
  symlinkSync(path, join(base, 'link'))
  makeDirectory(join(base, 'link', 'd'))
  t.ok(existsSync(join(path, 'd')))
})

t.test('refused', async (t) => {
  const base = scratch(t)
  writeFileSync(join(base, 'file'), '')
  symlinkSync(join(base, 'nowhere'), join(base, 'dangling'))
  t.throws(() => makeDirectory(join(base, 'file')), { code: 'EEXIST' })
  t.throws(() => makeDirectory(join(base, 'file', 'a', 'b')), { code: 'ENOTDIR' })
  t.throws(() => makeDirectory(join(base, 'dangling', 'a')), Error)
  if (existsSync('/proc/self'))
    for (const path of ['/proc/colophon', '/proc/colophon/data'])
      t.throws(
        () => makeDirectory(path),
        { code: 'STORE_MISSING', message: /the filesystem takes no directories/ },
        path,
      )
})
