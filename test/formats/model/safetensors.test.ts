import t from 'tap'
import { sourceOf } from '../../../src/formats/model/byte-source.ts'
import { isSafetensors, readSafetensors } from '../../../src/formats/model/safetensors.ts'
import { concat, hex, utf8 } from '../../../src/kernel/bytes.ts'
import { sha256 } from '../../../src/kernel/sha256.ts'
import { F32, safetensors, u64 } from './make.ts'

const W = { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] }
const DATA = F32(1, 2, 3, 4)
const TOY = safetensors({ w: W }, DATA)

t.test('the toy models, as the vectors have them', async (t) => {
  t.equal(hex(sha256(TOY)), '4a6260b8f7e75ef540cb90e893a42ce958d665c2b08003a5459c777554919538')
  t.ok(isSafetensors(TOY, TOY.length))
  const tensors = [{ name: 'w', type: 'F32', shape: [2, 2], at: 72, length: 16 }]
  t.match(await readSafetensors(sourceOf(TOY)), {
    tensors,
    metadata: new Map(),
    data: { start: 72, end: 88 },
    findings: { count: 0 },
  })
  const tuned = safetensors({ __metadata__: { format: 'pt' }, w: W }, F32(1, 2, 3, 5))
  t.equal(hex(sha256(tuned)), 'df0559e03ea6f9c4bc7b22b9df8c3a0cc13e8c088f7afd736b220080ce386ed2')
  t.same((await readSafetensors(sourceOf(tuned))).metadata, new Map([['format', 'pt']]))
})

t.test('cut anywhere, it is malformed or its end is missing', async (t) => {
  for (let length = 0; length < TOY.length; length++) {
    const said = await readSafetensors(sourceOf(TOY.subarray(0, length))).then(
      ({ findings }) => findings.list.map(({ code }) => code).join(),
      (error: { code: string }) => error.code,
    )
    t.equal(said, length < 72 ? 'MODEL_MALFORMED' : 'TRUNCATED', `${length} bytes`)
  }
})

const tensor = (begin: number, end: number, more = {}) => ({
  dtype: 'U8',
  shape: [end - begin],
  data_offsets: [begin, end],
  ...more,
})

t.test('findings', async (t) => {
  for (const [name, file, codes] of [
    ['no tensor', safetensors({}, new Uint8Array()), ''],
    ['in any order', safetensors({ b: tensor(8, 16), a: tensor(0, 8) }, DATA), ''],
    ['an empty one between two', safetensors({ a: tensor(0, 8), none: tensor(8, 8), b: tensor(8, 16) }, DATA), ''],
    ['half bytes', safetensors({ a: { dtype: 'F4', shape: [4, 8], data_offsets: [0, 16] } }, DATA), ''],
    ['a gap', safetensors({ a: tensor(0, 8), b: tensor(12, 16) }, DATA), 'HIDDEN_BYTES'],
    ['a gap at the beginning', safetensors({ a: tensor(8, 16) }, DATA), 'HIDDEN_BYTES'],
    ['two in one place', safetensors({ a: tensor(0, 16), b: tensor(8, 16) }, DATA), 'TENSORS_OVERLAP'],
    ['bytes behind', safetensors({ a: tensor(0, 8) }, DATA), 'TRAILING_BYTES'],
    ['bytes missing', safetensors({ a: tensor(0, 17) }, DATA), 'TRUNCATED'],
    ['a type that nobody knows', safetensors({ a: tensor(0, 16, { dtype: 'F7' }) }, DATA), 'TENSOR_TYPE_UNKNOWN'],
    ['a field that nobody knows', safetensors({ a: tensor(0, 16, { strides: [1] }) }, DATA), 'FIELD_UNKNOWN'],
    ['an odd name', safetensors({ 'a\u0000': tensor(0, 16) }, DATA), 'NAME_UNUSUAL'],
    ['tabs for spaces', safetensors({ a: tensor(0, 16) }, DATA, '\t'), 'PADDING_UNUSUAL'],
  ] as const) {
    const { findings } = await readSafetensors(sourceOf(file))
    t.equal(findings.list.map(({ code }) => code).join(), codes, name)
  }
})

t.test('what cannot be read', async (t) => {
  for (const [name, file, why] of [
    [
      'a header longer than the file',
      concat(u64(81), TOY.subarray(8)),
      /byte 0: a header of 81 bytes, and 80 are left/,
    ],
    ['a header of 2^64 - 1', concat(u64(2n ** 64n - 1n), TOY.subarray(8)), /byte 0: a header of 18446744073709551615/],
    ['an array', safetensors('[]', DATA), /byte 8: the header does not begin with \{/],
    ['a space before it', safetensors(' {}', new Uint8Array()), /byte 8/],
    ['a name twice', safetensors('{"a":1,"a":2}', DATA), /the header: .*a/],
    ['two documents', safetensors('{}{}', DATA), /the header/],
    ['a tensor of nothing', safetensors({ a: null }, DATA), /tensor "a"/],
    ['no type', safetensors({ a: { shape: [], data_offsets: [0, 1] } }, DATA), /dtype: missing/],
    ['a size that is none', safetensors({ a: tensor(0, 16, { shape: [-16] }) }, DATA), /shape\[0\]: not a size/],
    [
      'half a size',
      safetensors('{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}', DATA),
      /shape\[0\]: not a size/,
    ],
    [
      'an end before the beginning',
      safetensors({ a: tensor(0, 16, { data_offsets: [16, 0] }) }, DATA),
      /the end is before the beginning/,
    ],
    [
      'a shape that wraps round',
      safetensors({ a: tensor(0, 16, { shape: [2 ** 32, 2 ** 32] }) }, DATA),
      /data_offsets: 16 bytes/,
    ],
    [
      'more bytes than its shape',
      safetensors({ a: tensor(0, 16, { shape: [15] }) }, DATA),
      /data_offsets: 16 bytes, and \[15\] of U8 are 15/,
    ],
    ['metadata in numbers', safetensors({ __metadata__: { a: 1 } }, new Uint8Array()), /__metadata__: a/],
    ['no UTF-8', concat(u64(4), utf8('{"'), Uint8Array.of(0xff), utf8('}')), /the header/],
  ] as const)
    await t.rejects(readSafetensors(sourceOf(file)), { code: 'MODEL_MALFORMED', message: why }, name)
})
