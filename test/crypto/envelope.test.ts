/** Signatures on envelopes as Rekor v1 checks them: SHA-256 whatever the curve. */

import { generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { CHECKED, envelopeAlgorithm } from '../../src/crypto/algorithms.ts'
import { closeCrypto } from '../../src/crypto/node.ts'
import { parseSpki } from '../../src/formats/pki/spki.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { flip, outcome, readKey, SIDES } from './sides.ts'

t.teardown(closeCrypto)

t.test('one algorithm a kind of key', async (t) => {
  const names = ['p256', 'p384', 'p521', 'rsa2048', 'rsa3072', 'rsa4096']
  t.same(
    names.map((name) => envelopeAlgorithm(readKey(name))?.keyDetails),
    [
      'PKIX_ECDSA_P256_SHA_256',
      'PKIX_ECDSA_P384_SHA_256',
      'PKIX_ECDSA_P521_SHA_256',
      'PKIX_RSA_PKCS1V15_2048_SHA256',
      'PKIX_RSA_PKCS1V15_3072_SHA256',
      'PKIX_RSA_PKCS1V15_4096_SHA256',
    ],
  )
  t.equal(envelopeAlgorithm(readKey('ed25519')), null)
  for (const name of names) t.ok(CHECKED.some((one) => one === envelopeAlgorithm(readKey(name))))
})

for (const namedCurve of ['P-256', 'P-384', 'P-521'])
  t.test(`${namedCurve} with SHA-256`, async (t) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
    const key = parseSpki(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })))
    const algorithm = envelopeAlgorithm(key)
    if (algorithm === null) throw new Error('no algorithm')
    const message = utf8('a message')
    const signature = new Uint8Array(sign('sha256', message, privateKey))
    for (const [name, side] of SIDES) {
      const check = (change: object) =>
        outcome(() => side.verifyMessage({ algorithm, key, message, signature, ...change }))
      t.equal(await check({}), 'good', name)
      t.match(await check({ message: flip(message, 0) }), /^SIGNATURE_INVALID/, `${name}: another message`)
      if (namedCurve !== 'P-256')
        t.match(
          await check({ signature: new Uint8Array(sign('sha512', message, privateKey)) }),
          /^SIGNATURE_INVALID/,
          `${name}: another digest`,
        )
    }
  })
