import t from 'tap'
import { parseCheckpoint } from '../../../src/formats/c2sp/checkpoint.ts'
import {
  cosignedSubtree,
  cosignedText,
  cosignedTree,
  formatCosignature,
  parseCosignature,
} from '../../../src/formats/c2sp/cosignature.ts'
import { parseNote, parseSignatureLine } from '../../../src/formats/c2sp/note.ts'
import { hash, leafIndex, treeSize } from '../../../src/kernel/brand.ts'
import { hex, parseBase64, parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import { readVector, refused } from '../support.ts'

interface Examples {
  readonly checkpoints: Readonly<Record<string, string>>
  readonly timestamp: number
  readonly cosignedMessageEd25519: string
  readonly cosignedMessageMlDsaHex: string
  readonly cosignatureLine: string
  readonly subtreeMessageHex: string
  readonly signSubtreeRequest: string
}

const EXAMPLES = readVector<Examples>('computed/worked-examples.json')
const { text } = parseNote(utf8(EXAMPLES.checkpoints[5] ?? ''))

t.test('the bytes that witnesses sign, as computed elsewhere', async (t) => {
  t.equal(parseUtf8(cosignedText(EXAMPLES.timestamp, text)), EXAMPLES.cosignedMessageEd25519)
  const tree = cosignedTree(EXAMPLES.timestamp, 'witness.example/pq1', parseCheckpoint(text))
  t.equal(hex(tree), EXAMPLES.cosignedMessageMlDsaHex)
  const { signature } = parseSignatureLine(`${EXAMPLES.cosignatureLine.trim()}\n`)
  const cosignature = parseCosignature(signature, 64)
  t.equal(cosignature.time, EXAMPLES.timestamp)
  t.same(formatCosignature(cosignature), signature)
  const [, root = ''] = EXAMPLES.signSubtreeRequest.split('\n')
  const subtree = { start: leafIndex(2), end: treeSize(4), root: hash(parseBase64(root)) }
  t.equal(hex(cosignedSubtree('witness.example/pq1', 'example.com/log', subtree)), EXAMPLES.subtreeMessageHex)
})

t.test('refused', async () => {
  const checkpoint = parseCheckpoint(text)
  for (const time of [-1, 1.5, 2 ** 53])
    refused(() => formatCosignature({ time, signature: new Uint8Array(64) }), 'NOTE_MALFORMED', `time ${time}`)
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
