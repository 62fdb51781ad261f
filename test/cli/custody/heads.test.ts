import t from 'tap'
import { Heads } from '../../../src/cli/custody/heads.ts'
import { hash, treeSize } from '../../../src/kernel/brand.ts'
import { refused } from '../../formats/support.ts'

t.test('two trees of one size by one log are a lie', async (t) => {
  const heads = new Heads()
  const head = (origin: string, size: number, byte: number) => ({
    ...{ origin, size: treeSize(size), root: hash(new Uint8Array(32).fill(byte)) },
  })
  for (const one of [head('a', 5, 1), head('a', 5, 1), head('a', 3, 2), head('b', 5, 3)]) heads.see(one)
  t.same(
    [...heads.sizes],
    [
      ['a', 5],
      ['b', 5],
    ],
  )
  refused(() => heads.see(head('a', 5, 2)), 'CHECKPOINT_UNTRUSTED', 'a fork')
})
