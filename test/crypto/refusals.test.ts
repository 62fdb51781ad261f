import { createSign, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import t from 'tap'
import { ALGORITHMS, algorithmForKey, algorithmOf } from '../../src/crypto/algorithms.ts'
import type { DigestCheck } from '../../src/crypto/crypto.ts'
import { toBigInt } from '../../src/crypto/curves.ts'
import { formatSpki, parseSpki } from '../../src/formats/pki/spki.ts'
import { bigEndian } from './ecdsa.ts'
import { flip, outcome, readKey, SIDES } from './sides.ts'

t.test('the allow-list is the one of Rekor v2', async (t) => {
  t.same(
    [...ALGORITHMS.values()].map(({ keyDetails, digest, digestLength }) => [keyDetails, digest, digestLength]),
    [
      ['PKIX_ECDSA_P256_SHA_256', 'SHA2_256', 32],
      ['PKIX_ECDSA_P384_SHA_384', 'SHA2_384', 48],
      ['PKIX_ECDSA_P521_SHA_512', 'SHA2_512', 64],
      ['PKIX_RSA_PKCS1V15_2048_SHA256', 'SHA2_256', 32],
      ['PKIX_RSA_PKCS1V15_3072_SHA256', 'SHA2_256', 32],
      ['PKIX_RSA_PKCS1V15_4096_SHA256', 'SHA2_256', 32],
      ['PKIX_ED25519_PH', 'SHA2_512', 64],
    ],
  )
  const refused = [
    'PKIX_ED25519',
    'PKIX_RSA_PSS_2048_SHA256',
    'PKIX_RSA_PKCS1V15_2048_SHA1',
    'PKIX_RSA_PKCS1V15_2048_MD5',
    'PKIX_ECDSA_P256_HMAC_SHA_256',
    'pkix_ecdsa_p256_sha_256',
    '__proto__',
    'constructor',
    '',
  ]
  for (const name of refused) {
    const refusal = await outcome(() => algorithmOf(name))
    t.match(
      refusal,
      new RegExp(`^ALGORITHM_NOT_ALLOWED ${name} is not one of PKIX_ECDSA_P256_SHA_256, .*PKIX_ED25519_PH$`),
    )
  }
})

t.test('the default algorithm of a key', async (t) => {
  const defaults = {
    p256: 'PKIX_ECDSA_P256_SHA_256',
    p384: 'PKIX_ECDSA_P384_SHA_384',
    p521: 'PKIX_ECDSA_P521_SHA_512',
    rsa2048: 'PKIX_RSA_PKCS1V15_2048_SHA256',
    rsa3072: 'PKIX_RSA_PKCS1V15_3072_SHA256',
    rsa4096: 'PKIX_RSA_PKCS1V15_4096_SHA256',
    ed25519: 'PKIX_ED25519_PH',
  }
  for (const [name, keyDetails] of Object.entries(defaults))
    t.equal(algorithmForKey(readKey(name)).keyDetails, keyDetails)
})

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const message: Uint8Array = randomBytes(40)

function checkOf(keys: typeof p256, name = 'sha256', content = message): DigestCheck & { message: Uint8Array } {
  const key = parseSpki(new Uint8Array(keys.publicKey.export({ format: 'der', type: 'spki' })))
  const signature = new Uint8Array(sign(name, content, keys.privateKey))
  const algorithm = algorithmForKey(key)
  return { algorithm, key, signature, digest: SIDES[0]?.[1].digest('SHA2_256', content) ?? content, message: content }
}

/** Signatures vary with the message until one leaves room for the modulus on top of it. */
function aboveModulus(): DigestCheck {
  for (let i = 0; i < 10_000; i++) {
    const check = checkOf(rsa, 'sha256', new TextEncoder().encode(`${i}`))
    if (check.key.kind !== 'rsa') break
    const sum = toBigInt(check.signature) + toBigInt(check.key.modulus)
    if (sum < 2n ** 2048n) return { ...check, signature: bigEndian(sum, 256) }
  }
  throw new Error('no signature is small enough')
}

for (const [name, side] of SIDES) {
  const digestOnly = ({ algorithm, key, signature, digest }: DigestCheck) =>
    outcome(() => side.verifyDigest({ algorithm, key, signature, digest }))

  t.test(`${name}: what does not go together is refused before any arithmetic`, async (t) => {
    const [ec, good] = [checkOf(p256), checkOf(rsa)]
    const other = algorithmOf('PKIX_ECDSA_P384_SHA_384')
    const cases: [string, DigestCheck, RegExp][] = [
      ['another curve', { ...ec, algorithm: other }, /^KEY_NOT_ALLOWED PKIX_ECDSA_P384_SHA_384 .* ECDSA P-256$/],
      ['another kind', { ...ec, key: good.key }, /^KEY_NOT_ALLOWED PKIX_ECDSA_P256_SHA_256 .* RSA-2048$/],
      ['another size', { ...good, key: readKey('rsa3072') }, /^KEY_NOT_ALLOWED .*2048_SHA256 .* RSA-3072$/],
      ['Ed25519', { ...ec, key: readKey('ed25519') }, /^KEY_NOT_ALLOWED .* Ed25519$/],
      ['no digest', { ...ec, digest: new Uint8Array(0) }, /^DIGEST_LENGTH_INVALID .* 32 bytes \(SHA2_256\), not 0$/],
      ['a SHA-1', { ...ec, digest: new Uint8Array(20) }, /^DIGEST_LENGTH_INVALID .* not 20$/],
      ['a SHA-512', { ...good, digest: new Uint8Array(64) }, /^DIGEST_LENGTH_INVALID .* not 64$/],
      ['an RSA signature cut', { ...good, signature: good.signature.subarray(1) }, /^SIGNATURE_INVALID .* 255 bytes$/],
      [
        'an RSA signature with a zero',
        { ...good, signature: padded(good.signature) },
        /^SIGNATURE_INVALID .* 257 bytes$/,
      ],
    ]
    for (const [what, check, reason] of cases) t.match(await digestOnly(check), reason, what)
  })

  t.test(`${name}: RSA`, async (t) => {
    const good = checkOf(rsa)
    t.equal(await digestOnly(good), 'good')
    t.equal(await outcome(() => side.verifyMessage(good)), 'good')
    const bad = /^SIGNATURE_INVALID the signature does not verify/
    t.match(await digestOnly({ ...good, digest: flip(good.digest, 100) }), bad)
    t.match(await digestOnly({ ...good, signature: flip(good.signature, 2000) }), bad)
    t.match(await digestOnly({ ...good, key: readKey('rsa2048') }), bad, 'another key')
    t.match(await digestOnly({ ...good, signature: new Uint8Array(256).fill(0xff) }), bad, 'not below the modulus')
    t.match(await digestOnly({ ...good, signature: new Uint8Array(256) }), bad, 'zero')
    t.match(await digestOnly(aboveModulus()), bad, 'a good one plus the modulus')
    t.match(await digestOnly(checkOf(rsa, 'sha1')), bad, 'signed over SHA-1')
    const pss = { key: rsa.privateKey, padding: 6, saltLength: 32 }
    const signature = new Uint8Array(createSign('sha256').update(message).sign(pss))
    t.match(await digestOnly({ ...good, signature }), bad, 'PSS')
  })

  t.test(`${name}: a message and its digest give one verdict`, async (t) => {
    for (const [hash, curve] of [
      ['sha256', 'P-256'],
      ['sha384', 'P-384'],
      ['sha512', 'P-521'],
    ] as const) {
      const keys = generateKeyPairSync('ec', { namedCurve: curve })
      const check = checkOf(keys, hash)
      const digest = side.digest(check.algorithm.digest, message)
      t.equal(await digestOnly({ ...check, digest }), 'good')
      const { algorithm, key, signature } = check
      t.equal(await outcome(() => side.verifyMessage({ algorithm, key, signature, message })), 'good')
      const other = flip(message, 7)
      t.match(await outcome(() => side.verifyMessage({ algorithm, key, signature, message: other })), /^SIGNATURE_INV/)
      t.match(await digestOnly({ ...check, digest: flip(digest, 0) }), /^SIGNATURE_INVALID/)
    }
  })

  t.test(`${name}: a point that is an Ed25519 key in form only`, async (t) => {
    // y = 2 has no x.
    const key = parseSpki(formatSpki({ kind: 'ed25519', bytes: Uint8Array.of(2, ...new Array(31).fill(0)) }))
    const signature = new Uint8Array(64).fill(3)
    const check = { algorithm: algorithmForKey(key), key, signature, digest: new Uint8Array(64) }
    t.match(await digestOnly(check), /^SIGNATURE_INVALID the signature does not verify/)
    const pure = () => side.verifyEd25519(key.der.subarray(-32), message, signature)
    t.match(await outcome(pure), /^SIGNATURE_INVALID the signature does not verify/)
  })
}

function padded(signature: Uint8Array): Uint8Array {
  return Uint8Array.from([0, ...signature])
}
