/** CBOR by the examples of RFC 8949, Appendix A, and by what it must refuse. */

import t from 'tap'
import { CborReader } from '../../src/formats/cbor.ts'
import { concat, hex, parseHex } from '../../src/kernel/bytes.ts'
import { cbor, head } from './make-cose.ts'
import { refusal } from './support.ts'

const reader = (bytes: string) => new CborReader(parseHex(bytes), 'ENVELOPE_MALFORMED')
const whole = <T>(bytes: string, read: (reader: CborReader) => T): T => {
  const one = reader(bytes)
  const value = read(one)
  one.end('the item')
  return value
}
const refused = (bytes: string, read: (reader: CborReader) => unknown = (one) => one.skip(4, 'it')) =>
  refusal(() => whole(bytes, read))

t.test('numbers', async (t) => {
  for (const [bytes, value] of [
    ['00', 0],
    ['01', 1],
    ['0a', 10],
    ['17', 23],
    ['1818', 24],
    ['1819', 25],
    ['1864', 100],
    ['1903e8', 1000],
    ['1a000f4240', 1000000],
    ['1b000000e8d4a51000', 1000000000000],
    ['20', -1],
    ['29', -10],
    ['3863', -100],
    ['3903e7', -1000],
    ['1b001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ] as const) {
    t.equal(
      whole(bytes, (one) => one.integer('it')),
      value,
      bytes,
    )
    t.equal(hex(cbor(value)), bytes, 'and printed')
  }
})

t.test('strings, lists and maps', async (t) => {
  for (const [bytes, read, value] of [
    ['40', (one) => hex(one.bytes('it')), ''],
    ['4401020304', (one) => hex(one.bytes('it')), '01020304'],
    ['60', (one) => one.text('it'), ''],
    ['6161', (one) => one.text('it'), 'a'],
    ['6449455446', (one) => one.text('it'), 'IETF'],
    ['62225c', (one) => one.text('it'), '"\\'],
    ['62c3bc', (one) => one.text('it'), '\u00fc'],
    ['63e6b0b4', (one) => one.text('it'), '\u6c34'],
    ['64f0908591', (one) => one.text('it'), '\ud800\udd51'],
    ['80', (one) => one.array('it'), 0],
    ['a0', (one) => one.map('it'), 0],
    ['c11a514b67b0', (one) => [one.tag('it'), one.integer('it')].join(), '1,1363896240'],
  ] as readonly (readonly [string, (one: CborReader) => unknown, unknown])[])
    t.equal(whole(bytes, read), value, bytes)
})

t.test('passed over: whatever is well formed', async () => {
  for (const bytes of [
    ...['f4', 'f5', 'f6', 'f7', 'f90000', 'f93c00', 'fa47c35000', 'fb3ff199999999999a', 'f97e00', '83010203'],
    ...['8301820203820405', 'a201020304', 'a26161016162820203', '826161a161626163', '1818', '3903e7', '4401020304'],
    '98190102030405060708090a0b0c0d0e0f101112131415161718181819',
  ])
    whole(bytes, (one) => one.skip(4, 'it'))
})

t.test('refused, with the place', async (t) => {
  for (const [bytes, message] of [
    ['', /^ENVELOPE_MALFORMED at byte 0: it is missing/],
    ['1817', /at byte 0: it has a length or number that is not minimal/],
    ['190018', /not minimal/],
    ['1a0000ffff', /not minimal/],
    ['1b00000000ffffffff', /not minimal/],
    ['1b0020000000000000', /above 2\^53-1/],
    ['3bffffffffffffffff', /above 2\^53-1/],
    ['1c', /indefinite or reserved/],
    ['5f42010243030405ff', /indefinite or reserved/],
    ['9fff', /indefinite or reserved/],
    ['bfff', /indefinite or reserved/],
    ['7f61616161ff', /indefinite or reserved/],
    ['c0', /a tag in it/],
    ['81c000', /at byte 1: a tag in it/],
    ['e0', /unknown simple value/],
    ['f0', /unknown simple value/],
    ['f818', /unknown simple value/],
    ['f8ff', /unknown simple value/],
    ['ff', /unknown simple value/],
    ['61ff', /is not UTF-8/],
    ['62c328', /is not UTF-8/],
    ['0000', /at byte 1: bytes after the item/],
    ['818181818100', /nested too deeply/],
    ['9bffffffffffffffff', /above 2\^53-1/],
    ['9a00100000', /cut short/],
    ['ba00100000', /cut short/],
    ['5affffffff', /cut short/],
    ['f93c', /cut short/],
  ] as const)
    t.match(refused(bytes), message, bytes)
  t.match(
    refused('00', (one) => one.bytes('it')),
    /it has major type 0, not 2/,
  )
})

t.test('cut short anywhere', async (t) => {
  const bytes = cbor(['a', 1, 300, 70_000, -5, Uint8Array.of(1, 2), new Map([[1, [true, null]]])])
  for (let length = 0; length < bytes.length; length++)
    t.match(refused(hex(bytes.subarray(0, length))), /cut short|missing/)
})

t.test('longer spellings of every head', async (t) => {
  for (const major of [0, 1, 2, 3, 4, 5])
    for (const width of [1, 2, 4, 8])
      t.match(refused(hex(concat(head(major, 0, width)))), /not minimal/, `${major} in ${width} bytes`)
})
