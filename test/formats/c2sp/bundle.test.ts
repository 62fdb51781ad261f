import fc from 'fast-check'
import t from 'tap'
import { formatBundle, MAX_ENTRY_BYTES, parseBundle } from '../../../src/formats/c2sp/bundle.ts'
import { equal, hex, parseHex } from '../../../src/kernel/bytes.ts'
import { bytesOf, encode, everyByteCounts, readVector, refused } from '../support.ts'

const computed = readVector<{ entries: string[]; entryBundleHex: string }>('computed/worked-examples.json')

t.test('the worked example', async (t) => {
  const entries = computed.entries.map(encode)
  t.equal(hex(formatBundle(entries)), computed.entryBundleHex)
  t.same(parseBundle(parseHex(computed.entryBundleHex), 5), entries)
})

t.test('entries of no bytes and of the most', async (t) => {
  for (const entries of [[0], [0, 0, 1], [MAX_ENTRY_BYTES], [MAX_ENTRY_BYTES, 0], Array(256).fill(3)]) {
    const bundle = entries.map((length) => new Uint8Array(length).fill(length % 251))
    t.ok(
      parseBundle(formatBundle(bundle), bundle.length).every((entry, i) => equal(entry, bundle[i] ?? new Uint8Array())),
    )
  }
  refused(() => formatBundle([new Uint8Array(3), new Uint8Array(65_536)]), 'ENTRY_TOO_LARGE', '65,536 bytes')
})

t.test('malformed bundles', async () => {
  const cases: [hex: string, width: number][] = [
    ['', 1],
    ['00', 1],
    ['0001', 1],
    ['0002aa', 1],
    ['0001aabb', 1],
    ['0001aa00', 1],
    ['0001aa', 2],
    ['0001aa0001bb', 1],
    ['ffff', 1],
    ['0001aa', 0],
    ['', 0],
    ['0001aa', -1],
    ['0001aa', 1.5],
    ['0001aa', Number.NaN],
    ['0000'.repeat(257), 257],
  ]
  for (const [bytes, width] of cases)
    refused(() => parseBundle(parseHex(bytes), width), 'BUNDLE_MALFORMED', `${bytes.slice(0, 20)} as ${width}`)
  refused(() => formatBundle([]), 'BUNDLE_MALFORMED', 'no entry')
  refused(() => formatBundle(Array(257).fill(new Uint8Array())), 'BUNDLE_MALFORMED', '257 entries')
})

t.test('reads a view that begins within its buffer', async (t) => {
  const bytes = parseHex(`ffff${computed.entryBundleHex}ff`)
  t.same(parseBundle(bytes.subarray(2, -1), 5), computed.entries.map(encode))
})

t.test('format and parse are inverse', async () => {
  fc.assert(
    fc.property(fc.array(bytesOf(0, 300), { minLength: 1, maxLength: 20 }), (entries) => {
      const again = parseBundle(formatBundle(entries), entries.length)
      return (
        again.length === entries.length && again.every((entry, i) => hex(entry) === hex(entries[i] ?? new Uint8Array()))
      )
    }),
  )
  everyByteCounts(parseHex(computed.entryBundleHex), (bytes) => formatBundle(parseBundle(bytes, 5)))
})
