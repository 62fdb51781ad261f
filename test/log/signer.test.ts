import { createPublicKey, hash, verify } from 'node:crypto'
import t from 'tap'
import { generateEcdsa, importEd25519Seed } from '#crypto'
import { formatNote, parseNote, uint32 } from '../../src/formats/c2sp/note.ts'
import { createVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import { promisedBytes } from '../../src/formats/sigstore/promise.ts'
import { leafIndex } from '../../src/kernel/brand.ts'
import { concat, equal, utf8 } from '../../src/kernel/bytes.ts'
import { createSigner } from '../../src/log/signer.ts'

const text = utf8('log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n')

function signerOf(name: string, fill: number) {
  const key = importEd25519Seed(new Uint8Array(32).fill(fill))
  return createSigner(createVkey(name, KEY_TYPE.ed25519, key.publicKey), key)
}

t.test('signs and opens its own, also among the lines of others', async (t) => {
  const signer = signerOf('log.example', 1)
  const note = await signer.sign(text)
  t.ok(equal(await signer.open(note), text))
  const others = parseNote(await signerOf('witness.example', 2).sign(text)).signatures
  const cosigned = formatNote({ text, signatures: [...parseNote(note).signatures, ...others] })
  t.ok(equal(await signer.open(cosigned), text))
})

t.test('refuses what it did not sign', async (t) => {
  const signer = signerOf('log.example', 1)
  const note = await signer.sign(text)
  await t.rejects(signerOf('log.example', 2).open(note), { code: 'SIGNATURE_UNKNOWN_KEY' }, 'another key')
  await t.rejects(signerOf('other.example', 1).open(note), { code: 'SIGNATURE_UNKNOWN_KEY' }, 'another name')
  for (const at of [0, 12, text.length - 5]) {
    const changed = concat(note)
    changed[at] = (changed[at] ?? 0) ^ 1
    await t.rejects(signer.open(changed), { code: 'SIGNATURE_INVALID' }, `byte ${at} of the text`)
  }
  for (let at = text.length + 1; at < note.length; at++) {
    const changed = concat(note)
    changed[at] = (changed[at] ?? 0) ^ 1
    await t.rejects(signer.open(changed), { name: 'TlogError' }, `byte ${at} of the signature line`)
  }
})

t.test('with an ECDSA key: a second line, and promises', async (t) => {
  const key = importEd25519Seed(new Uint8Array(32).fill(1))
  const ecdsa = generateEcdsa()
  const vkey = createVkey('log.example/1', KEY_TYPE.ed25519, key.publicKey)
  const signer = createSigner(vkey, key, { name: 'log.example', key: ecdsa })
  const { signatures } = parseNote(await signer.sign(text))
  t.same(
    signatures.map(({ name }) => name),
    ['log.example/1', 'log.example'],
  )
  const keyHash = new Uint8Array(hash('sha256', ecdsa.spki, 'buffer'))
  t.equal(signatures[1]?.keyId, uint32(keyHash), 'the ID is the start of the hash of the key alone')
  const publicKey = createPublicKey({ key: Buffer.from(ecdsa.spki), format: 'der', type: 'spki' })
  t.ok(verify('sha256', text, publicKey, signatures[1]?.signature ?? new Uint8Array()))
  t.ok(equal(await signer.open(await signer.sign(text)), text))
  const entry = { body: utf8('{}'), integratedTime: 1, logId: keyHash, index: leafIndex(0) }
  const promise = await signer.promise?.(entry)
  t.ok(verify('sha256', promisedBytes(entry), publicKey, promise ?? new Uint8Array()))
  t.equal(signerOf('log.example', 1).promise, undefined)
})
