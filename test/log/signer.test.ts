import t from 'tap'
import { importEd25519Seed } from '#crypto'
import { formatNote, parseNote } from '../../src/formats/c2sp/note.ts'
import { createVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
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
