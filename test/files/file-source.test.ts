import { open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { fileSource } from '../../src/files/file-source.ts'
import { readGguf } from '../../src/formats/model/gguf.ts'
import * as make from '../formats/model/make.ts'

const GIB = 2 ** 30

t.test('a model of 6 GiB: only its header is read', async (t) => {
  const path = join(t.testdir(), 'model.gguf')
  const tensor = (name: string, offset: number) => ({ name, dims: [GIB], type: 1, offset })
  const header = make.gguf({ tensors: [tensor('a', 0), tensor('b', 2 * GIB), tensor('c', 4 * GIB)] })
  const size = header.length + 6 * GIB
  await writeFile(path, header)
  await truncate(path, size)
  const file = await open(path)
  t.teardown(() => file.close())
  const source = fileSource(file, size)
  let read = 0
  const counted = {
    size,
    read: (at: number, length: number) => {
      read += length
      return source.read(at, length)
    },
  }
  t.match(await readGguf(counted), { tensors: { length: 3 }, findings: { count: 0 } })
  t.ok(read < 200_000, `${read} bytes`)
})

t.test('a file that becomes shorter meanwhile is told', async (t) => {
  const path = join(t.testdir({ file: 'abcdef' }), 'file')
  const file = await open(path)
  t.teardown(() => file.close())
  const source = fileSource(file, 6)
  t.same(await source.read(2, 4), new Uint8Array(Buffer.from('cdef')))
  await truncate(path, 3)
  await t.rejects(source.read(2, 4), { code: 'MODEL_MALFORMED', message: /byte 3: / })
})
