import t from 'tap'
import { sourceOf } from '../../../src/formats/model/byte-source.ts'
import { readGguf } from '../../../src/formats/model/gguf.ts'
import { concat, hex, utf8 } from '../../../src/kernel/bytes.ts'
import { sha256 } from '../../../src/kernel/sha256.ts'
import { array, count, F16, field, type GgufParts, gguf, string, text, u8, u32, u64, W } from './make.ts'

const TOY = gguf({
  fields: [text('general.architecture', 'toy'), text('general.name', 'Toy'), count('general.file_type', 1)],
  tensors: [W],
})

t.test('the toy model, as the vectors have it', async (t) => {
  t.equal(hex(sha256(TOY)), '7d03936255fe1ad9ec6beb4b5d82100aac9e30f1440a390b8cdcb8e5752f9057')
  const { findings, tensors, fields, ...rest } = await readGguf(sourceOf(TOY))
  t.same(rest, { version: 3, littleEndian: true, alignment: 32, data: { start: 192, end: 224 } })
  t.same(tensors, [{ name: 'w', shape: [2, 2], type: 'F16', typeNumber: 1, elements: 4, at: 192, length: 8 }])
  t.same(
    fields.map(({ key }) => key),
    ['general.architecture', 'general.name', 'general.file_type'],
  )
  t.match(fields[2]?.value, { type: 'u32', value: 1 })
  t.equal(findings.count, 0)
})

t.test('cut anywhere, it is malformed or its end is missing, and never read beyond', async (t) => {
  for (let length = 0; length < TOY.length; length++) {
    const source = sourceOf(TOY.subarray(0, length))
    const read = async (at: number, size: number) => {
      if (at + size > length) throw new Error(`reads to ${at + size} of ${length}`)
      return await source.read(at, size)
    }
    const said = await readGguf({ size: length, read }).then(
      ({ findings }) => findings.list.map(({ code }) => code).join(),
      (error: { code?: string; message: string }) => error.code ?? error.message,
    )
    const wanted = length < 176 ? 'MODEL_MALFORMED' : length < 200 ? 'TRUNCATED' : 'PADDING_MISSING'
    t.equal(said, wanted, `${length} bytes`)
  }
})

t.test('other byte order, version 2, values of every type', async (t) => {
  const big = gguf({
    littleEndian: false,
    fields: [field('general.alignment', 4, u32(64, false), false)],
    tensors: [{ ...W, data: new Uint8Array(8) }],
    alignment: 64,
  })
  t.match(await readGguf(sourceOf(big)), { version: 3, littleEndian: false, alignment: 64, findings: { count: 0 } })
  const ones = new Uint8Array(8).fill(0xff)
  const types = [1, 1, 2, 2, 4, 4, 4, 1].map((size, type) =>
    field(`t${type}`, type, type === 7 ? u8(1) : ones.subarray(0, size)),
  )
  const eights = [10, 11, 12].map((type) => field(`t${type}`, type, ones))
  const nested = array(
    'nested',
    4,
    Array.from({ length: 20 }, (_, i) => u32(i)),
  )
  const model = gguf({ version: 2, fields: [...types, ...eights, nested, text('long', 'x'.repeat(70_000))] })
  const { version, fields, findings } = await readGguf(sourceOf(model))
  t.equal(version, 2)
  t.equal(findings.count, 0)
  const values = Object.fromEntries(fields.map(({ key, value }) => [key, value.value]))
  t.match(values, {
    t0: 255,
    t1: -1,
    t2: 65_535,
    t3: -1,
    t4: 4_294_967_295,
    t5: -1,
    t7: true,
    t10: 2n ** 64n - 1n,
    t11: -1n,
  })
  t.ok(Number.isNaN(values.t6) && Number.isNaN(values.t12))
  t.match(values.nested, { of: 'u32', count: 20, begins: { length: 16 } })
  t.match(values.long, {
    length: 70_000,
    begins: { length: 4096 },
    sha256: sha256(utf8('x'.repeat(70_000))),
    isUtf8: true,
  })
})

const LAMBDA = concat(utf8('a'), Uint8Array.of(0xff))
const Q4 = { name: 'q', dims: [32], type: 2, data: new Uint8Array(18) }

/** Whatever readers in use take differently, or do not show. */
const FOUND: readonly [name: string, parts: GgufParts | Uint8Array, codes: string][] = [
  ['nothing at all', {}, ''],
  ['a block of a quantised type', { tensors: [Q4] }, ''],
  ['a key twice', { fields: [count('a', 1), count('a', 2)] }, 'KEY_REPEATED'],
  ['a gap', { tensors: [W, { ...W, name: 'v', offset: 64 }] }, 'HIDDEN_BYTES,TRUNCATED'],
  ['two in one place', { tensors: [W, { ...W, name: 'v', offset: 0 }] }, 'TENSORS_OVERLAP,TRAILING_BYTES'],
  [
    'another order',
    {
      tensors: [
        { ...W, offset: 32 },
        { ...W, name: 'v', offset: 0 },
      ],
    },
    'TENSORS_NOT_IN_ORDER',
  ],
  ['a place between two multiples', { tensors: [{ ...W, offset: 8 }] }, 'TENSOR_UNALIGNED,HIDDEN_BYTES'],
  ['alignment 1', { fields: [count('general.alignment', 1)], tensors: [W], alignment: 1 }, ''],
  [
    'alignment in another type',
    { fields: [field('general.alignment', 0, u8(8))], tensors: [W], alignment: 8 },
    'ALIGNMENT_UNUSUAL',
  ],
  ['arrays of arrays', { fields: [array('a', 9, [concat(u32(4), u64(1), u32(7))])] }, 'NESTED_ARRAY'],
  ['a removed type', { tensors: [{ ...W, type: 4 }] }, 'TENSOR_TYPE_UNKNOWN,TRAILING_BYTES'],
  ['NUL in a name', { tensors: [{ ...W, name: 'w\0x' }] }, 'NAME_UNUSUAL'],
  ['no name', { tensors: [{ ...W, name: '' }] }, 'NAME_UNUSUAL'],
  ['a long name', { tensors: [{ ...W, name: 'w'.repeat(64) }] }, 'NAME_UNUSUAL'],
  ['a name twice', { tensors: [W, W] }, 'TENSOR_REPEATED'],
  ['padding that holds something', { tensors: [W], padding: 1 }, 'HIDDEN_BYTES,HIDDEN_BYTES'],
  ['a string in no UTF-8', { fields: [text('a', LAMBDA)] }, 'STRING_NOT_UTF8'],
  ['a bool of 2', { fields: [field('a', 7, u8(2))] }, 'BOOL_UNUSUAL'],
  [
    'bools of 2 behind those shown',
    { fields: [array('a', 7, Array(20).fill(u8(2)))] },
    Array(20).fill('BOOL_UNUSUAL').join(),
  ],
  [
    'keys with spaces, line feeds, nothing',
    { fields: [count('a b', 1), count('a\n', 1), count('', 1)] },
    'NAME_UNUSUAL,NAME_UNUSUAL,NAME_UNUSUAL',
  ],
  ['no dimension', { tensors: [{ ...W, dims: [], data: F16(1) }] }, ''],
  [
    'five dimensions, and one of none',
    {
      tensors: [
        { ...W, dims: [1, 1, 1, 2, 2] },
        { name: 'v', dims: [0] },
      ],
    },
    'DIMENSIONS_UNUSUAL,DIMENSIONS_UNUSUAL',
  ],
  ['part of a block', { tensors: [{ ...Q4, dims: [33] }] }, 'DIMENSIONS_UNUSUAL,TRAILING_BYTES'],
  ['bytes behind the tensors', concat(TOY, utf8('more')), 'TRAILING_BYTES'],
]

t.test('findings', async (t) => {
  for (const [name, parts, codes] of FOUND) {
    const { findings } = await readGguf(sourceOf(parts instanceof Uint8Array ? parts : gguf(parts)))
    t.equal(findings.list.map(({ code }) => code).join(), codes, name)
  }
})

const MANY = 2n ** 63n
const REFUSED: readonly [name: string, parts: GgufParts | Uint8Array, why: RegExp][] = [
  ['another format', utf8('GGML0000'), /byte 0: not the beginning/],
  ['version 1', { version: 1 }, /byte 4: version 1/],
  ['version 4', { version: 4 }, /byte 4: version 4/],
  ['more tensors than there may be', { counts: [1_000_001n, 0n] }, /byte 8: tensors: 1000001, of at most/],
  ['more fields than there are', { counts: [0n, 9n] }, /the key of field 0: 8 bytes, and 8 are left|ends|left/],
  ['a count that wraps round', { counts: [MANY, 0n] }, /byte 8: tensors: 9223372036854775808/],
  ['a length beyond the end', { fields: [concat(u64(MANY), utf8('a'))] }, /byte 24: .*length: 9223372036854775808/],
  ['a type that there is not', { fields: [field('a', 13, u8(0))] }, /a: no value type 13/],
  ['more items than bytes', { fields: [field('a', 9, concat(u32(10), u64(1_000_000)))] }, /a: 1000000 items, and/],
  ['more items than may be', { fields: [field('a', 9, concat(u32(0), u64(MANY)))] }, /a: items: 9223372036854775808/],
  [
    'arrays in arrays in arrays',
    { fields: [array('a', 9, [concat(u32(9), u64(1), u32(9), u64(1), u32(0), u64(0))])] },
    /more than 2 deep/,
  ],
  ['alignment 0', { fields: [count('general.alignment', 0)] }, /general\.alignment/],
  ['an alignment of half the file', { fields: [count('general.alignment', 2 ** 31)] }, /general\.alignment/],
  ['an alignment in words', { fields: [text('general.alignment', '32')] }, /general\.alignment/],
  ['nine dimensions', { tensors: [{ ...W, dims: Array(9).fill(1) }] }, /9 dimensions/],
  ['more elements than a number counts', { tensors: [{ ...W, dims: [2 ** 32, 2 ** 32] }] }, /elements/],
  ['a name of 2 KiB', { tensors: [{ ...W, name: 'w'.repeat(2048) }] }, /2048 bytes, of at most 1024/],
  ['a key of 64 KiB', { fields: [concat(string('a'.repeat(65_536)), u32(0), u8(0))] }, /65536 bytes, of at most 65535/],
]

t.test('what cannot be read', async (t) => {
  for (const [name, parts, why] of REFUSED)
    await t.rejects(
      readGguf(sourceOf(parts instanceof Uint8Array ? parts : gguf(parts))),
      { code: 'MODEL_MALFORMED', message: why },
      name,
    )
})

t.test('a crowd of findings is counted, and told in part', async (t) => {
  const fields = Array.from({ length: 3000 }, () => count('a', 1))
  const { findings } = await readGguf(sourceOf(gguf({ fields })))
  t.equal(findings.count, 2999)
  t.equal(findings.list.length, 1000)
})
