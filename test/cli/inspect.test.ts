/** `colophon inspect`: what it prints can do no harm, whatever the file; how it ends. */

import { execFileSync } from 'node:child_process'
import { ftruncateSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { utf8 } from '../../src/kernel/bytes.ts'
import * as make from '../formats/model/make.ts'
import { CHECKPOINT, FILES, inspected } from './inspect/support.ts'
import { command, scratch } from './support.ts'

/** Escape sequences, carriage returns, C1 controls, bidi overrides and isolates, zero widths, line separators, tags. */
const HOSTILE = '\x1b[2J\x1b]0;t\x07\r\x7f\x9b\u202e\u2066\u200b\u2028\u2029\ufeff\u{e0041}\u00a0end'
const NO_C0 = HOSTILE.split('')
  .filter((char) => char >= ' ')
  .join('')
// biome-ignore lint/suspicious/noControlCharactersInRegex: what must never be printed
const UNSAFE = /[\0-\x09\x0b-\x1f\x7f-\x9f]|[\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]|(?![ ])\p{Zs}/u

const statement = (name: string) =>
  utf8(
    JSON.stringify({
      _type: name,
      predicateType: name,
      subject: [{ name, digest: { [name]: name } }],
      predicate: { [name]: name },
    }),
  )

const HOSTILE_FILES: Readonly<Record<string, Uint8Array>> = {
  statement: statement(HOSTILE),
  'a quote': statement('"\nVERIFIED: yes\n"'),
  'a note': utf8(`${NO_C0}\n5\n${CHECKPOINT.split('\n')[2]}\n\n\u2014 ${'k\u202e'} AAAAAAA=\n`),
  'an unknown field': utf8(
    JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.bundle', [HOSTILE]: HOSTILE, [`${HOSTILE}\n2`]: {} }),
  ),
  'a broken document': utf8(`{"mediaType":"application/vnd.dev.sigstore.bundle","${NO_C0}":`),
  'a broken statement': utf8(`{"_type":"x","predicateType":"y","${NO_C0}":,`),
  'a root': utf8(
    JSON.stringify({ mediaType: HOSTILE, tlogs: [{ baseUrl: HOSTILE }], certificateAuthorities: HOSTILE }),
  ),
  'a PEM label': utf8(`-----BEGIN ${HOSTILE.replaceAll('\n', '')}-----\nAAAA\n-----END X-----\n`),
  'a model': make.gguf({
    fields: [make.text(HOSTILE, HOSTILE), make.text('general.name', HOSTILE), make.text('general.name', HOSTILE)],
    tensors: [{ ...make.W, name: HOSTILE }],
  }),
  'a model that ends': make.gguf({ fields: [make.field(HOSTILE, 99, make.u8(0))] }),
  'a header': make.safetensors({ [HOSTILE]: { dtype: HOSTILE, shape: [1], data_offsets: [0, 4] } }, make.F32(1)),
  'a broken header': make.safetensors({ [HOSTILE]: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } }, make.F32(1)),
  'an entry': utf8(JSON.stringify({ apiVersion: HOSTILE, kind: HOSTILE, spec: { [HOSTILE]: HOSTILE } })),
}

t.test('nothing of a file acts on a terminal or hides', async (t) => {
  for (const [name, file] of Object.entries(HOSTILE_FILES))
    for (const flags of [[], ['--verbose'], ['--json']]) {
      const { code, printed, warned } = await inspected(file, ...flags)
      t.notMatch(printed + warned, UNSAFE, `${name} ${flags}`)
      t.ok(code === 0 || code === 1, `${name} ${flags}: ${code} ${warned}`)
      if (flags.includes('--json')) t.doesNotThrow(() => JSON.parse(printed), name)
      else t.notMatch(printed, /^\s*VERIFIED/m, 'no line of its own')
    }
  const { printed } = await inspected(HOSTILE_FILES.statement ?? new Uint8Array(), '--json')
  t.equal(JSON.parse(printed).content.predicateType, HOSTILE, 'and JSON says the same text')
})

t.test('damaged files of every kind: shown or refused, never a crash, never a character that acts', async () => {
  const files = fc.constantFrom(...Object.values(FILES))
  const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(files, edits, fc.nat(), fc.boolean(), async (file, changes, cut, isCut) => {
      const damaged = Uint8Array.from(isCut ? file.subarray(0, cut % file.length) : file)
      for (const [at, byte] of changes) if (damaged.length > 0) damaged[at % damaged.length] = byte
      const { code, printed, warned } = await inspected(damaged)
      return [0, 1, 3].includes(code) && !UNSAFE.test(printed + warned)
    }),
    { numRuns: 400 },
  )
})

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Every place in a document, as a path of keys. */
function placesOf(value: Json, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return [path, ...inner.flatMap(([key, each]) => placesOf(each, [...path, key]))]
}

function replaced(value: Json, [key, ...rest]: readonly (string | number)[], by: Json): Json {
  if (key === undefined || typeof value !== 'object' || value === null) return by
  if (Array.isArray(value)) return value.map((each, at) => (at === key ? replaced(each, rest, by) : each))
  return { ...value, [key]: replaced(value[key] ?? null, rest, by) }
}

t.test('documents with a value of another type at any place', async (t) => {
  const others: readonly Json[] = [null, true, -1, 1.5, 2 ** 53 - 1, '', HOSTILE, 'MAA=', [], [[]], {}, { a: { b: 1 } }]
  for (const [name, file] of Object.entries(FILES)) {
    const text = Buffer.from(file).toString()
    if (!text.startsWith('{')) continue
    const document = JSON.parse(text) as Json
    const places = placesOf(document)
    const step = Math.max(1, Math.floor(places.length / 10))
    let count = 0
    for (let at = 0; at < places.length; at += step)
      for (const other of others) {
        const changed = utf8(JSON.stringify(replaced(document, places[at] ?? [], other)))
        const { code, printed, warned } = await inspected(changed)
        if (![0, 1, 3].includes(code) || UNSAFE.test(printed + warned)) t.fail(`${name} ${places[at]}: ${code}`)
        count++
      }
    t.ok(count >= others.length, name)
  }
})

t.test('how it ends', async (t) => {
  const dir = scratch(t)
  const file = join(dir, 'x\u202e.note')
  writeFileSync(file, CHECKPOINT)
  mkdirSync(join(dir, 'd'))
  t.match(await command(['inspect', file]), { code: 0, printed: /x\\u\{202e\}\.note: a signed note/, warned: '' })
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[], 2, /CONFIG_INVALID: inspect takes one FILE/],
    [[file, file], 2, /inspect takes one FILE/],
    [[file, '--verify'], 2, /--verify: there is no such flag/],
    [[join(dir, 'none')], 3, /ENOENT/],
    [[join(dir, 'd'), '--log', 'http://127.0.0.1:1'], 2, /of a file, not of a directory/],
  ]
  for (const [argv, code, warned] of cases)
    t.match(await command(['inspect', ...argv]), { code, warned, printed: '' }, argv.join(' '))
})

t.test('standard input has a bound', async (t) => {
  const { code, warned } = await inspected(new Uint8Array(32 * 2 ** 20 + 1))
  t.match({ code, warned }, { code: 3, warned: /more than 33554432 bytes on standard input/ })
})

t.test('a huge file is looked at by its beginning alone', async (t) => {
  const path = join(scratch(t), 'model.gguf')
  const fd = openSync(path, 'w')
  ftruncateSync(fd, 64 * 2 ** 30)
  const start = performance.now()
  t.match(await command(['inspect', path]), {
    code: 3,
    warned: /of no known kind by its beginning; 68719476736 bytes are too many/,
  })
  t.ok(performance.now() - start < 2000)
})

t.test('long lists and values are cut, with a count', async (t) => {
  const many = {
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'x',
    subject: Array.from({ length: 1000 }, () => ({ name: 'n'.repeat(9999), digest: { sha256: 'aa' } })),
  }
  const { printed } = await inspected(utf8(JSON.stringify(many)))
  t.match(printed, /subjects: 1000\n/)
  t.match(printed, /… and 984 more\n/)
  t.match(printed, /"… and 9743 more characters/)
  t.ok(printed.length < 20_000)
  const json = JSON.parse((await inspected(utf8(JSON.stringify(many)), '--json')).printed)
  t.equal(json.content.subjects.length, 257)
  t.same(json.content.subjects.at(-1), { omitted: 744 })
})

t.test('as a program, from a pipe', async (t) => {
  const main = new URL('../../src/main.ts', import.meta.url).pathname
  const printed = execFileSync(process.execPath, [main, 'inspect', '-'], { input: CHECKPOINT, encoding: 'utf8' })
  t.match(printed, /^NOT VERIFIED: .*\n\nstandard input: a signed note/)
})
