import t from 'tap'
import {
  formatMinisignKey,
  formatMinisignSignature,
  parseMinisignKey,
  parseMinisignSignature,
} from '../../src/formats/minisign.ts'
import { base64, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { vector } from '../dialects/rekor-v2/support.ts'
import { refusal } from './support.ts'

const read = (name: string) => parseUtf8(vector(`minisign/${name}`))
const line = (text: string, at: number) => text.split('\n')[at] ?? ''

t.test("other tools' keys, in one spelling each", (t) => {
  for (const name of ['minisign.pub', 'minisign_hashed.pub', 'signify.pub']) {
    const [text, alone] = [read(name), line(read(name), 1)]
    for (const spelling of [text, alone, `${alone}\n`, text.replaceAll('\n', '\r\n'), text.trimEnd()])
      t.equal(formatMinisignKey(parseMinisignKey(spelling)), alone, name)
  }
  t.same(parseMinisignKey(read('minisign_key_only.pub')), parseMinisignKey(read('minisign.pub')))
  t.end()
})

t.test("other tools' signatures, without their comments", (t) => {
  for (const [name, isPrehashed] of [
    ['hello_world.txt.minisig', false],
    ['hello_world_hashed.txt.minisig', true],
    ['hello_world.txt.signify', false],
  ] as const) {
    const text = read(name)
    const signature = parseMinisignSignature(text)
    t.equal(signature.isPrehashed, isPrehashed, name)
    const short = formatMinisignSignature(signature)
    t.equal(short, `untrusted comment:\n${line(text, 1)}`)
    for (const spelling of [short, text.replaceAll('\n', '\r\n'), text.trimEnd()])
      t.same(parseMinisignSignature(spelling), signature, name)
  }
  t.end()
})

t.test('what is none', (t) => {
  const [key, signature] = [line(read('minisign.pub'), 1), read('hello_world.txt.minisig')]
  const prehashed = base64(utf8(`ED${'a'.repeat(40)}`))
  for (const text of ['', 'a', '\n', key.slice(4), `${key}AAAA`, prehashed, `a\n${key}\nb`, `${key}\na`])
    t.match(
      refusal(() => parseMinisignKey(text)),
      /^(KEY|BASE64)_MALFORMED/,
      text,
    )
  const [comment, line1, trusted, global] = signature.trimEnd().split('\n')
  for (const text of [
    '',
    '\n'.repeat(2_000_000),
    signature + '\n'.repeat(20_000),
    `${line1}`,
    `${comment}\n${key}`,
    `${comment}\n${line1?.slice(4)}`,
    `${comment}\n${base64(utf8(`XX${'a'.repeat(72)}`))}`,
    `${comment}\n${line1}\n${trusted}`,
    `${comment}\n${line1}\n${trusted}\na`,
    `${comment}\n${line1}\n${trusted}\n${line1}`,
    `${comment}\n${line1}\n${trusted}\n${global}\nmore`,
  ])
    t.match(
      refusal(() => parseMinisignSignature(text)),
      /^(SIGNATURE_INVALID|BASE64_MALFORMED)/,
      text,
    )
  t.end()
})
