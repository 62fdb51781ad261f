import fc from 'fast-check'
import t from 'tap'
import { formatCheckpoint, parseCheckpoint } from '../../../src/formats/c2sp/checkpoint.ts'
import { formatNote, parseNote } from '../../../src/formats/c2sp/note.ts'
import { formatTlogProof, parseTlogProof } from '../../../src/formats/c2sp/tlog-proof.ts'
import { hash, leafIndex, treeSize } from '../../../src/kernel/brand.ts'
import { base64, parseBase64 } from '../../../src/kernel/bytes.ts'
import { inclusionPlan, verifyInclusion } from '../../../src/kernel/proof.ts'
import { bytesOf, decode, encode, everyByteCounts, readVector, refusal } from '../support.ts'

const { tlogProof, leafHashes } = readVector<{
  tlogProof: string
  leafHashes: string[]
}>('computed/worked-examples.json')

t.test('the worked example', async (t) => {
  const proof = parseTlogProof(encode(tlogProof))
  t.match(proof, { extra: null, index: 2, path: { length: 3 } })
  const checkpoint = parseCheckpoint(parseNote(proof.note).text)
  verifyInclusion(hash(parseBase64(leafHashes[2] ?? '')), proof.index, checkpoint, proof.path)
  t.equal(decode(formatTlogProof(proof)), tlogProof)
  everyByteCounts(encode(tlogProof), (bytes) => formatTlogProof(parseTlogProof(bytes)))
})

const note = `log.example\n3\n${base64(new Uint8Array(32))}\n\n— log.example ${base64(Uint8Array.of(0, 0, 0, 7, 1))}\n`
const line = (fill: number) => `${base64(new Uint8Array(32).fill(fill))}\n`
const path = line(1) + line(2)
const FIRST = 'c2sp.org/tlog-proof@v1\n'

t.test('other accepted files', async (t) => {
  const accepted = {
    'a path of two': `${FIRST}index 0\n${path}\n${note}`,
    'the leaf at the right edge, a level up': `${FIRST}index 2\n${line(1)}\n${note}`,
    'extra data': `${FIRST}extra YQ==\nindex 0\n${path}\n${note}`,
    'extra data as long as it may be': `${FIRST}extra ${base64(new Uint8Array(48_000))}\nindex 0\n${path}\n${note}`,
    'a tree of one, with no path': `${FIRST}index 0\n\n${note.replace('\n3\n', '\n1\n')}`,
    'a checkpoint with an extension line': `${FIRST}index 0\n${path}\n${note.replace('\n\n', '\nmore\n\n')}`,
  }
  for (const [name, text] of Object.entries(accepted))
    t.equal(decode(formatTlogProof(parseTlogProof(encode(text)))), text, name)
  t.same(parseTlogProof(encode(accepted['extra data'])).extra, encode('a'))
})

const REFUSED: readonly [name: string, text: string, reason: RegExp][] = [
  ['nothing', '', /no blank line/],
  ['no blank line', `${FIRST}index 0\n${path}`, /no blank line/],
  ['the blank line alone', '\n\n', /line 1: not c2sp/],
  ['another version', `${FIRST.replace('v1', 'v2')}index 0\n${path}\n${note}`, /line 1: not c2sp/],
  ['a space after the first line', `${FIRST.replace('\n', ' \n')}index 0\n${path}\n${note}`, /line 1/],
  ['a byte order mark', `\ufeff${FIRST}index 0\n${path}\n${note}`, /line 1/],
  ['carriage returns', `${FIRST}index 0\n${path}\n${note}`.replaceAll('\n', '\r\n'), /no blank line/],
  ['no index', `${FIRST}${path}\n${note}`, /line 2: "index" was expected/],
  ['no index after extra', `${FIRST}extra YQ==\n${path}\n${note}`, /line 3: "index" was expected/],
  ['an index with a leading zero', `${FIRST}index 00\n${path}\n${note}`, /line 2: not a decimal number/],
  ['an index with a sign', `${FIRST}index +0\n${path}\n${note}`, /line 2: not a decimal number/],
  ['an index after two spaces', `${FIRST}index  0\n${path}\n${note}`, /line 2: not a decimal number/],
  ['an index of 2^53-1', `${FIRST}index 9007199254740991\n${path}\n${note}`, /line 2: a leaf index must be/],
  ['an index above 2^53', `${FIRST}index 9007199254740993\n${path}\n${note}`, /line 2: .* above 2\^53-1/],
  ['index and path swapped', `${FIRST}${line(1)}index 0\n${line(2)}\n${note}`, /line 2: "index" was expected/],
  ['index twice', `${FIRST}index 0\nindex 0\n${path}\n${note}`, /line 3: not standard padded base64/],
  ['extra after the index', `${FIRST}index 0\nextra YQ==\n${path}\n${note}`, /line 3: not standard padded base64/],
  ['extra twice', `${FIRST}extra YQ==\nextra YQ==\nindex 0\n${path}\n${note}`, /line 3: "index" was expected/],
  ['extra without data', `${FIRST}extra \nindex 0\n${path}\n${note}`, /extra data has 1 to 48000 bytes, not 0/],
  ['the word extra alone', `${FIRST}extra\nindex 0\n${path}\n${note}`, /line 2: "index" was expected/],
  ['extra not base64', `${FIRST}extra YQ\nindex 0\n${path}\n${note}`, /line 2: not standard padded base64/],
  ['extra with spare bits', `${FIRST}extra YR==\nindex 0\n${path}\n${note}`, /line 2: not standard padded base64/],
  [
    'too much extra data',
    `${FIRST}extra ${base64(new Uint8Array(48_001))}\nindex 0\n${path}\n${note}`,
    /extra data has 1 to 48000 bytes, not 48001/,
  ],
  [
    'a header above its bound',
    `${FIRST}extra ${base64(new Uint8Array(60_000))}\nindex 0\n${path}\n${note}`,
    /no blank line/,
  ],
  ['a hash of 31 bytes', `${FIRST}index 2\n${base64(new Uint8Array(31))}\n\n${note}`, /line 3: a hash of 31 bytes/],
  ['a space behind a hash', `${FIRST}index 2\n${line(1).replace('\n', ' \n')}\n${note}`, /line 3: not standard/],
  ['a hash too many', `${FIRST}index 2\n${path}\n${note}`, /leaf 2 in a tree of 3 has a path of 1 hashes, not 2/],
  ['a hash too few', `${FIRST}index 0\n${line(1)}\n${note}`, /leaf 0 in a tree of 3 has a path of 2 hashes, not 1/],
  ['an index outside the tree', `${FIRST}index 3\n${path}\n${note}`, /index: leaf 3 is outside a tree of 3/],
  ['a second blank line', `${FIRST}index 0\n${path}\n\n${note}`, /checkpoint: /],
  ['no checkpoint', `${FIRST}index 0\n${path}\n`, /checkpoint: not a signed note/],
  ['an unsigned checkpoint', `${FIRST}index 0\n${path}\n${note.split('—')[0]}`, /checkpoint: not a signed note/],
  ['a note that is no checkpoint', `${FIRST}index 0\n${path}\n${note.replace('\n3\n', '\nthree\n')}`, /checkpoint: /],
  ['text after the checkpoint', `${FIRST}index 0\n${path}\n${note}\n`, /checkpoint: not a signed note/],
]

t.test('refused files', async (t) => {
  for (const [name, text, reason] of REFUSED) {
    const said = refusal(() => parseTlogProof(encode(text)))
    t.match(said, /^PROOF_MALFORMED /, name)
    t.match(said, reason, name)
  }
  const long = new Uint8Array(1024 * 1024 + 1)
  t.match(
    refusal(() => parseTlogProof(long)),
    /^PROOF_MALFORMED .*1048577 bytes, at most 1048576/,
  )
  t.match(
    refusal(() => parseTlogProof(Uint8Array.of(0xff, 0x0a, 0x0a))),
    /^PROOF_MALFORMED header: not valid UTF-8/,
  )
})

t.test('what cannot be read back is not written', async (t) => {
  const good = parseTlogProof(encode(`${FIRST}index 0\n${path}\n${note}`))
  for (const [name, change] of Object.entries({
    'a path too short': { path: good.path.slice(1) },
    'an index outside': { index: leafIndex(3) },
    'empty extra data': { extra: new Uint8Array() },
    'too much extra data': { extra: new Uint8Array(48_001) },
    'a note that is none': { note: encode('log.example\n3\n') },
  }))
    t.match(
      refusal(() => formatTlogProof({ ...good, ...change })),
      /^PROOF_MALFORMED /,
      name,
    )
  // Both parts are within their own bounds, the whole is not.
  const filled = note.replace('\n\n', `\n${'a'.repeat(1024 * 1024 - note.length - 8)}\n\n`)
  t.match(
    refusal(() => formatTlogProof({ ...good, extra: new Uint8Array(48_000), note: encode(filled) })),
    /^PROOF_MALFORMED .* bytes, at most 1048576/,
  )
})

t.test('reads what it writes', async (t) => {
  const hash32 = bytesOf(32, 32).map(hash)
  const proofs = fc
    .tuple(fc.integer({ min: 1, max: 2 ** 40 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
    .chain(([size, place]) => {
      const index = leafIndex(Math.floor(size * place))
      const hashes = inclusionPlan(index, treeSize(size)).length
      return fc.record({
        extra: fc.option(bytesOf(1, 300)),
        index: fc.constant(index),
        path: fc.array(hash32, { minLength: hashes, maxLength: hashes }),
        note: hash32.map((root) =>
          formatNote({
            text: formatCheckpoint({ origin: 'log.example', size: treeSize(size), root, extensions: [] }),
            signatures: [{ name: 'log.example', keyId: 7, signature: new Uint8Array(64) }],
          }),
        ),
      })
    })
  fc.assert(fc.property(proofs, (proof) => t.same(parseTlogProof(formatTlogProof(proof)), proof)))
})
