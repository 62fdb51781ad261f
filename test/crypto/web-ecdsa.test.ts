import t from 'tap'
import { CURVES, parsePoint } from '../../src/crypto/curves.ts'
import { invert, mod } from '../../src/crypto/modular.ts'
import { verifyEcdsaDigest, verifyEcdsaMessage } from '../../src/crypto/web-ecdsa.ts'
import { bigEndian, CURVE_NAMES, formatSignature, NOBLE, Signer } from './ecdsa.ts'
import { outcome } from './sides.ts'

/** SHA-256 of nothing. */
const FIXED_HASH = 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855n
const NOTHING = new Uint8Array(0)

for (const name of CURVE_NAMES)
  t.test(`${name}: a key off the curve verifies nothing`, async (t) => {
    const { check } = new Signer(name, new Uint8Array(66).fill(5)).sign(99n, 7n)
    if (check.key.kind !== 'ec') throw new Error('another key')
    const point = check.key.point.slice()
    point.set([(point.at(-1) ?? 0) ^ 1], point.length - 1)
    t.equal(await verifyEcdsaDigest(check.key, check.digest, check.signature), true)
    t.equal(await verifyEcdsaDigest({ ...check.key, point }, check.digest, check.signature), false)
    t.equal(
      await verifyEcdsaMessage(
        { ...check.key, point },
        { message: NOTHING, hash: check.algorithm.digest },
        check.signature,
      ),
      false,
    )
  })

// With Q = (λ² - 2x, y + λ(x - …)) off the curve, t·G + Q would be -t·G, whose logarithm anybody knows.
t.test('not even one whose shift would be on it', async (t) => {
  const { n, p, bytes } = CURVES['P-256']
  const { Point } = NOBLE['P-256']
  const [shift, nonce, slope] = [0xabcdefn, 0x999n, 5n]
  const r = Point.BASE.multiply(nonce).x % n
  const e = mod(FIXED_HASH + shift * r, n)
  const shifter = Point.BASE.multiply(shift)
  const x = mod(slope * slope - 2n * shifter.x, p)
  const y = mod(shifter.y + slope * (x - shifter.x), p)
  const point = Uint8Array.from([4, ...bigEndian(x, bytes), ...bigEndian(y, bytes)])
  const s = mod((FIXED_HASH - r * shift) * invert(nonce, n), n)
  const key = { kind: 'ec', curve: 'P-256', point, der: NOTHING } as const
  t.equal(parsePoint(CURVES['P-256'], point).x, x)
  t.equal(await verifyEcdsaDigest(key, bigEndian(e, 32), formatSignature(r, s)), false)
})

t.test('where WebCrypto or the curve is missing, nothing is decided', async (t) => {
  const { check } = new Signer('P-256', new Uint8Array(66).fill(5)).sign(99n, 7n)
  const { key, digest, signature } = check
  if (key.kind !== 'ec') throw new Error('another key')
  const verify = () => outcome(() => verifyEcdsaDigest(key, digest, signature))
  const subtle = { importKey: async () => Promise.reject(new Error('not supported')) }
  const cases = [
    [{}, /^CHECK_UNAVAILABLE WebCrypto is missing/],
    [{ subtle }, /^CHECK_UNAVAILABLE WebCrypto does not take a key on P-256/],
  ] as const
  for (const [value, reason] of cases) {
    const whole = Object.getOwnPropertyDescriptor(globalThis, 'crypto')
    Object.defineProperty(globalThis, 'crypto', { value, configurable: true })
    t.match(await verify(), reason)
    if (whole !== undefined) Object.defineProperty(globalThis, 'crypto', whole)
  }
  t.equal(await verify(), 'good')
})
