/** The file of those who may write: there and back, and what is refused. */

import t from 'tap'
import {
  formatTokenFile,
  parseScope,
  parseTokenFile,
  parseTokenName,
  type Token,
} from '../../src/formats/token-file.ts'
import { utf8 } from '../../src/kernel/bytes.ts'

const ONE = 'aa'.repeat(32)
const TWO = 'bb'.repeat(32)

t.test('there and back', async (t) => {
  const tokens: Token[] = [
    { name: 'ci', sha256: new Uint8Array(32).fill(0xaa), logs: null },
    { name: 'nightly-2.x', sha256: new Uint8Array(32).fill(0xbb), logs: ['v2', '2027-1'] },
  ]
  for (const list of [[], tokens.slice(0, 1), tokens]) t.same(parseTokenFile(formatTokenFile(list)), list)
})

t.test('what is refused', async (t) => {
  const row = (fields: object) => JSON.stringify({ tokens: [{ name: 'ci', sha256: ONE, ...fields }] })
  const cases: readonly [text: string, code: string, says: RegExp][] = [
    ['', 'JSON_MALFORMED', /./],
    ['[]', 'FIELD_INVALID', /an object was expected/],
    ['{}', 'FIELD_MISSING', /tokens: missing/],
    ['{"tokens":[],"more":1}', 'FIELD_UNKNOWN', /more: no such field/],
    ['{"tokens":[],"tokens":[]}', 'JSON_DUPLICATE_KEY', /tokens/],
    [row({ token: 'x' }), 'FIELD_UNKNOWN', /tokens\[0\]\.token/],
    [row({ name: 'CI' }), 'FIELD_INVALID', /tokens\[0\]\.name: not a token's name/],
    [row({ sha256: ONE.slice(2) }), 'FIELD_INVALID', /tokens\[0\]\.sha256/],
    [row({ sha256: ONE.toUpperCase() }), 'FIELD_INVALID', /tokens\[0\]\.sha256/],
    [row({ logs: [] }), 'FIELD_INVALID', /tokens\[0\]\.logs/],
    [row({ logs: ['V2'] }), 'FIELD_INVALID', /tokens\[0\]\.logs\[0\]: not a log's name/],
    [
      `{"tokens":[{"name":"a","sha256":"${ONE}"},{"name":"a","sha256":"${TWO}"}]}`,
      'FIELD_INVALID',
      /a stands there twice/,
    ],
    [
      `{"tokens":[{"name":"a","sha256":"${ONE}"},{"name":"b","sha256":"${ONE}"}]}`,
      'FIELD_INVALID',
      /stands there twice/,
    ],
  ]
  for (const [text, code, says] of cases) t.throws(() => parseTokenFile(utf8(text)), { code, message: says }, text)
  const many = Array.from({ length: 1001 }, (_, i) => ({ name: `t${i}`, sha256: i.toString(16).padStart(64, '0') }))
  t.throws(() => parseTokenFile(utf8(JSON.stringify({ tokens: many }))), { code: 'FIELD_INVALID' })
  t.equal(parseTokenFile(utf8(JSON.stringify({ tokens: many.slice(1) }))).length, 1000)
})

t.test('names', async (t) => {
  for (const name of ['a', 'ci', 'a.b_c-d', '9'.repeat(64)]) t.equal(parseTokenName(name), name)
  for (const name of ['', 'A', '-a', 'a-', 'a b', 'a\n', 'é', 'a'.repeat(65), '..'])
    t.throws(() => parseTokenName(name), { code: 'FIELD_INVALID' }, name)
  for (const slug of ['', 'V2', '-a', 'a_b', 'a'.repeat(33)])
    t.throws(() => parseScope(slug), { code: 'FIELD_INVALID' }, slug)
})
