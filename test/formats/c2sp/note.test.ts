import fc from 'fast-check'
import t from 'tap'
import {
  formatNote,
  formatSignatureLine,
  isKeyName,
  keyIdBytes,
  parseNote,
  parseSignatureLine,
} from '../../../src/formats/c2sp/note.ts'
import { base64, parseBase64 } from '../../../src/kernel/bytes.ts'
import { bytesOf, decode, encode, everyByteCounts, readVector, refusal, refused } from '../support.ts'

interface NoteCase {
  readonly note?: string
  readonly noteBase64?: string
  readonly error?: string
}
const { cases: golang } = readVector<{ cases: NoteCase[] }>('signed-note/note-cases.json')
const example = readVector<{ note: string }>('signed-note/c2sp-example.json').note
const computed = readVector<{
  checkpoints: Record<string, string>
  cosignatureLine: string
  cosignatureLineMlDsa: string
}>('computed/worked-examples.json')
const signature = (n: number, ...bytes: number[]) => base64(Uint8Array.of(0, 0, 0, n, ...bytes))

t.test('agrees with golang.org/x/mod on what is a note', async (t) => {
  for (const [i, { note, noteBase64, error }] of golang.entries()) {
    const bytes = note === undefined ? parseBase64(noteBase64 ?? '') : encode(note)
    const name = `case ${i}: ${error ?? 'verifies'}`
    if (error?.startsWith('malformed')) refused(() => parseNote(bytes), 'NOTE_MALFORMED', name)
    else t.same(formatNote(parseNote(bytes)), bytes, name)
  }
})

t.test('the C2SP example and the worked examples', async (t) => {
  const note = parseNote(encode(example))
  t.equal(decode(note.text), 'This is an example message.\n')
  t.same(
    note.signatures.map(({ name, keyId }) => [name, keyId]),
    [['example.com/foo', 0x530d903a]],
  )
  t.equal(note.signatures[0]?.signature.length, 64)
  for (const text of Object.values(computed.checkpoints)) t.equal(decode(formatNote(parseNote(encode(text)))), text)
  for (const line of [computed.cosignatureLine, computed.cosignatureLineMlDsa])
    t.equal(formatSignatureLine(parseSignatureLine(`${line.trimEnd()}\n`)), `${line.trimEnd()}\n`)
})

t.test('splits at the last blank line', async (t) => {
  const note = parseNote(encode(`a\n\n— not/a key\n\n\n— n ${signature(7, 1)}\n`))
  t.equal(decode(note.text), 'a\n\n— not/a key\n\n')
  t.equal(note.signatures[0]?.keyId, 7)
  t.equal(decode(parseNote(encode(`\n\n— n ${signature(7, 1)}\n`)).text), '\n', 'a text may be one empty line')
})

t.test('malformed notes', async (t) => {
  const line = `— n ${signature(7, 1)}`
  const cases: [note: string, reason: RegExp][] = [
    ['', /no blank line/],
    [`a\n${line}\n`, /no blank line/],
    [`\n${line}\n`, /no blank line/],
    ['a\n\n', /no signature/],
    [`a\n\n${line}`, /the last signature line/],
    [`a\n\n${line}\n\n`, /no signature/],
    [`a\r\n\n${line}\n`, /control character/],
    [`a\tb\n\n${line}\n`, /control character/],
    [`a\u0000\n\n${line}\n`, /control character/],
    [`a\n\n${line}\r\n`, /signature 1: .*not a signature line/],
    [`a\n\n${line}\n${line} \n`, /signature 2: /],
    [`a\n\n— n  ${signature(7, 1)}\n`, /signature 1/],
    [`a\n\n- n ${signature(7, 1)}\n`, /signature 1/],
    [`a\n\n ${line}\n`, /signature 1/],
    [`a\n\n— ${signature(7, 1)}\n`, /signature 1/],
    [`a\n\n—  ${signature(7, 1)}\n`, /signature 1/],
    [`a\n\n— n+m ${signature(7, 1)}\n`, /signature 1/],
    [`a\n\n— n\u0085 ${signature(7, 1)}\n`, /signature 1/],
    [`a\n\n— n\u00a0m ${signature(7, 1)}\n`, /signature 1/],
    [`a\n\n— n ${base64(Uint8Array.of(0, 0, 0, 7))}\n`, /4 bytes hold no key ID and signature/],
    [`a\n\n— n AAAABwE\n`, /base64/],
    [`a\n\n— n AAAABwF=\n`, /base64/],
    [`a\n\n— n AAAABw_-\n`, /signature 1/],
    [`a\n\n${`${line}\n`.repeat(101)}`, /more than 100/],
    [`${'a'.repeat(1024 * 1024)}\n\n${line}\n`, /at most 1048576/],
  ]
  for (const [note, reason] of cases) {
    const outcome = refusal(() => parseNote(encode(note)))
    t.match(outcome, /^NOTE_MALFORMED /, JSON.stringify(note.slice(0, 60)))
    t.match(outcome, reason)
  }
  for (const bytes of [
    [0xff, 0x0a, 0x0a],
    [0xc0, 0x8a, 0x0a, 0x0a],
  ])
    refused(() => parseNote(Uint8Array.from([...bytes, ...encode(`${line}\n`)])), 'NOTE_MALFORMED', 'not UTF-8')
})

t.test('what a note may hold all the same', async (t) => {
  for (const note of [
    `\ufeffa\u007f\u0085\u2028\n\n— n ${signature(7, 1)}\n`,
    `a\n\n— \ufeffn-\u200b ${signature(0xff, 1)}\n`,
    `a\n\n${`— n ${signature(7, 1)}\n`.repeat(100)}`,
  ])
    t.equal(decode(formatNote(parseNote(encode(note)))), note)
})

t.test('key names', async (t) => {
  // Named by their code points: some of these break the lines of a test report.
  const shown = (name: string) => Array.from(name, (c) => c.codePointAt(0)?.toString(16)).join(' ')
  for (const name of ['n', 'example.com/log', 'sum.golang.org', 'é', '\ufeff', '—', 'a\u007f'])
    t.ok(isKeyName(name), shown(name))
  for (const name of ['', 'a b', 'a+b', 'a\n', '\u0085', '\u1680', '\u3000', '\u2029', 'a\u0001', '\ud800'])
    t.notOk(isKeyName(name), `not ${shown(name)}`)
})

t.test('format refuses what parse would', async () => {
  const one = { name: 'n', keyId: 7, signature: Uint8Array.of(1) }
  const text = encode('a\n')
  refused(() => formatNote({ text, signatures: [] }), 'NOTE_MALFORMED', 'no signature')
  refused(() => formatNote({ text: encode('a'), signatures: [one] }), 'NOTE_MALFORMED', 'no newline')
  refused(() => formatNote({ text: encode('a\r\n'), signatures: [one] }), 'NOTE_MALFORMED', 'control character')
  refused(() => formatNote({ text, signatures: Array(101).fill(one) }), 'NOTE_MALFORMED', 'too many')
  refused(
    () => formatNote({ text: encode(`${'a'.repeat(1 << 20)}\n`), signatures: [one] }),
    'NOTE_MALFORMED',
    'too long',
  )
  refused(
    () => formatNote({ text, signatures: [{ ...one, name: 'a\n— b' }] }),
    'NOTE_MALFORMED',
    'a second line in the name',
  )
  refused(() => formatNote({ text, signatures: [{ ...one, signature: new Uint8Array() }] }), 'NOTE_MALFORMED', 'empty')
  for (const keyId of [-1, 2 ** 32, 1.5, Number.NaN]) refused(() => keyIdBytes(keyId), 'NOTE_MALFORMED', `${keyId}`)
})

t.test('format and parse are inverse', async () => {
  const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter(isKeyName)
  const signatures = fc.record({ name: names, keyId: fc.nat(2 ** 32 - 1), signature: bytesOf(1, 80) })
  const texts = fc.array(fc.string({ unit: 'grapheme' })).map((lines) => encode(`${lines.join('\n')}\n`))
  fc.assert(
    fc.property(texts, fc.array(signatures, { minLength: 1, maxLength: 5 }), (text, lines) => {
      const note = parseNote(formatNote({ text, signatures: lines }))
      return JSON.stringify(note) === JSON.stringify({ text, signatures: lines })
    }),
  )
})

t.test('every byte counts', async () => everyByteCounts(encode(example), (bytes) => formatNote(parseNote(bytes))))
