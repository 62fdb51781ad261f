import { ED25519_TORSION_SUBGROUP, ed25519ph } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import t from 'tap'
import { algorithmOf } from '../../src/crypto/algorithms.ts'
import { importEd25519Seed } from '../../src/crypto/portable.ts'
import { formatSpki, type PublicKey, parseSpki } from '../../src/formats/pki/spki.ts'
import { CCTV, CCTV_GOOD, mustBeRefused, refusals } from './ed25519.ts'
import { flip, fromHex, outcome, SIDES } from './sides.ts'

const PH = algorithmOf('PKIX_ED25519_PH')

function keyOf(bytes: Uint8Array): PublicKey {
  return parseSpki(formatSpki({ kind: 'ed25519', bytes }))
}

const accepted = new Map<string, number[]>()

for (const [name, side] of SIDES) {
  t.test(`${name}: of the 914 CCTV vectors exactly 43 are good`, async (t) => {
    const good: number[] = []
    for (const vector of CCTV) {
      const { number, key, msg, sig } = vector
      const verdict = await outcome(() => side.verifyEd25519(fromHex(key), new TextEncoder().encode(msg), fromHex(sig)))
      if (verdict !== 'good') continue
      good.push(number)
      t.notOk(mustBeRefused(vector), `vector ${number} has points that may be used`)
    }
    accepted.set(name, good)
    t.equal(good.length, CCTV_GOOD)
  })

  t.test(`${name}: Ed25519ph, the vector of RFC 8032 section 7.3`, async (t) => {
    const key = keyOf(fromHex('ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf'))
    const signature = fromHex(
      '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41' +
        '31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
    )
    const message = new TextEncoder().encode('abc')
    t.equal(await outcome(() => side.verifyMessage({ algorithm: PH, key, message, signature })), 'good')
  })

  t.test(`${name}: Ed25519ph is not Ed25519`, async (t) => {
    const seed = new Uint8Array(32).fill(7)
    const message = new TextEncoder().encode('abc')
    const digest = side.digest('SHA2_512', message)
    const key = keyOf(importEd25519Seed(seed).publicKey)
    const prehashed = ed25519ph.sign(message, seed)
    const pure = await side.signEd25519(side.importEd25519Seed(seed), digest)
    const check = (signature: Uint8Array) => outcome(() => side.verifyDigest({ algorithm: PH, key, digest, signature }))
    t.equal(await check(prehashed), 'good')
    t.match(
      await check(pure),
      /^SIGNATURE_INVALID the signature does not verify/,
      'a pure signature of the same digest',
    )
    t.equal(await outcome(() => side.verifyMessage({ algorithm: PH, key, message, signature: prehashed })), 'good')
    const bits = fc.sample(fc.nat(511), 16)
    for (const bit of bits) t.match(await check(flip(prehashed, bit)), /^SIGNATURE_INVALID/, `bit ${bit}`)
  })

  t.test(`${name}: what is signed verifies, and no flipped bit does`, async (t) => {
    const other = SIDES.find(([otherName]) => otherName !== name)?.[1] ?? side
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 })
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const property = fc.asyncProperty(seeds, bytes, fc.nat(511), async (seed, message, bit) => {
      const key = side.importEd25519Seed(seed)
      const signature = await side.signEd25519(key, message)
      const verify = (m: Uint8Array, s: Uint8Array) => outcome(() => other.verifyEd25519(key.publicKey, m, s))
      return (
        (await verify(message, signature)) === 'good' &&
        (await verify(flip(message, bit), signature)) !== 'good' &&
        (await verify(message, flip(signature, bit))) !== 'good'
      )
    })
    await fc.assert(property, { numRuns: 20 })
    t.pass()
  })

  t.test(`${name}: keys`, async (t) => {
    const key = side.generateEd25519()
    t.equal(key.publicKey.length, 32)
    t.notSame(side.generateEd25519().publicKey, key.publicKey)
    t.same(Object.keys(key), ['publicKey'], 'nothing secret to print')
    t.throws(() => side.importEd25519Seed(new Uint8Array(31)), { code: 'KEY_MALFORMED', message: /31 bytes/ })
    await t.rejects(side.signEd25519({ publicKey: key.publicKey }, new Uint8Array(1)), TypeError)
  })

  t.test(`${name}: refusals say why`, async (t) => {
    t.equal(ED25519_TORSION_SUBGROUP.length, 8)
    for (const [what, key, bytes, reason] of await refusals())
      t.match(await outcome(() => side.verifyEd25519(key, new Uint8Array(0), bytes)), reason, what)
  })
}

t.test('both sides accept the same ones', async (t) => t.same(accepted.get('portable'), accepted.get('node')))
