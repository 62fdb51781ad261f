import fc from 'fast-check'
import t from 'tap'
import { cosignedTree, parseCosignature } from '../../../src/formats/c2sp/cosignature.ts'
import { hash } from '../../../src/kernel/brand.ts'
import { verifyMlDsa44 as native } from '../../../src/verify-node/ml-dsa.ts'
import { webAbilities } from '../../../src/web/browser/abilities.ts'
import { verifyMlDsa44 } from '../../../src/web/browser/ml-dsa.ts'
import { flipped, head, mlDsaKey } from '../../verify/support.ts'

const { vkey, line } = mlDsaKey('witness.example', 9)
const checkpoint = head('log.example', 3, hash(new Uint8Array(32).fill(1)))
const { time, signature } = parseCosignature((await line(checkpoint)).signature, 2420)
const message = cosignedTree(time, 'witness.example', checkpoint)
const key = vkey.publicKey

t.test('a good one, and by way of the abilities', async (t) => {
  t.equal(await verifyMlDsa44(key, message, signature), true)
  t.equal(await webAbilities.mlDsa44?.(key, message, signature), true)
  t.equal(webAbilities.certificates, null)
})

t.test('other lengths verify nothing', async (t) => {
  t.equal(await verifyMlDsa44(key.subarray(1), message, signature), false)
  t.equal(await verifyMlDsa44(key, message, signature.subarray(1)), false)
  t.equal(await verifyMlDsa44(key, message, new Uint8Array(2421)), false)
  t.equal(await verifyMlDsa44(key, message, new Uint8Array(2420)), false)
})

t.test('no flipped bit verifies, here or natively', async () => {
  const bits = { key: key.length * 8, message: message.length * 8, signature: signature.length * 8 }
  const flips = fc.record({ what: fc.constantFrom('key', 'message', 'signature'), bit: fc.nat() })
  const property = fc.asyncProperty(flips, async ({ what, bit }) => {
    const part = (name: keyof typeof bits, bytes: Uint8Array) =>
      name === what ? flipped(bytes, bit % bits[name]) : bytes
    const parts = [part('key', key), part('message', message), part('signature', signature)] as const
    return !(await verifyMlDsa44(...parts)) && !(await native(...parts))
  })
  await fc.assert(property, { numRuns: 60 })
})

// The hints are the last 84 bytes: positions in order, then where each polynomial ends. One encoding is allowed.
t.test('every bit of the hints', async (t) => {
  for (let bit = (2420 - 84) * 8; bit < 2420 * 8; bit += 5)
    if (await verifyMlDsa44(key, message, flipped(signature, bit))) t.fail(`bit ${bit}`)
  t.pass()
})
