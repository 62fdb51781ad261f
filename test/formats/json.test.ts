import fc from 'fast-check'
import t from 'tap'
import { formatJsonPath, parseJson } from '../../src/formats/json.ts'
import { parseBase64 } from '../../src/kernel/bytes.ts'
import { encode, readVector, refusal, refused } from './support.ts'

const parse = (text: string) => parseJson(encode(text))
const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

t.test('JSONTestSuite: what must be accepted is, as JSON.parse reads it; what must be refused is', async (t) => {
  // Valid JSON whose meaning depends on the reader.
  const stricter = new Map([
    ['y_object_duplicated_key', 'JSON_DUPLICATE_KEY'],
    ['y_object_duplicated_key_and_value', 'JSON_DUPLICATE_KEY'],
  ])
  const either = new Map<string, string>()
  for (const [name, data] of Object.entries(readVector<Record<string, string>>('json/JSONTestSuite.json'))) {
    const bytes = parseBase64(data)
    if (stricter.has(name))
      t.match(
        refusal(() => parseJson(bytes)),
        stricter.get(name),
        name,
      )
    else if (name.startsWith('y_')) t.same(plain(parseJson(bytes)), JSON.parse(new TextDecoder().decode(bytes)), name)
    else if (name.startsWith('n_'))
      t.match(
        refusal(() => parseJson(bytes)),
        /^(JSON|UTF8)_/,
        name,
      )
    else either.set(name, refusal(() => parseJson(bytes)).replace(/ .*/s, ''))
  }
  t.same(
    [...either].filter(([, outcome]) => outcome === 'accepted').map(([name]) => name),
    ['i_number_double_huge_neg_exp', 'i_number_real_underflow'],
    'of what RFC 8259 leaves open, only tiny numbers, read as 0, are accepted',
  )
})

t.test('refused, with the reason and the place', async (t) => {
  const cases: [document: string, message: string][] = [
    ['{"a":1,"a":1}', 'JSON_DUPLICATE_KEY a: duplicate key, at character 7'],
    ['{"a":{"b":[0,{"c":1,"\\u0063":2}]}}', 'JSON_DUPLICATE_KEY a.b[1].c: duplicate key, at character 20'],
    ['{"__proto__":1,"__proto__":2}', 'JSON_DUPLICATE_KEY __proto__: duplicate key, at character 15'],
    ['9007199254740992', 'JSON_NUMBER_UNSAFE the document: 9007199254740992 has no exact value here, at character 0'],
    ['[-9007199254740992]', 'JSON_NUMBER_UNSAFE [0]: -9007199254740992 has no exact value here, at character 1'],
    ['{"n":1e400}', 'JSON_NUMBER_UNSAFE n: 1e400 has no exact value here, at character 5'],
    ['"\\ud800"', 'JSON_MALFORMED the document: lone surrogate in the string, at character 0'],
    ['"\\udc00\\ud800"', 'JSON_MALFORMED the document: lone surrogate in the string, at character 0'],
    ['\ufeff{}', 'JSON_MALFORMED the document: unexpected character, at character 0'],
    ['{} {}', 'JSON_MALFORMED the document: text after the value, at character 3'],
    ['', 'JSON_MALFORMED the document: unexpected end, at character 0'],
    ['{"a"', 'JSON_MALFORMED a: ":" was expected, at character 4'],
    ['{"a":1,}', 'JSON_MALFORMED the document: a key was expected, at character 7'],
    ['[1,]', 'JSON_MALFORMED [1]: unexpected character, at character 3'],
    ['"a', 'JSON_MALFORMED the document: a string without an end, at character 0'],
    ['"\\', 'JSON_MALFORMED the document: no such escape sequence, at character 1'],
    ['"\\u12', 'JSON_MALFORMED the document: no such escape sequence, at character 1'],
    ['"\\u12G4"', 'JSON_MALFORMED the document: no such escape sequence, at character 1'],
    ['"a\nb"', 'JSON_MALFORMED the document: control character in a string, at character 2'],
    ['\u00a01', 'JSON_MALFORMED the document: unexpected character, at character 0'],
    ['01', 'JSON_MALFORMED the document: text after the value, at character 1'],
    ['nullx', 'JSON_MALFORMED the document: text after the value, at character 4'],
  ]
  for (const [document, message] of cases)
    t.equal(
      refusal(() => parse(document)),
      message,
      JSON.stringify(document),
    )
})

t.test('bytes that are not UTF-8 are refused, not replaced', async () => {
  for (const bytes of [
    [0x22, 0xff, 0x22],
    [0x22, 0xc0, 0x80, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0x22, 0xe2, 0x82, 0x22],
  ])
    refused(() => parseJson(Uint8Array.from(bytes)), 'UTF8_MALFORMED', bytes.join(' '))
})

t.test('depth is bounded before it costs anything', async (t) => {
  for (const open of ['[', '{"a":', '[{"":']) {
    const started = performance.now()
    refused(() => parse(open.repeat(100_000)), 'JSON_TOO_DEEP', `100,000 times ${open}`)
    t.ok(performance.now() - started < 200, 'at once')
  }
  t.doesNotThrow(() => parse(`${'['.repeat(32)}${']'.repeat(32)}`), '32 levels')
  refused(() => parse(`${'['.repeat(33)}${']'.repeat(33)}`), 'JSON_TOO_DEEP', '33 levels')
  t.doesNotThrow(() => parseJson(encode('[[]]'), { maxDepth: 2 }), 'the limit is the caller’s')
  refused(() => parseJson(encode('[[]]'), { maxDepth: 1 }), 'JSON_TOO_DEEP', 'the limit is the caller’s')
  t.equal(parseJson(encode('1'), { maxDepth: 0 }), 1, 'a number has no depth')
})

t.test('no key reaches a prototype', async (t) => {
  const value = parse('{"__proto__":{"polluted":1},"constructor":2,"hasOwnProperty":3}') as Record<string, unknown>
  t.same(Object.keys(value), ['__proto__', 'constructor', 'hasOwnProperty'])
  t.equal(Object.getPrototypeOf(value), null)
  t.equal(value.toString, undefined)
  t.notOk('polluted' in {})
})

t.test('numbers: integers to 2^53-1 exactly, others as the nearest double', async (t) => {
  for (const text of ['9007199254740991', '-9007199254740991', '0', '-0', '1e21', '9007199254740993.0', '1E-7', '0.1'])
    t.equal(parse(text), Number(text), text)
})

t.test('agrees with JSON.parse on every document JSON.stringify can make', async () => {
  const isExact = (value: unknown): boolean =>
    typeof value !== 'number' || Number.isSafeInteger(value) || !/^-?\d+$/.test(JSON.stringify(value))
  const scalars = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      scalars.filter(isExact),
      fc.constant(null),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(fc.string({ unit: 'binary' }), tie('tree'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(tree, fc.constantFrom(0, 1, '\t', '\r\n'.slice(1)), (value, space) => {
      const text = JSON.stringify(value, null, space)
      return JSON.stringify(parse(text)) === JSON.stringify(JSON.parse(text))
    }),
    { numRuns: 2000 },
  )
})

t.test('never accepts what JSON.parse refuses, and never reads it otherwise', async () => {
  const fragment = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '"a"',
    '"\\u00e9"',
    '\\',
    '1',
    '-',
    '.5',
    'e3',
    ' ',
    '\n',
    'null',
    'true',
    '\u0000',
    'é',
  )
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 12 }), (parts) => {
      const text = parts.join('')
      const outcome = refusal(() => parse(text))
      if (outcome === 'accepted') return JSON.stringify(parse(text)) === JSON.stringify(JSON.parse(text))
      return !outcome.startsWith('JSON_MALFORMED') || !isJson(text)
    }),
    { numRuns: 20_000 },
  )
})

t.test('integers alone, where they are all that is asked for', async (t) => {
  const strict = (text: string) => refusal(() => parseJson(encode(text), { integersOnly: true }))
  for (const text of ['0', '5', '-5', '9007199254740991', '[1,{"a":20}]', '"5.0"'])
    t.equal(strict(text), 'accepted', text)
  for (const text of ['5.0', '5e0', '5E0', '50e-1', '-0', '0.0', '5.5', '[1,{"a":2.0}]', '9007199254740992'])
    t.match(strict(text), /^JSON_NUMBER_UNSAFE/, text)
  t.match(strict('05'), /^JSON_MALFORMED/)
})

t.test('paths in messages are short and printable', async (t) => {
  t.equal(formatJsonPath(['a', 0, 'b_1', 'x y', '\u0000']), 'a[0].b_1["x y"]["\\u0000"]')
  t.equal(formatJsonPath([]), 'the document')
  t.ok(formatJsonPath(['k'.repeat(100_000)]).length < 80)
})

t.test('where no number is read, an integer may be any', async (t) => {
  const read = (text: string) => parseJson(encode(text), { inexact: true })
  t.same(read('[9007199254740993,-18446744073709551615,1]'), [2 ** 53, -(2 ** 64), 1])
  for (const text of ['1e400', '9'.repeat(400)]) refused(() => read(text), 'JSON_NUMBER_UNSAFE', text)
})
