import { createPrivateKey, generateKeyPairSync, verify } from 'node:crypto'
import t from 'tap'
import { exportPrivateKey, importEd25519Seed, importPrivateKey, signEd25519 } from '../../../src/crypto/node.ts'
import * as portable from '../../../src/crypto/portable.ts'
import { formatSpki } from '../../../src/formats/pki/spki.ts'

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
