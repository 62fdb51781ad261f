import { readFileSync } from 'node:fs'
import t from 'tap'
import { parsePem } from '../../src/formats/pki/pem.ts'
import { openCosignKey } from '../../src/sign/cosign-key.ts'
import { importPrivateKey, keyEncryption } from '../../src/sign/private-key.ts'
import { refused } from '../formats/support.ts'

const read = (name: string) => readFileSync(new URL(`../vectors/cosign-keys/${name}`, import.meta.url), 'utf8')

t.test('keys that cosign made', async (t) => {
  for (const [name, password] of [
    ['with-password', 'open sesame'],
    ['empty-password', ''],
  ] as const) {
    const pem = read(`${name}.key`)
    t.equal(keyEncryption(pem), 'cosign')
    const { publicKey } = importPrivateKey(pem, password)
    t.same([publicKey.der], parsePem(read(`${name}.pub`), 'PUBLIC KEY'), name)
    refused(() => importPrivateKey(pem, 'another'), 'KEY_FILE_REFUSED', 'another password')
  }
  const older = read('with-password.key').replaceAll('SIGSTORE', 'COSIGN')
  t.equal(importPrivateKey(older, 'open sesame').publicKey.kind, 'ec', 'the label of older versions')
})

const LABEL = 'ENCRYPTED SIGSTORE PRIVATE KEY'
const wrapped = (json: unknown) =>
  `-----BEGIN ${LABEL}-----\n${Buffer.from(JSON.stringify(json)).toString('base64')}\n-----END ${LABEL}-----\n`

t.test('what cosign does not write', async () => {
  const inner = read('with-password.key').split('\n').slice(1, -2).join('')
  const good = JSON.parse(Buffer.from(inner, 'base64').toString())
  const params = (changed: object) => ({ ...good, kdf: { ...good.kdf, params: { ...good.kdf.params, ...changed } } })
  const flipped = Buffer.from(good.ciphertext, 'base64')
  flipped[20] = (flipped[20] ?? 0) ^ 1
  const cases: readonly (readonly [string, string])[] = [
    ['another kdf', wrapped({ ...good, kdf: { ...good.kdf, name: 'pbkdf2' } })],
    ['another cipher', wrapped({ ...good, cipher: { ...good.cipher, name: 'aes' } })],
    ['a costly N', wrapped(params({ N: 2 ** 30 }))],
    ['a costly r', wrapped(params({ r: 1024 }))],
    ['an N that is no power of two', wrapped(params({ N: 1000 }))],
    ['a short nonce', wrapped({ ...good, cipher: { ...good.cipher, nonce: 'AAAA' } })],
    ['a field more', wrapped({ ...good, extra: 1 })],
    ['a changed box', wrapped({ ...good, ciphertext: flipped.toString('base64') })],
    ['an empty box', wrapped({ ...good, ciphertext: '' })],
    ['no JSON', `-----BEGIN ${LABEL}-----\nAAAA\n-----END ${LABEL}-----\n`],
    ['no PEM', `-----BEGIN ${LABEL}-----`],
  ]
  for (const [name, pem] of cases) refused(() => openCosignKey(pem, 'open sesame'), 'KEY_FILE_REFUSED', name)
})
