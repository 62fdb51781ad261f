import { constants, createHash, createPrivateKey, generateKeyPairSync, verify } from 'node:crypto'
import { ed25519ph } from '@noble/curves/ed25519.js'
import t from 'tap'
import { verifyDigest } from '#crypto'
import { algorithmForKey } from '../../src/crypto/algorithms.ts'
import { equal } from '../../src/kernel/bytes.ts'
import {
  generateEphemeralKey,
  importPrivateKey,
  keyEncryption,
  signDigest,
  signPureEd25519,
} from '../../src/sign/private-key.ts'
import { refusal, refused } from '../formats/support.ts'

const MESSAGE = Buffer.from('what is signed')
const HASHES = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' } as const
const pemOf = (key: ReturnType<typeof createPrivateKey>) => key.export({ type: 'pkcs8', format: 'pem' }).toString()

const KINDS = {
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'P-521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  'RSA-2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'RSA-3072': () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
  Ed25519: () => generateKeyPairSync('ed25519'),
}

for (const [name, make] of Object.entries(KINDS)) {
  t.test(`${name} signs a digest as others sign the message, the same each time`, async (t) => {
    const { privateKey, publicKey } = make()
    const key = importPrivateKey(pemOf(privateKey), null)
    const algorithm = algorithmForKey(key.publicKey)
    const digest = createHash(HASHES[algorithm.digest]).update(MESSAGE).digest()
    const signature = signDigest(key, digest)
    t.ok(equal(signature, signDigest(key, digest)), 'deterministic')
    await verifyDigest({ algorithm, key: key.publicKey, digest, signature })
    if (name === 'Ed25519') {
      const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
      t.same(
        Buffer.from(ed25519ph.sign(MESSAGE, seed)),
        Buffer.from(signature),
        'as the library makes it of the message',
      )
      t.ok(verify(null, MESSAGE, publicKey, signPureEd25519(key, MESSAGE)))
    } else {
      const padding = name.startsWith('RSA') ? { padding: constants.RSA_PKCS1_PADDING } : {}
      t.ok(verify(HASHES[algorithm.digest], MESSAGE, { key: publicKey, ...padding }, signature))
      t.throws(() => signPureEd25519(key, MESSAGE), TypeError)
    }
    refused(() => signDigest(key, digest.subarray(1)), 'DIGEST_LENGTH_INVALID', 'a short digest')
  })
}

t.test('the vector of RFC 6979 A.2.5: P-256, SHA-256, "sample"', async (t) => {
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: Buffer.from('C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721', 'hex').toString('base64url'),
    x: Buffer.from('60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6', 'hex').toString('base64url'),
    y: Buffer.from('7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299', 'hex').toString('base64url'),
  }
  const key = importPrivateKey(pemOf(createPrivateKey({ key: jwk, format: 'jwk' })), null)
  const signature = Buffer.from(signDigest(key, createHash('sha256').update('sample').digest())).toString('hex')
  t.match(signature, /efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716/, 'r')
  t.match(signature, /f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8/, 's')
})

t.test('the vector of RFC 8032 §7.3: Ed25519ph', async (t) => {
  const seed = '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42'
  const der = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex')
  const key = importPrivateKey(pemOf(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })), null)
  t.equal(
    Buffer.from(signDigest(key, createHash('sha512').update('abc').digest())).toString('hex'),
    '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
  )
})

t.test('encrypted keys', async (t) => {
  const { privateKey } = KINDS['P-256']()
  const pem = privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
    .toString()
  t.equal(keyEncryption(pem), 'pkcs8')
  t.equal(importPrivateKey(pem, 'open sesame').publicKey.kind, 'ec')
  for (const wrong of ['', 'shut', null])
    refused(() => importPrivateKey(pem, wrong), 'KEY_FILE_REFUSED', `passphrase ${wrong}`)
})

t.test('what is no key that may sign', async (t) => {
  const pkcs1 = KINDS['RSA-2048']().privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
  const sec1 = KINDS['P-256']().privateKey.export({ type: 'sec1', format: 'pem' }).toString()
  const spki = KINDS['P-256']().publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['PKCS #1', pkcs1, /^KEY_FILE_REFUSED .*openssl pkcs8/],
    ['SEC 1', sec1, /^KEY_FILE_REFUSED .*openssl pkcs8/],
    ['a public key', spki, /^KEY_FILE_REFUSED .*holds a PUBLIC KEY/],
    ['text', 'hello', /^KEY_FILE_REFUSED .*not PEM/],
    ['damage', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', /^KEY_FILE_REFUSED .*damaged/],
    ['RSA-1024', pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), /^KEY_NOT_ALLOWED .*1024/],
    ['secp256k1', pemOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey), /^KEY_NOT_ALLOWED/],
    ['X25519', pemOf(generateKeyPairSync('x25519').privateKey), /^KEY_NOT_ALLOWED/],
  ]
  for (const [name, pem, expected] of cases)
    t.match(
      refusal(() => importPrivateKey(pem, null)),
      expected,
      name,
    )
  t.throws(() => signDigest({ publicKey: generateEphemeralKey().publicKey }, new Uint8Array(32)), TypeError)
})
