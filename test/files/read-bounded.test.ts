import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readBounded } from '../../src/files/read-bounded.ts'

t.test('a file, or the beginning of one that is too long', async (t) => {
  const path = join(t.testdir(), 'file')
  for (const size of [0, 1, 65_535, 65_536, 65_537, 200_000]) {
    const bytes = randomBytes(size)
    writeFileSync(path, bytes)
    t.same(await readBounded(path, size), new Uint8Array(bytes), `${size} bytes`)
    if (size > 1) t.equal((await readBounded(path, size - 2)).length, size - 1, 'one byte too many says that it is')
  }
  t.equal((await readBounded('/dev/zero', 100_000)).length, 100_001, 'a device ends too')
  await t.rejects(readBounded(join(path, 'no'), 1), { code: 'ENOTDIR' })
  await t.rejects(readBounded(t.testdirName, 1), { code: 'EISDIR' })
})
