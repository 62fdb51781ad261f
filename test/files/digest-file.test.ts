import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { digestFile } from '../../src/files/digest-file.ts'

t.test('each digest of a file of any size, in one pass', async (t) => {
  const folder = t.testdir()
  for (const size of [0, 1, 1_048_575, 1_048_576, 1_048_577, 5_000_000]) {
    const bytes = randomBytes(size)
    const path = join(folder, String(size))
    writeFileSync(path, bytes)
    let last = [0, 0]
    const digests = await digestFile(path, new Set(['SHA2_256', 'SHA2_384', 'SHA2_512']), (...seen) => {
      last = seen
    })
    for (const [name, algorithm] of [
      ['SHA2_256', 'sha256'],
      ['SHA2_384', 'sha384'],
      ['SHA2_512', 'sha512'],
    ] as const)
      t.same(
        digests.get(name),
        new Uint8Array(createHash(algorithm).update(bytes).digest()),
        `${name} of ${size} bytes`,
      )
    t.same(last, size === 0 ? [0, 0] : [size, size])
  }
})

t.test('what cannot be read is the system’s error', async (t) => {
  const folder = t.testdir()
  await t.rejects(digestFile(join(folder, 'nothing'), new Set(['SHA2_256'])), { code: 'ENOENT' })
  await t.rejects(digestFile(folder, new Set(['SHA2_256'])), { code: 'EISDIR' })
})
