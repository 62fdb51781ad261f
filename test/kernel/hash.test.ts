import fc from 'fast-check'
import t from 'tap'
import { hash } from '../../src/kernel/brand.ts'
import { equal, hex } from '../../src/kernel/bytes.ts'
import { EMPTY_ROOT, leafHash, nodeHash } from '../../src/kernel/hash.ts'
import { leaf, node, sha256 } from '../reference/rfc6962.ts'

t.test('the empty tree and the empty leaf have different hashes', async (t) => {
  t.equal(hex(EMPTY_ROOT), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  t.equal(hex(leafHash(new Uint8Array())), '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
  t.same(EMPTY_ROOT, sha256())
})

t.test('leaves of any length hash as the RFC says', async (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (entry) => equal(leafHash(entry), leaf(entry))))
  for (const length of [63, 64, 65, 65_535]) {
    const entry = new Uint8Array(length).fill(7)
    t.equal(hex(leafHash(entry)), hex(leaf(entry)), `${length} bytes`)
  }
})

const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hash)

t.test('nodes hash as the RFC says, and keep their value when the next one is made', async () => {
  fc.assert(
    fc.property(hashes, hashes, (left, right) => {
      const parent = nodeHash(left, right)
      const next = nodeHash(parent, right)
      return equal(parent, node(left, right)) && equal(next, node(parent, right))
    }),
  )
})
