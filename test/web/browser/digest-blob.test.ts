import { createHash } from 'node:crypto'
import t from 'tap'
import { digestBlob } from '../../../src/web/browser/digest-blob.ts'

const MIB = 1024 * 1024

for (const size of [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5])
  t.test(`${size} bytes`, async (t) => {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i * 7)
    const heard: (readonly [number, number])[] = []
    const names = ['SHA2_256', 'SHA2_384', 'SHA2_512'] as const
    const digests = await digestBlob(new Blob([bytes]), new Set(names), (done, total) => heard.push([done, total]))
    for (const name of names) {
      const want = createHash(name.replace('SHA2_', 'sha')).update(bytes).digest('hex')
      t.equal(Buffer.from(digests.get(name) ?? []).toString('hex'), want, name)
    }
    t.ok(heard.length <= Math.ceil(size / MIB), `heard ${heard.length} times`)
    t.same(heard.at(-1), size === 0 ? undefined : [size, size])
  })

t.test('a file that is no byte stream', async (t) => {
  const blob = new Blob([new Uint8Array(2 * MIB + 1)])
  const plain = Object.assign(blob, { stream: () => new ReadableStream() })
  const digests = await digestBlob(plain, new Set(['SHA2_256']))
  const want = createHash('sha256')
    .update(new Uint8Array(2 * MIB + 1))
    .digest('hex')
  t.equal(Buffer.from(digests.get('SHA2_256') ?? []).toString('hex'), want)
})

t.test('whoever listens can end it', async (t) => {
  const stop = () => {
    throw new Error('enough')
  }
  await t.rejects(digestBlob(new Blob([new Uint8Array(3 * MIB)]), new Set(['SHA2_256']), stop), /enough/)
})
