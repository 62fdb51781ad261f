import t from 'tap'
import { CURVES } from '../../../src/crypto/curves.ts'
import { invert, mod } from '../../../src/crypto/modular.ts'
import { verifyDigests } from '../../../src/crypto/node/shifted-key.ts'
import { bigEndian, CURVE_NAMES, formatSignature, NOBLE, Signer } from '../ecdsa.ts'
import { flip } from '../sides.ts'

const FIXED_HASH = 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855n

function item(signer: Signer, e: bigint, nonce: bigint) {
  const { digest, signature, key } = signer.sign(e, nonce).check
  return { point: key.kind === 'ec' ? key.point : new Uint8Array(0), digest, signature }
}

for (const curve of CURVE_NAMES) {
  t.test(`${curve}: a batch of good, bad and special ones, each with its own verdict`, async (t) => {
    const signer = new Signer(curve, new Uint8Array(66).fill(0x21))
    const { n } = signer.curve
    const good = [1, 2, 3, 4, 5].map((i) => item(signer, BigInt(1000 + i), BigInt(77 * i)))
    const [first = item(signer, 1n, 1n)] = good
    const mixed = [
      ...good,
      { ...first, digest: flip(first.digest, 3) },
      { ...first, signature: new Uint8Array(0) },
      { ...first, point: flip(first.point, 99) },
      item(signer, mod(FIXED_HASH, n) % 2n ** BigInt(8 * signer.digestLength), 5n),
    ]
    t.same(verifyDigests(curve, mixed), [true, true, true, true, true, false, false, false, true])
    t.same(verifyDigests(curve, []), [])
  })

  // With Q = (λ² - 2x, y + λ(x - ...)) off the curve, t·G + Q would be -t·G, whose logarithm anybody knows.
  t.test(`${curve}: a key off the curve is refused, though its shift would be on it`, async (t) => {
    const { Point } = NOBLE[curve]
    const { n, p, bytes } = CURVES[curve]
    const factor = 0xabcdefn
    const nonce = 0x999n
    const r = Point.BASE.multiply(nonce).x % n
    const length = Math.min(bytes, 64)
    let e = 0n
    let shift = factor
    // A shift for which the digest fits: all of them but on P-521, where one in 512 does.
    for (; ; shift++) {
      e = mod(FIXED_HASH + shift * r, n)
      if (e < 2n ** BigInt(8 * length)) break
    }
    const shifter = Point.BASE.multiply(shift)
    const slope = 5n
    const x = mod(slope * slope - 2n * shifter.x, p)
    const y = mod(shifter.y + slope * (x - shifter.x), p)
    const point = Uint8Array.from([4, ...bigEndian(x, bytes), ...bigEndian(y, bytes)])
    // Signed with -shift, the logarithm of the sum, for the fixed message.
    const s = mod((FIXED_HASH - r * shift) * invert(nonce, n), n)
    const digest = bigEndian(e, length)
    t.same(verifyDigests(curve, [{ point, digest, signature: formatSignature(r, s) }]), [false])
  })
}

t.test('a digest that would have to be cut is a bug', async (t) => {
  const signer = new Signer('P-256', new Uint8Array(66).fill(1))
  t.throws(() => verifyDigests('P-256', [{ ...item(signer, 1n, 2n), digest: new Uint8Array(33) }]), RangeError)
})
