import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { ALGORITHMS, algorithmForKey, algorithmOf } from '../../src/crypto/algorithms.ts'
import type { DigestCheck } from '../../src/crypto/crypto.ts'
import { formatSpki, parseSpki } from '../../src/formats/pki/spki.ts'
import { checkOf, malformed, message, rsa, wrongRsa } from './refusals.ts'
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

for (const [name, side] of SIDES) {
  const digestOnly = ({ algorithm, key, signature, digest }: DigestCheck) =>
    outcome(() => side.verifyDigest({ algorithm, key, signature, digest }))

  t.test(`${name}: what does not go together is refused before any arithmetic`, async (t) => {
    for (const [what, check, reason] of malformed()) t.match(await digestOnly(check), reason, what)
  })

  t.test(`${name}: RSA`, async (t) => {
    const good = checkOf(rsa)
    t.equal(await digestOnly(good), 'good')
    t.equal(await outcome(() => side.verifyMessage(good)), 'good')
    for (const [what, check, reason] of wrongRsa()) t.match(await digestOnly(check), reason, what)
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
