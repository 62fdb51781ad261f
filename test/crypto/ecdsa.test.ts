import fc from 'fast-check'
import t from 'tap'
import { toBigInt } from '../../src/crypto/curves.ts'
import { invert, invertAll, mod } from '../../src/crypto/modular.ts'
import type { Curve } from '../../src/formats/pki/spki.ts'
import { CURVE_NAMES, encodings, formatSignature, Signer } from './ecdsa.ts'
import { flip, outcome, SIDES } from './sides.ts'

/** Of nothing: what stands in for every digest, SHA-256 on the native side, the curve's own hash on the portable one. */
const FIXED_HASHES: Readonly<Record<'P-256' | 'P-384', readonly bigint[]>> = {
  'P-256': [0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855n],
  'P-384': [
    0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855n,
    0x38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95bn,
  ],
}
const RUNS: Readonly<Record<Curve, number>> = { 'P-256': 24, 'P-384': 10, 'P-521': 6 }
const INVALID = /^SIGNATURE_INVALID the signature does not verify/

const secrets = fc.uint8Array({ minLength: 66, maxLength: 66 })

for (const curve of CURVE_NAMES) {
  const inputs = fc.record({ secret: secrets, nonce: secrets, digest: secrets, bit: fc.nat(10_000) })

  t.test(`${curve}: both sides agree, on good signatures and on every kind of changed one`, async (t) => {
    const property = fc.asyncProperty(inputs, async ({ secret, nonce, digest, bit }) => {
      const signer = new Signer(curve, secret)
      const e = toBigInt(digest.subarray(0, signer.digestLength))
      const { r, s, check } = signer.sign(e, 1n + (toBigInt(nonce) % (signer.curve.n - 1n)))
      const { n } = signer.curve
      const otherKey = new Signer(curve, flip(secret, bit)).key
      const changed = [
        { ...check, digest: flip(check.digest, bit) },
        { ...check, key: otherKey },
        { ...check, signature: formatSignature(mod(r + 1n, n) || 1n, s) },
        { ...check, signature: formatSignature(r, mod(s + 1n, n) || 1n) },
        { ...check, signature: formatSignature(n - r, s) },
        { ...check, signature: formatSignature(s, r) },
        { ...check, signature: flip(check.signature, bit) },
      ]
      for (const [, side] of SIDES) {
        if ((await outcome(() => side.verifyDigest(check))) !== 'good') return false
        // Go's signers do not normalise s: its twin is as good.
        const twin = { ...check, signature: formatSignature(r, n - s) }
        if ((await outcome(() => side.verifyDigest(twin))) !== 'good') return false
        for (const bad of changed)
          if (!/^SIGNATURE_INVALID/.test(await outcome(() => side.verifyDigest(bad)))) return false
      }
      return true
    })
    await fc.assert(property, { numRuns: RUNS[curve] })
    t.pass()
  })
}

for (const curve of ['P-256', 'P-384'] as const) {
  const signer = new Signer(curve, new Uint8Array(66).fill(0x35))
  const { n } = signer.curve
  const nonce = 0x1234567890abcdef1234567890abcdefn
  const r = signer.r(nonce)
  // t = (e - e')/r is what a side adds to the key; these digests make it hit every special case of addition.
  const special: [string, bigint][] = [
    ['nothing to add', 0n],
    ['the key added to itself', signer.secret],
    ['the key minus itself', n - signer.secret],
    ['the base point', 1n],
    ['minus the base point', n - 1n],
  ]
  for (const [what, factor] of special)
    t.test(`${curve}: ${what}`, async (t) => {
      for (const fixed of FIXED_HASHES[curve]) {
        const e = mod(fixed + factor * r, n)
        const good = signer.sign(e, nonce)
        // The same sum, another s.
        const bad = signer.check(e, formatSignature(good.r, mod(good.s + 1n, n)))
        for (const [name, side] of SIDES) {
          t.equal(await outcome(() => side.verifyDigest(good.check)), 'good', name)
          t.match(await outcome(() => side.verifyDigest(bad)), INVALID, name)
        }
      }
    })

  t.test(`${curve}: digests at the edges`, async (t) => {
    const top = 2n ** BigInt(8 * signer.digestLength) - 1n
    for (const e of [0n, 1n, n - 1n, n, n + 1n, top])
      for (const [name, side] of SIDES)
        t.equal(await outcome(() => side.verifyDigest(signer.sign(e, nonce).check)), 'good', `${name}: ${e}`)
  })
}

t.test('encodings of a signature: one is taken', async (t) => {
  for (const [name, side] of SIDES)
    for (const [what, check, reason] of encodings()) {
      const refusal = await outcome(() => side.verifyDigest(check))
      t.match(refusal, /^SIGNATURE_INVALID/, `${name}: ${what}`)
      t.match(refusal, reason, `${name}: ${what}`)
    }
})

t.test('inverses of a batch are those of each', async (t) => {
  const modulus = 2n ** 255n - 19n
  const values = fc.array(fc.bigInt({ min: 1n, max: modulus - 1n }), { maxLength: 20 })
  fc.assert(
    fc.property(values, (values) => {
      t.same(
        invertAll(values, modulus),
        values.map((value) => invert(value, modulus)),
      )
      for (const value of values) if ((value * invert(value, modulus)) % modulus !== 1n) return false
      return true
    }),
    { numRuns: 30 },
  )
  t.throws(() => invert(0n, modulus), RangeError)
  t.throws(() => invertAll([1n, modulus], modulus), RangeError)
})
