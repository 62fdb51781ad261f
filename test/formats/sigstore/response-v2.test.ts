import fc from 'fast-check'
import t from 'tap'
import { type JsonValue, parseJson } from '../../../src/formats/json.ts'
import { formatEntryV2, parseEntryV2, type TransparencyLogEntry } from '../../../src/formats/sigstore/response-v2.ts'
import { hash, leafIndex, treeSize } from '../../../src/kernel/brand.ts'
import { base64 } from '../../../src/kernel/bytes.ts'
import { bytesOf, encode, readVector, refusal } from '../support.ts'

const real = readVector<Record<string, { [field: string]: JsonValue }>>('sigstore/tlog-entries-v2.json')
const hash32 = (fill: number) => hash(new Uint8Array(32).fill(fill))
const entry: TransparencyLogEntry = {
  logIndex: leafIndex(0),
  logId: hash32(1),
  kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
  inclusionProof: { rootHash: hash32(2), treeSize: treeSize(1), hashes: [], checkpoint: 'log\n1\n…\n\n— log AAAA\n' },
  canonicalizedBody: encode('{}'),
}
const parse = (text: string) => parseEntryV2(parseJson(encode(text)))
const text = formatEntryV2(entry)

t.test('the shape clients read: every field, 64-bit numbers as strings, zero and null said', async (t) => {
  const [one, two] = [base64(hash32(1)), base64(hash32(2))]
  t.equal(
    text,
    `{"logIndex":"0","logId":{"keyId":"${one}"},"kindVersion":{"kind":"hashedrekord","version":"0.0.2"},"integratedTime":"0","inclusionPromise":null,` +
      `"inclusionProof":{"logIndex":"0","rootHash":"${two}","treeSize":"1","hashes":[],"checkpoint":{"envelope":"log\\n1\\n…\\n\\n— log AAAA\\n"}},"canonicalizedBody":"e30="}`,
  )
})

t.test('real entries survive parse and format', async (t) => {
  // Bundles leave out what is zero; a server's answer says it.
  for (const [name, fields] of Object.entries(real)) {
    const answer = { ...fields, integratedTime: '0', inclusionPromise: null }
    if (fields.inclusionProof === undefined)
      t.match(
        refusal(() => parseEntryV2(answer)),
        /^FIELD_MISSING inclusionProof/,
        name,
      )
    else t.same(JSON.parse(formatEntryV2(parseEntryV2(answer))), answer, name)
  }
})

t.test('refused, with code, path and reason', async (t) => {
  const cases: [from: string, to: string, message: RegExp][] = [
    ['"logIndex":"0"', '"logIndex":0', /^FIELD_INVALID logIndex: a string/],
    ['"logIndex":"0"', '"logIndex":"00"', /^FIELD_INVALID logIndex: not a decimal/],
    ['"logIndex":"0"', '"logIndex":"-1"', /^FIELD_INVALID logIndex: not a decimal/],
    ['"logIndex":"0"', '"logIndex":"9007199254740991"', /^FIELD_INVALID logIndex: /],
    ['"logIndex":"0",', '', /^FIELD_MISSING logIndex/],
    [
      '"logIndex":"0","rootHash"',
      '"logIndex":"1","rootHash"',
      /^FIELD_INVALID inclusionProof.logIndex: 1, where the entry says 0/,
    ],
    ['"treeSize":"1"', '"treeSize":"0"', /^FIELD_INVALID inclusionProof.treeSize: no leaf 0 in a tree of 0/],
    ['"integratedTime":"0"', '"integratedTime":"1"', /^FIELD_INVALID integratedTime/],
    ['"integratedTime":"0"', '"integratedTime":0', /^FIELD_INVALID integratedTime/],
    ['"inclusionPromise":null', '"inclusionPromise":{}', /^FIELD_INVALID inclusionPromise/],
    ['"inclusionPromise":null,', '', /^FIELD_MISSING inclusionPromise/],
    ['"hashes":[]', '"hashes":["AA=="]', /^FIELD_INVALID inclusionProof.hashes\[0\]: a hash of 1 bytes/],
    ['"hashes":[]', `"hashes":[${Array(54).fill('""').join()}]`, /^FIELD_INVALID inclusionProof.hashes: 0 to 53/],
    ['"e30="', '"e30"', /^FIELD_INVALID canonicalizedBody: not standard/],
    ['"keyId"', '"key_id"', /^FIELD_MISSING logId.keyId/],
    ['{"logIndex"', '{"more":1,"logIndex"', /^FIELD_UNKNOWN more/],
  ]
  for (const [from, to, message] of cases)
    t.match(
      refusal(() => parse(text.replace(from, to))),
      message,
      `${from} → ${to}`,
    )
})

t.test('format and parse are inverse', async () => {
  const hashes = bytesOf(32, 32).map(hash)
  const entries = fc
    .record({
      size: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    })
    .chain(({ size, at }) =>
      fc.record<TransparencyLogEntry>({
        logIndex: fc.constant(leafIndex(Math.floor((size - 1) * at))),
        logId: hashes,
        kindVersion: fc.record({ kind: fc.string(), version: fc.string() }),
        inclusionProof: fc.record({
          rootHash: hashes,
          treeSize: fc.constant(treeSize(size)),
          hashes: fc.array(hashes, { maxLength: 53 }),
          checkpoint: fc.string({ unit: 'grapheme' }),
        }),
        canonicalizedBody: bytesOf(0, 200),
      }),
    )
  fc.assert(fc.property(entries, (one) => formatEntryV2(parse(formatEntryV2(one))) === formatEntryV2(one)))
})
