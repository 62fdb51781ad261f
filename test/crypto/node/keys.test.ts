import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import t from 'tap'
import {
  exportPrivateKey,
  generateEcdsa,
  generateMlDsa44,
  importEcdsaKey,
  importEd25519Seed,
  importMlDsaKey,
  importPrivateKey,
  signEcdsa,
  signEd25519,
  signMlDsa44,
} from '../../../src/crypto/node.ts'
import * as portable from '../../../src/crypto/portable.ts'
import { formatSpki } from '../../../src/formats/pki/spki.ts'
import { verifyMlDsa44 } from '../../../src/verify-node/ml-dsa.ts'

const seed = new Uint8Array(32).fill(42)
const message = new TextEncoder().encode('a checkpoint')

t.test('a seed gives the same key and signatures on both sides', async (t) => {
  const key = importEd25519Seed(seed)
  const other = portable.importEd25519Seed(seed)
  t.same(key.publicKey, other.publicKey)
  t.same(await signEd25519(key, message), await portable.signEd25519(other, message))
  const spki = Buffer.from(formatSpki({ kind: 'ed25519', bytes: key.publicKey }))
  t.ok(verify(null, message, { key: spki, format: 'der', type: 'spki' }, await signEd25519(key, message)))
})

t.test('PEM, with and without a passphrase', async (t) => {
  const key = importEd25519Seed(seed)
  const plain = exportPrivateKey(key)
  t.match(plain, /^-----BEGIN PRIVATE KEY-----\n/)
  t.same(importPrivateKey(plain).publicKey, key.publicKey)
  const locked = exportPrivateKey(key, 'open sesame')
  t.match(locked, /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/)
  t.same(importPrivateKey(locked, 'open sesame').publicKey, key.publicKey)
  t.equal(createPrivateKey({ key: locked, passphrase: 'open sesame' }).asymmetricKeyType, 'ed25519')

  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' })
  const cases: [string, string, string | undefined, RegExp][] = [
    ['a wrong passphrase', locked, 'sesame', /no private key that this passphrase opens/],
    ['no passphrase', locked, undefined, /no private key that this passphrase opens/],
    ['no PEM', 'hello', undefined, /no private key/],
    ['another kind', ec.toString(), undefined, /a private key of type ec, not Ed25519/],
  ]
  for (const [what, pem, passphrase, reason] of cases)
    t.throws(() => importPrivateKey(pem, passphrase), { code: 'KEY_FILE_REFUSED', message: reason }, what)
})

t.test('a P-256 key: PEM, and signatures that OpenSSL takes', async (t) => {
  const key = generateEcdsa()
  const publicKey = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' })
  t.equal(publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  t.ok(verify('sha256', message, publicKey, await signEcdsa(key, message)))
  t.notOk(verify('sha256', message.subarray(1), publicKey, await signEcdsa(key, message)))
  for (const passphrase of [undefined, 'open sesame']) {
    const again = importEcdsaKey(exportPrivateKey(key, passphrase), passphrase)
    t.same(again.spki, key.spki)
    t.ok(verify('sha256', message, publicKey, await signEcdsa(again, message)))
  }
  const pem = (type: 'P-384' | 'ed25519') => {
    const pair = type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: type })
    return pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  }
  for (const [type, reason] of [
    ['P-384', /a private key of type ec secp384r1, not P-256/],
    ['ed25519', /a private key of type ed25519 , not P-256/],
  ] as const)
    t.throws(() => importEcdsaKey(pem(type)), { code: 'KEY_FILE_REFUSED', message: reason }, type)
})

t.test('an ML-DSA-44 key: PEM, and hedged signatures', async (t) => {
  const key = generateMlDsa44()
  t.equal(key.mlDsa44PublicKey.length, 1312)
  const signatures = []
  for (const passphrase of [undefined, 'open sesame']) {
    const again = importMlDsaKey(exportPrivateKey(key, passphrase), passphrase)
    t.same(again.mlDsa44PublicKey, key.mlDsa44PublicKey)
    const signature = await signMlDsa44(again, message)
    t.ok(await verifyMlDsa44(key.mlDsa44PublicKey, message, signature))
    t.notOk(await verifyMlDsa44(key.mlDsa44PublicKey, message.subarray(1), signature))
    signatures.push(signature)
  }
  t.notSame(signatures[0], signatures[1], 'no two of a message are alike')
  const others = [generateKeyPairSync('ml-dsa-65'), generateKeyPairSync('ed25519')]
  for (const { privateKey } of others)
    t.throws(() => importMlDsaKey(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()), {
      code: 'KEY_FILE_REFUSED',
      message: /not ML-DSA-44/,
    })
  t.throws(() => importPrivateKey(exportPrivateKey(key)), { code: 'KEY_FILE_REFUSED', message: /not Ed25519/ })
})
