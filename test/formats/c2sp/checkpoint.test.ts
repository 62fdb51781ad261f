import fc from 'fast-check'
import t from 'tap'
import { formatCheckpoint, parseCheckpoint } from '../../../src/formats/c2sp/checkpoint.ts'
import { parseNote } from '../../../src/formats/c2sp/note.ts'
import { hash, treeSize } from '../../../src/kernel/brand.ts'
import { base64 } from '../../../src/kernel/bytes.ts'
import { EMPTY_ROOT } from '../../../src/kernel/hash.ts'
import { bytesOf, decode, encode, everyByteCounts, readVector, refusal, refused } from '../support.ts'

const computed = readVector<{ checkpoints: Record<string, string>; roots: string[] }>('computed/worked-examples.json')
const rekor = readVector<Record<string, { inclusionProof?: { checkpoint: { envelope: string } } }>>(
  'sigstore/tlog-entries-v2.json',
)
const root = 'GqaNMHSQWlgfhMu9D3U3lJBP2ARRvEwT5p2aU7xZUCw='
const empty = base64(EMPTY_ROOT)
const five = `example.com/log\n5\n${root}\n`

t.test('the worked examples', async (t) => {
  for (const [size, note] of Object.entries(computed.checkpoints)) {
    const checkpoint = parseCheckpoint(parseNote(encode(note)).text)
    t.equal(checkpoint.origin, 'example.com/log')
    t.equal(checkpoint.size, Number(size))
    t.equal(base64(checkpoint.root), computed.roots[Number(size)])
  }
})

t.test('a tree as golang.org/x/mod prints it', async (t) => {
  const { formatTree } = readVector<{ formatTree: { n: number; golden: string } }>('golang-mod/derived/tlog-cases.json')
  const checkpoint = parseCheckpoint(encode(formatTree.golden))
  t.match(checkpoint, { origin: 'go.sum database tree', size: formatTree.n })
  t.equal(decode(formatCheckpoint(checkpoint)), formatTree.golden)
})

t.test('checkpoints of sigstore-conformance', async (t) => {
  for (const [name, { inclusionProof }] of Object.entries(rekor)) {
    if (inclusionProof === undefined) continue
    const parse = () => parseCheckpoint(parseNote(encode(inclusionProof.checkpoint.envelope)).text)
    if (/missing-log-signature/.test(name)) refused(parse, 'NOTE_MALFORMED', name)
    else if (/missing-(origin|size|root-hash)/.test(name)) refused(parse, 'CHECKPOINT_MALFORMED', name)
    else t.doesNotThrow(parse, name)
  }
})

t.test('every text has one meaning and every meaning one text', async (t) => {
  for (const text of [
    five,
    `go.sum database tree\n5\n${root}\n`,
    `a+b é\n9007199254740991\n${root}\n`,
    `x\n0\n${empty}\n`,
    `rekor.example - 123\n5\n${root}\nTimestamp: 1\n \nother\n`,
  ])
    t.equal(decode(formatCheckpoint(parseCheckpoint(encode(text)))), text)
})

t.test('malformed checkpoints', async (t) => {
  const cases: [text: string, reason: RegExp][] = [
    ['', /does not end in a newline|fewer/],
    ['\n', /fewer than three lines/],
    [five.slice(0, -1), /does not end in a newline/],
    [`\n5\n${root}\n`, /line 1/],
    [`a\u0000\n5\n${root}\n`, /line 1/],
    [`a\r\n5\n${root}\n`, /line 1/],
    [`a\u007f\n5\n${root}\n`, /line 1/],
    [`a\n\n${root}\n`, /line 2/],
    [`a\n05\n${root}\n`, /line 2/],
    [`a\n+5\n${root}\n`, /line 2/],
    [`a\n-5\n${root}\n`, /line 2/],
    [`a\n5 \n${root}\n`, /line 2/],
    [`a\n0x5\n${root}\n`, /line 2/],
    [`a\n5e0\n${root}\n`, /line 2/],
    [`a\n٥\n${root}\n`, /line 2/],
    [`a\n9007199254740992\n${root}\n`, /line 2: 9007199254740992 is above 2\^53-1/],
    [`a\n9223372036854775808\n${root}\n`, /line 2/],
    [`a\n18446744073709551616\n${root}\n`, /line 2/],
    [`a\n5\n${root.slice(0, -1)}\n`, /line 3/],
    [`a\n5\n${root.replace('Cw=', 'Cx=')}\n`, /line 3: .*non-zero bits/],
    [`a\n5\n${root.replace('/', '_')} \n`, /line 3/],
    [`a\n5\n${base64(new Uint8Array(31))}\n`, /line 3: a hash of 31 bytes/],
    [`a\n5\n${base64(new Uint8Array(33))}\n`, /line 3/],
    [`a\n5\n\n`, /line 3/],
    [`a\n0\n${root}\n`, /line 3: a tree of size 0/],
    [`${five}\n`, /line 4/],
    [`${five}a\n\nb\n`, /line 5/],
    [`${five}a\tb\n`, /line 4/],
  ]
  for (const [text, reason] of cases) {
    t.match(
      refusal(() => parseCheckpoint(encode(text))),
      /^CHECKPOINT_MALFORMED /,
      JSON.stringify(text),
    )
    t.match(
      refusal(() => parseCheckpoint(encode(text))),
      reason,
    )
  }
  refused(() => parseCheckpoint(Uint8Array.of(0xff, ...encode(five))), 'CHECKPOINT_MALFORMED', 'not UTF-8')
})

t.test('format refuses what parse would', async () => {
  const checkpoint = parseCheckpoint(encode(five))
  for (const origin of ['', 'a\nb', '\ud800'])
    refused(() => formatCheckpoint({ ...checkpoint, origin }), 'CHECKPOINT_MALFORMED', origin)
  for (const line of ['', 'a\n', '\ud800'])
    refused(() => formatCheckpoint({ ...checkpoint, extensions: [line] }), 'CHECKPOINT_MALFORMED', line)
  refused(() => formatCheckpoint({ ...checkpoint, size: treeSize(0) }), 'CHECKPOINT_MALFORMED', 'another empty root')
})

t.test('format and parse are inverse', async () => {
  const lines = fc.string({ unit: 'grapheme', minLength: 1 })
  fc.assert(
    fc.property(
      lines,
      fc.maxSafeNat(),
      bytesOf(32, 32),
      fc.array(lines, { maxLength: 3 }),
      (origin, size, bytes, extensions) => {
        const checkpoint = { origin, size: treeSize(size), root: size === 0 ? EMPTY_ROOT : hash(bytes), extensions }
        return JSON.stringify(parseCheckpoint(formatCheckpoint(checkpoint))) === JSON.stringify(checkpoint)
      },
    ),
  )
})

t.test('every byte counts', async () => {
  everyByteCounts(encode(five), (bytes) => formatCheckpoint(parseCheckpoint(bytes)))
  everyByteCounts(encode(`x\n0\n${empty}\nextension\n`), (bytes) => formatCheckpoint(parseCheckpoint(bytes)))
})
