import { createPublicKey, hash, verify } from 'node:crypto'
import t from 'tap'
import { generateEcdsa, generateMlDsa44, importEd25519Seed } from '#crypto'
import { formatNote, parseNote, uint32 } from '../../src/formats/c2sp/note.ts'
import { createVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import { promisedBytes } from '../../src/formats/sigstore/promise.ts'
import { leafIndex, treeSize } from '../../src/kernel/brand.ts'
import { concat, equal, utf8 } from '../../src/kernel/bytes.ts'
import { EMPTY_ROOT } from '../../src/kernel/hash.ts'
import { createSigner } from '../../src/log/signer.ts'
import { openLine } from '../../src/verify/note-line.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'

const EMPTY = { origin: 'log.example', size: treeSize(0), root: EMPTY_ROOT, extensions: [] }
const NOW = 1_700_000_000
const text = utf8('log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n')

function signerOf(name: string, fill: number) {
  const key = importEd25519Seed(new Uint8Array(32).fill(fill))
  return createSigner(createVkey(name, KEY_TYPE.ed25519, key.publicKey), key)
}

t.test('signs and opens its own, also among the lines of others', async (t) => {
  const signer = signerOf('log.example', 1)
  const note = await signer.sign(EMPTY, NOW)
  t.ok(equal(await signer.open(note), text))
  const others = parseNote(await signerOf('witness.example', 2).sign(EMPTY, NOW)).signatures
  const cosigned = formatNote({ text, signatures: [...parseNote(note).signatures, ...others] })
  t.ok(equal(await signer.open(cosigned), text))
})

t.test('refuses what it did not sign', async (t) => {
  const signer = signerOf('log.example', 1)
  const note = await signer.sign(EMPTY, NOW)
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
  const signer = createSigner(vkey, key, { ecdsa: { name: 'log.example', key: ecdsa } })
  const { signatures } = parseNote(await signer.sign(EMPTY, NOW))
  t.same(
    signatures.map(({ name }) => name),
    ['log.example/1', 'log.example'],
  )
  const keyHash = new Uint8Array(hash('sha256', ecdsa.spki, 'buffer'))
  t.equal(signatures[1]?.keyId, uint32(keyHash), 'the ID is the start of the hash of the key alone')
  const publicKey = createPublicKey({ key: Buffer.from(ecdsa.spki), format: 'der', type: 'spki' })
  t.ok(verify('sha256', text, publicKey, signatures[1]?.signature ?? new Uint8Array()))
  t.ok(equal(await signer.open(await signer.sign(EMPTY, NOW)), text))
  const entry = { body: utf8('{}'), integratedTime: 1, logId: keyHash, index: leafIndex(0) }
  const promise = await signer.promise?.(entry)
  t.ok(verify('sha256', promisedBytes(entry), publicKey, promise ?? new Uint8Array()))
  t.equal(signerOf('log.example', 1).promise, undefined)
})

t.test('with an ML-DSA-44 key: a further line, in the form of a cosignature of the whole tree', async (t) => {
  const key = importEd25519Seed(new Uint8Array(32).fill(1))
  const [ecdsa, mlDsaKey] = [generateEcdsa(), generateMlDsa44()]
  const vkey = createVkey('log.example', KEY_TYPE.ed25519, key.publicKey)
  const mlDsa = { vkey: createVkey('log.example', KEY_TYPE.mlDsa44, mlDsaKey.mlDsa44PublicKey), key: mlDsaKey }
  const signer = createSigner(vkey, key, { mlDsa })
  const note = await signer.sign(EMPTY, NOW)
  const { signatures } = parseNote(note)
  t.same(
    signatures.map(({ keyId }) => keyId),
    [vkey.keyId, mlDsa.vkey.keyId],
  )
  t.equal(signatures[1]?.signature.length, 2428)
  const received = { note: parseNote(note), checkpoint: EMPTY }
  t.same(await openLine(mlDsa.vkey, received, verifyMlDsa44), { time: NOW })
  t.same(await openLine(vkey, received, verifyMlDsa44), { time: null })
  t.equal(signer.signedAt(note), NOW)
  t.equal(signer.renewMs, 600_000)
  t.ok(equal(await signer.open(note), text))
  const again = parseNote(await signer.sign(EMPTY, NOW)).signatures
  t.ok(equal(again[0]?.signature ?? text, signatures[0]?.signature ?? note), 'Ed25519 is deterministic')
  t.notOk(equal(again[1]?.signature ?? text, signatures[1]?.signature ?? note), 'ML-DSA is hedged')

  const all = createSigner(vkey, key, { ecdsa: { name: 'log.example', key: ecdsa }, mlDsa })
  const lengths = parseNote(await all.sign(EMPTY, NOW)).signatures.map(({ signature }) => signature.length)
  t.ok(lengths[0] === 64 && (lengths[1] ?? 99) <= 72 && lengths[2] === 2428, `in this order: ${lengths}`)
  const without = createSigner(vkey, key)
  t.equal(without.signedAt(await without.sign(EMPTY, NOW)), 0)
  t.equal(without.signedAt(note), 0)
  t.equal(signer.signedAt(await without.sign(EMPTY, NOW)), 0, 'a note from before it had the key')
  t.equal(without.renewMs, null)
})

t.test('what ML-DSA-44 does not cover is not signed at all', async (t) => {
  const key = importEd25519Seed(new Uint8Array(32).fill(1))
  const mlDsaKey = generateMlDsa44()
  const vkey = createVkey('log.example', KEY_TYPE.mlDsa44, mlDsaKey.mlDsa44PublicKey)
  const signer = createSigner(createVkey('log.example', KEY_TYPE.ed25519, key.publicKey), key, {
    mlDsa: { vkey, key: mlDsaKey },
  })
  await t.rejects(signer.sign({ ...EMPTY, extensions: ['x'] }, NOW), { code: 'NOTE_MALFORMED' })
  await t.rejects(signer.sign({ ...EMPTY, origin: 'o'.repeat(256) }, NOW), { code: 'NOTE_MALFORMED' })
  await t.rejects(signer.sign(EMPTY, -1), { name: /Error/ })
})
