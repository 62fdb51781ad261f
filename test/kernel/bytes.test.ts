/** One value, one spelling: what Node's own decoders would let pass is refused. */

import fc from 'fast-check'
import t from 'tap'
import {
  base64,
  concat,
  equal,
  hex,
  parseBase64,
  parseBase64Url,
  parseDecimal,
  parseHex,
  parseUtf8,
  utf8,
} from '../../src/kernel/bytes.ts'

const bytes = fc.uint8Array({ maxLength: 200 })

t.test('equal and concat', async (t) => {
  fc.assert(fc.property(bytes, bytes, (a, b) => equal(a, b) === (hex(a) === hex(b)) && equal(a, a.slice())))
  fc.assert(fc.property(fc.array(bytes), (parts) => hex(concat(...parts)) === parts.map(hex).join('')))
  t.same(concat(), new Uint8Array())
  t.notOk(equal(Uint8Array.of(1, 2), Uint8Array.of(1)), 'a prefix')
})

t.test('RFC 4648 §10', async (t) => {
  const texts = ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar']
  const spelled = ['', 'Zg==', 'Zm8=', 'Zm9v', 'Zm9vYg==', 'Zm9vYmE=', 'Zm9vYmFy']
  for (const [i, text] of texts.entries()) {
    t.equal(base64(utf8(text)), spelled[i])
    t.equal(parseUtf8(parseBase64(spelled[i] ?? '')), text)
  }
  t.equal(hex(utf8('foobar')), '666f6f626172')
})

t.test('base64 agrees with Node and returns', async () => {
  fc.assert(fc.property(bytes, (b) => base64(b) === Buffer.from(b).toString('base64')))
  fc.assert(fc.property(bytes, (b) => equal(parseBase64(base64(b)), b)))
})

t.test('base64 has one spelling', async (t) => {
  const aliases = [
    ['Zg', 'no padding'],
    ['Zg=', 'short padding'],
    ['Zg===', 'long padding'],
    ['Zm8==', 'long padding'],
    ['Zm9v=', 'needless padding'],
    ['Zm9v====', 'padding alone'],
    ['====', 'padding alone'],
    ['=', 'padding alone'],
    ['Z===', 'six bits are no byte'],
    ['Z', 'six bits are no byte'],
    ['Zh==', 'pad bits'],
    ['Zm9=', 'pad bits'],
    ['Zm9vYh==', 'pad bits'],
    ['Z=g=', 'padding within'],
    ['Zg==Zg==', 'two values'],
    ['Zm8=Zm9v', 'two values'],
    [' Zm9v', 'space'],
    ['Zm9v\n', 'newline'],
    ['Zm9v\r\n', 'newline'],
    ['Zm\n9v', 'newline within'],
    ['Zm9\n', 'newline within'],
    ['-_-_', 'URL alphabet'],
    ['ab-_', 'URL alphabet'],
    ['Zm9\u0000', 'NUL'],
    ['Zm9é', 'a Latin letter'],
    ['Zm9\u0176', 'a letter whose low byte is v'],
    ['Ｚm9v', 'a wide letter'],
    ['\ufeffZm9', 'a BOM'],
  ] as const
  for (const [text, why] of aliases)
    t.throws(
      () => parseBase64(text),
      { name: 'TlogError', code: 'BASE64_MALFORMED' },
      `${JSON.stringify(text)}: ${why}`,
    )
  const noise = fc.string({ unit: fc.constantFrom(...'AZgz09+/=-_ \n'), maxLength: 12 })
  fc.assert(
    fc.property(noise, (text) => {
      try {
        return base64(parseBase64(text)) === text
      } catch (error) {
        return (error as { code?: string }).code === 'BASE64_MALFORMED'
      }
    }),
    { numRuns: 5000 },
  )
})

t.test('base64 for URLs is the same but for two letters', async (t) => {
  t.same(parseBase64Url('-_-_AA=='), parseBase64('+/+/AA=='))
  for (const text of ['+/+/', '-_-', '-_-_A===', 'AB=='])
    t.throws(() => parseBase64Url(text), { code: 'BASE64_MALFORMED' }, text)
})

t.test('hex has one spelling', async (t) => {
  fc.assert(fc.property(bytes, (b) => equal(parseHex(hex(b)), b) && hex(b) === Buffer.from(b).toString('hex')))
  t.same(parseHex(''), new Uint8Array())
  for (const text of [
    '0',
    'abc',
    'AB',
    'aB',
    '0x00',
    'gg',
    ' 00',
    '00 ',
    '00\n',
    '0 0',
    '0\n',
    '-1',
    '+1',
    '1.',
    '٠٠',
    '００',
    '\u0130a',
  ])
    t.throws(() => parseHex(text), { name: 'TlogError', code: 'HEX_MALFORMED' }, JSON.stringify(text))
})

t.test('UTF-8 is exact, and nothing is replaced or dropped', async (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseUtf8(utf8(text)) === text))
  t.equal(parseUtf8(parseHex('efbbbf61')), '\ufeffa', 'a BOM stays')
  t.equal(parseUtf8(parseHex('00')), '\0')
  const invalid = {
    '80': 'a continuation alone',
    c3: 'cut off',
    e282: 'cut off',
    c080: 'overlong NUL',
    c1bf: 'overlong',
    e0809f: 'overlong',
    f0808080: 'overlong',
    eda080: 'a high surrogate',
    edbfbf: 'a low surrogate',
    eda081edb080: 'a pair of surrogates',
    f4908080: 'above U+10FFFF',
    f8888080: 'five bytes',
    ff: 'no such byte',
    '61ff61': 'within text',
  }
  for (const [text, why] of Object.entries(invalid))
    t.throws(() => parseUtf8(parseHex(text)), { name: 'TlogError', code: 'UTF8_MALFORMED' }, `${text}: ${why}`)
})

t.test('decimals have one spelling', async (t) => {
  fc.assert(fc.property(fc.maxSafeNat(), (n) => parseDecimal(String(n)) === n))
  t.equal(parseDecimal('9007199254740991'), Number.MAX_SAFE_INTEGER)
  const aliases = [
    '',
    ' ',
    '00',
    '01',
    '007',
    '+1',
    '-1',
    '-0',
    '1.0',
    '1.',
    '.1',
    '1e3',
    '0x10',
    '0b1',
    '0o7',
    '1_000',
    '1,000',
    ' 1',
    '1 ',
    '1\n',
    '\n1',
    '1\0',
    '1n',
    'NaN',
    'Infinity',
    '١',
    '１',
    '\ufeff1',
    '12345678901234567890',
    '1'.repeat(1e6),
  ]
  for (const text of aliases)
    t.throws(
      () => parseDecimal(text),
      { name: 'TlogError', code: 'DECIMAL_MALFORMED' },
      JSON.stringify(text.slice(0, 30)),
    )
  for (const text of ['9007199254740992', '9007199254740993', '9223372036854775807', '9999999999999999999'])
    t.throws(() => parseDecimal(text), { name: 'TlogError', code: 'SIZE_OUT_OF_RANGE' }, text)
})
