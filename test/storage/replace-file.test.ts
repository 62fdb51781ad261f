/** A file is the old one or the new one. */

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { utf8 } from '../../src/kernel/bytes.ts'
import { replaceFile } from '../../src/storage/replace-file.ts'
import { scratch } from '../cli/support.ts'

t.test('made, replaced, left alone', async (t) => {
  const dir = scratch(t)
  const path = join(dir, 'file')
  replaceFile(path, (exists) => utf8(`first ${exists}`))
  t.equal(readFileSync(path, 'utf8'), 'first false')
  t.equal(statSync(path).mode & 0o777, 0o600)
  replaceFile(path, (exists) => utf8(`second ${exists}`))
  t.equal(readFileSync(path, 'utf8'), 'second true')
  t.throws(
    () =>
      replaceFile(path, () => {
        throw new Error('no')
      }),
    { message: 'no' },
  )
  t.equal(readFileSync(path, 'utf8'), 'second true', 'as it was')
  t.same(readdirSync(dir), ['file'], 'and nothing beside it')
})

t.test('one at a time', async (t) => {
  const path = join(scratch(t), 'file')
  replaceFile(path, () => {
    t.throws(() => replaceFile(path, () => utf8('other')), { code: 'STORE_LOCKED', message: /file\.new is there/ })
    return utf8('mine')
  })
  t.equal(readFileSync(path, 'utf8'), 'mine')
  writeFileSync(`${path}.new`, 'half of a') // what a crash leaves
  t.throws(() => replaceFile(path, () => utf8('again')), { code: 'STORE_LOCKED' })
  t.equal(readFileSync(path, 'utf8'), 'mine')
  t.ok(existsSync(`${path}.new`), 'someone else’s draft is not removed')
  t.throws(() => replaceFile('/nowhere/file', () => utf8('')), { code: 'ENOENT' })
})
