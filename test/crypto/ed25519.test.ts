import { ED25519_TORSION_SUBGROUP, ed25519ph } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import t from 'tap'
import { algorithmOf } from '../../src/crypto/algorithms.ts'
import { importEd25519Seed } from '../../src/crypto/portable.ts'
import { formatSpki, type PublicKey, parseSpki } from '../../src/formats/pki/spki.ts'
import { flip, fromHex, outcome, readJson, SIDES } from './sides.ts'

interface Vector {
  readonly number: number
  readonly key: string
  readonly sig: string
  readonly msg: string
  readonly flags: readonly string[] | null
}

const REFUSED_FLAGS = ['low_order_A', 'low_order_R', 'non_canonical_A', 'non_canonical_R']

const CCTV = readJson<Vector[]>('cctv-ed25519/ed25519vectors.json')
const PH = algorithmOf('PKIX_ED25519_PH')

function keyOf(bytes: Uint8Array): PublicKey {
  return parseSpki(formatSpki({ kind: 'ed25519', bytes }))
}

const accepted = new Map<string, number[]>()

for (const [name, side] of SIDES) {
  t.test(`${name}: of the 914 CCTV vectors exactly 43 are good`, async (t) => {
    const good: number[] = []
    for (const { number, key, msg, sig, flags } of CCTV) {
      const verdict = await outcome(() => side.verifyEd25519(fromHex(key), new TextEncoder().encode(msg), fromHex(sig)))
      if (verdict !== 'good') continue
      good.push(number)
      t.notOk(
        flags?.some((flag) => REFUSED_FLAGS.includes(flag)),
        `vector ${number} has points that may be used`,
      )
    }
    accepted.set(name, good)
    t.equal(good.length, 43)
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
    const publicKey = importEd25519Seed(new Uint8Array(32).fill(1)).publicKey
    const signature = await side.signEd25519(side.importEd25519Seed(new Uint8Array(32).fill(1)), new Uint8Array(0))
    const identity = Uint8Array.of(1, ...new Array(31).fill(0))
    const aboveP = new Uint8Array(32).fill(0xff)
    const exactlyP = fromHex(`ed${'ff'.repeat(30)}7f`)
    const withR = (r: Uint8Array) => Uint8Array.from([...r, ...signature.subarray(32)])
    const order = '1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed'
    const orderBytes = fromHex(order).reverse()
    const cases: [string, Uint8Array, Uint8Array, RegExp][] = [
      ['short key', publicKey.subarray(1), signature, /^KEY_MALFORMED .*31 bytes/],
      ['short signature', publicKey, signature.subarray(1), /^SIGNATURE_INVALID .*63 bytes/],
      ['the neutral element as key', identity, signature, /^KEY_NOT_ALLOWED .*small order/],
      ['a key above p', aboveP, signature, /^KEY_NOT_ALLOWED .*canonical/],
      ['p as key', exactlyP, signature, /^KEY_NOT_ALLOWED .*canonical/],
      ['p as R', publicKey, withR(exactlyP), /^SIGNATURE_INVALID R .*canonical/],
      ['the neutral element as R', publicKey, withR(identity), /^SIGNATURE_INVALID R .*small order/],
      ['R above p', publicKey, withR(aboveP), /^SIGNATURE_INVALID R .*canonical/],
      ['S = L', publicKey, Uint8Array.from([...signature.subarray(0, 32), ...orderBytes]), /^SIGNATURE_INVALID S /],
    ]
    for (const [what, key, bytes, reason] of cases)
      t.match(await outcome(() => side.verifyEd25519(key, new Uint8Array(0), bytes)), reason, what)
    t.equal(ED25519_TORSION_SUBGROUP.length, 8)
    for (const point of ED25519_TORSION_SUBGROUP.map(fromHex)) {
      const use = (key: Uint8Array, r: Uint8Array) => side.verifyEd25519(key, new Uint8Array(0), withR(r))
      t.match(await outcome(() => use(point, point)), /^KEY_NOT_ALLOWED .*small order/)
      t.match(await outcome(() => use(publicKey, point)), /^SIGNATURE_INVALID R is .*small order/)
    }
  })
}

t.test('both sides accept the same ones', async (t) => t.same(accepted.get('portable'), accepted.get('node')))
