import t from 'tap'
import { parseCheckpoint } from '../../../src/formats/c2sp/checkpoint.ts'
import { cosignedText, cosignedTree, parseCosignature } from '../../../src/formats/c2sp/cosignature.ts'
import { parseNote, parseSignatureLine } from '../../../src/formats/c2sp/note.ts'
import { hex, parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import { readVector, refused } from '../support.ts'

interface Examples {
  readonly checkpoints: Readonly<Record<string, string>>
  readonly timestamp: number
  readonly cosignedMessageEd25519: string
  readonly cosignedMessageMlDsaHex: string
  readonly cosignatureLine: string
}

const EXAMPLES = readVector<Examples>('computed/worked-examples.json')
const { text } = parseNote(utf8(EXAMPLES.checkpoints[5] ?? ''))

t.test('the bytes that witnesses sign, as computed elsewhere', async (t) => {
  t.equal(parseUtf8(cosignedText(EXAMPLES.timestamp, text)), EXAMPLES.cosignedMessageEd25519)
  const tree = cosignedTree(EXAMPLES.timestamp, 'witness.example/pq1', parseCheckpoint(text))
  t.equal(hex(tree), EXAMPLES.cosignedMessageMlDsaHex)
  const { signature } = parseSignatureLine(`${EXAMPLES.cosignatureLine.trim()}\n`)
  t.equal(parseCosignature(signature, 64).time, EXAMPLES.timestamp)
})

t.test('refused', async () => {
  const checkpoint = parseCheckpoint(text)
  refused(() => parseCosignature(new Uint8Array(71), 64), 'NOTE_MALFORMED', 'too short')
  refused(() => parseCosignature(new Uint8Array(73), 64), 'NOTE_MALFORMED', 'too long')
  refused(() => parseCosignature(new Uint8Array(72).fill(0xff), 64), 'NOTE_MALFORMED', 'a time above 2^53-1')
  refused(() => cosignedTree(1, 'w', { ...checkpoint, extensions: ['x'] }), 'NOTE_MALFORMED', 'extension lines')
  refused(() => cosignedTree(1, 'ü'.repeat(128), checkpoint), 'NOTE_MALFORMED', 'a name of 256 bytes')
  refused(
    () => cosignedTree(1, 'w', { ...checkpoint, origin: 'o'.repeat(256) }),
    'NOTE_MALFORMED',
    'an origin of 256 bytes',
  )
})
