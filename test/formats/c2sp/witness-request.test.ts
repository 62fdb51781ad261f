import t from 'tap'
import { formatAddCheckpoint, parseAddCheckpoint, parseSignSubtree } from '../../../src/formats/c2sp/witness-request.ts'
import { base64, concat, parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import { readVector, refused } from '../support.ts'

interface Examples {
  readonly addCheckpointRequest: string
  readonly addCheckpointFirst: string
  readonly signSubtreeRequest: string
  readonly checkpoints: Readonly<Record<string, string>>
}

const EXAMPLES = readVector<Examples>('computed/worked-examples.json')
const HASH = base64(new Uint8Array(32))

t.test('the worked examples', async (t) => {
  const grown = parseAddCheckpoint(utf8(EXAMPLES.addCheckpointRequest))
  t.match(grown, { old: 3, proof: { length: 4 } })
  t.equal(parseUtf8(grown.note), EXAMPLES.checkpoints[5])
  const first = parseAddCheckpoint(utf8(EXAMPLES.addCheckpointFirst))
  t.match(first, { old: 0, proof: [] })
  for (const text of [EXAMPLES.addCheckpointRequest, EXAMPLES.addCheckpointFirst])
    t.equal(parseUtf8(formatAddCheckpoint(parseAddCheckpoint(utf8(text)))), text)
  const subtree = parseSignSubtree(utf8(EXAMPLES.signSubtreeRequest))
  t.match(subtree, { subtree: { start: 2, end: 4, root: { length: 32 } }, proof: { length: 2 } })
})

t.test('it is split at the first blank line, and the note is not looked at', async (t) => {
  t.equal(parseUtf8(parseAddCheckpoint(utf8('old 7\n\na\n\nb\n\n')).note), 'a\n\nb\n\n')
  t.equal(parseUtf8(parseAddCheckpoint(concat(utf8('old 7\n\n'), utf8('\n'))).note), '\n')
  t.equal(parseAddCheckpoint(utf8(`old 1\n${`${HASH}\n`.repeat(63)}\nx`)).proof.length, 63)
})

t.test('refused', async () => {
  const bad: Record<string, string> = {
    empty: '',
    'no blank line': 'old 0\nx\n',
    'a blank line too late': `old 0\n${'A'.repeat(4096)}\n\nx`,
    'no size': 'old \n\nx',
    'a leading zero': 'old 07\n\nx',
    'a sign': 'old +7\n\nx',
    hex: 'old 0x7\n\nx',
    'above 2^53-1': 'old 9007199254740992\n\nx',
    'two spaces': 'old  7\n\nx',
    'a space behind': 'old 7 \n\nx',
    'carriage returns': 'old 7\r\n\r\nx',
    'another word': 'Old 7\n\nx',
    'a BOM': '\ufeffold 7\n\nx',
    'a hash of 31 bytes': `old 7\n${base64(new Uint8Array(31))}\n\nx`,
    'a hash without padding': `old 7\n${HASH.slice(0, -1)}\n\nx`,
    '64 hashes': `old 7\n${`${HASH}\n`.repeat(64)}\nx`,
    'not UTF-8': 'old 7\n\ud800\n\nx',
  }
  for (const [name, text] of Object.entries(bad))
    refused(() => parseAddCheckpoint(utf8(text)), 'REQUEST_MALFORMED', name)
  const subtrees: Record<string, string> = {
    'no hash': 'subtree 0 1\n\nx',
    'one number': `subtree 1\n${HASH}\n\nx`,
    'three numbers': `subtree 1 2 3\n${HASH}\n\nx`,
    'a leading zero': `subtree 00 1\n${HASH}\n\nx`,
    'a short proof hash': `subtree 0 1\n${HASH}\nAA==\n\nx`,
  }
  for (const [name, text] of Object.entries(subtrees))
    refused(() => parseSignSubtree(utf8(text)), 'REQUEST_MALFORMED', `subtree: ${name}`)
  const many = { ...parseAddCheckpoint(utf8(EXAMPLES.addCheckpointRequest)) }
  const [node] = many.proof
  if (node !== undefined)
    refused(
      () => formatAddCheckpoint({ ...many, proof: Array(64).fill(node) }),
      'REQUEST_MALFORMED',
      'format: 64 hashes',
    )
})
