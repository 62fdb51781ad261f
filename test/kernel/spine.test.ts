import fc from 'fast-check'
import t from 'tap'
import { utf8 } from '../../src/kernel/bytes.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { Spine } from '../../src/kernel/spine.ts'
import { treeOf } from '../reference/rfc6962.ts'

const mth = (entries: readonly Uint8Array[]) => treeOf(entries).mth(0n, BigInt(entries.length))

t.test('root and nodes are those of RFC 6962', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), (size) => {
      const entries = Array.from({ length: size }, (_, i) => utf8(`${i}`))
      const spine = new Spine()
      let nodes = 0
      for (const entry of entries)
        spine.append(leafHash(entry), ({ level, index }, node) => {
          nodes++
          t.same(node, mth(entries.slice(index * 2 ** level, (index + 1) * 2 ** level)))
        })
      t.same(spine.root(), mth(entries))
      t.equal(spine.size, size)
      const complete = Array.from({ length: 10 }, (_, level) => Math.floor(size / 2 ** level))
      t.equal(
        nodes,
        complete.reduce((sum, count) => sum + count, 0),
        'each complete node once',
      )
    }),
    { numRuns: 20 },
  )
})
