/** ML-DSA-44 on Node; more vectors of others run through it in test/verify/checkpoint.test.ts. */

import t from 'tap'
import { cosignedTree } from '../../src/formats/c2sp/cosignature.ts'
import { EMPTY_ROOT } from '../../src/kernel/hash.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { fromHex, readJson } from '../crypto/sides.ts'
import { head, mlDsaKey } from '../verify/support.ts'

t.test('good, and not', async (t) => {
  const { vkey, line } = mlDsaKey('w', 1)
  const checkpoint = head('origin', 0, EMPTY_ROOT)
  const message = cosignedTree(5, 'w', checkpoint)
  const signature = (await line(checkpoint, 5)).signature.subarray(8)
  t.equal(await verifyMlDsa44(vkey.publicKey, message, signature), true)
  t.equal(await verifyMlDsa44(vkey.publicKey, cosignedTree(6, 'w', checkpoint), signature), false, 'another message')
  t.equal(await verifyMlDsa44(mlDsaKey('w', 2).vkey.publicKey, message, signature), false, 'another key')
  for (const at of [0, 31, 32, 1000, 2335, 2336, 2419])
    t.equal(
      await verifyMlDsa44(
        vkey.publicKey,
        message,
        signature.map((byte, i) => (i === at ? byte ^ 1 : byte)),
      ),
      false,
      `byte ${at}`,
    )
  for (const length of [0, 2419, 2421])
    t.equal(await verifyMlDsa44(vkey.publicKey, message, new Uint8Array(length)), false, `${length} bytes`)
  await t.rejects(verifyMlDsa44(vkey.publicKey.subarray(1), message, signature), 'no key')
})

interface Wycheproof {
  readonly testGroups: readonly {
    readonly publicKey: string
    readonly tests: readonly {
      readonly tcId: number
      readonly msg: string
      readonly ctx?: string
      readonly sig: string
      readonly result: 'valid' | 'invalid'
    }[]
  }[]
}

t.test('Project Wycheproof: all that is valid with an empty context, and nothing else', async (t) => {
  const count = { good: 0, bad: 0 }
  const wrong: number[] = []
  for (const { publicKey, tests } of readJson<Wycheproof>('wycheproof/mldsa_44_verify_test.json').testGroups)
    for (const { tcId, msg, ctx = '', sig, result } of tests) {
      const isGood = await verifyMlDsa44(fromHex(publicKey), fromHex(msg), fromHex(sig)).catch(() => false)
      if (isGood !== (result === 'valid' && ctx === '')) wrong.push(tcId)
      count[isGood ? 'good' : 'bad'] += 1
    }
  t.same(wrong, [])
  t.same(count, { good: 75, bad: 105 })
})
