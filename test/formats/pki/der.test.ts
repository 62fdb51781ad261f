import fc from 'fast-check'
import t from 'tap'
import { DerReader, formatDer, formatOid, formatUnsigned, TAG } from '../../../src/formats/pki/der.ts'
import { parseHex } from '../../../src/kernel/bytes.ts'
import { refusal } from '../support.ts'

const read = (hex: string) => new DerReader(parseHex(hex))

const REFUSED: readonly (readonly [string, (reader: DerReader) => unknown, string, RegExp])[] = [
  ['nothing', (r) => r.next('it'), '', /at byte 0: it is missing/],
  ['a tag alone', (r) => r.next('it'), '04', /it is cut short/],
  ['a high tag number', (r) => r.next('it'), '1f8101', /tag of several bytes/],
  ['a short value', (r) => r.next('it'), '040301', /it is cut short/],
  ['a short length', (r) => r.next('it'), '048201', /it is cut short/],
  ['an indefinite length', (r) => r.next('it'), '3080040100', /indefinite length/],
  ['a long form below 128', (r) => r.next('it'), '04810100', /length that is not minimal/],
  ['a length with a zero', (r) => r.next('it'), `04820080${'00'.repeat(128)}`, /length that is not minimal/],
  ['a length of 5 bytes', (r) => r.next('it'), '04850000000001', /length of 5 bytes/],
  ['a length of 4 GiB', (r) => r.next('it'), '0484ffffffff', /it is cut short/],
  ['a length of the reserved form', (r) => r.next('it'), '04ff', /length of 127 bytes/],
  ['another tag', (r) => r.read(TAG.sequence, 'it'), '0400', /it has tag 0x04/],
  ['no bytes', (r) => r.unsigned('it'), '0200', /it is an integer of no bytes/],
  ['a negative integer', (r) => r.unsigned('it'), '020180', /it is negative/],
  ['a padded integer', (r) => r.unsigned('it'), '0202007f', /it is padded with zeros/],
  ['padded bits', (r) => r.bits('it'), '03020180', /not a whole number of bytes/],
  ['bits without a count', (r) => r.bits('it'), '0300', /not a whole number of bytes/],
  ['an empty identifier', (r) => r.oid('it'), '0600', /no object identifier/],
  ['an open identifier', (r) => r.oid('it'), '06022a86', /no object identifier/],
  ['a padded first arc', (r) => r.oid('it'), '06028001', /padded arc/],
  ['a padded arc', (r) => r.oid('it'), '06032a8001', /padded arc/],
  ['an arc of 70 bits', (r) => r.oid('it'), `060b2a${'ff'.repeat(9)}7f`, /arc above 2\^53-1/],
  ['bytes after', (r) => r.end('it'), '00', /bytes after it/],
  ['nested too deeply', (r) => r.walk(2), '3006300430023000', /at byte 4: nested too deeply/],
  ['broken inside', (r) => r.walk(8), '30043002040f', /at byte 4: a value is cut short/],
]

t.test('refused, and where', async (t) => {
  for (const [what, use, hex, reason] of REFUSED) {
    const why = refusal(() => use(read(hex)))
    t.match(why, /^DER_MALFORMED at byte \d+: /, what)
    t.match(why, reason, what)
  }
  const coded = () => new DerReader(new Uint8Array(0), 'KEY_MALFORMED').next('it')
  t.match(refusal(coded), /^KEY_MALFORMED /, 'under the code the caller gave')
})

t.test('what is written is read', async (t) => {
  const bytes = fc.uint8Array({ maxLength: 300 })
  fc.assert(
    fc.property(fc.nat(29), bytes, (tag, content) => {
      const reader = new DerReader(formatDer(tag, content))
      t.same(reader.read(tag, 'it'), content)
      reader.end('it')
    }),
    { numRuns: 50 },
  )
  for (const length of [0, 127, 128, 255, 256, 65_535, 65_536])
    t.equal(new DerReader(formatDer(TAG.octetString, new Uint8Array(length))).next('it').value.length, length)
  for (const dotted of ['0.0', '1.39', '2.0', '2.5.29.17', '1.3.6.1.4.1.57264.1.8', '2.999.9007199254740000'])
    t.equal(new DerReader(formatOid(dotted)).oid('it'), dotted)
  for (const magnitude of ['00', '01', '7f', '80', 'ff', '0100'])
    t.same(new DerReader(formatUnsigned(parseHex(magnitude))).unsigned('it'), parseHex(magnitude))
})
