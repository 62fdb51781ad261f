import t from 'tap'
import { hash, leafIndex, treeSize, unixMillis } from '../../src/kernel/brand.ts'

t.test('a hash is 32 bytes', async (t) => {
  const bytes = new Uint8Array(32)
  t.equal(hash(bytes), bytes, 'the same bytes, not a copy')
  for (const length of [0, 1, 20, 31, 33, 64])
    t.throws(() => hash(new Uint8Array(length)), { name: 'TlogError', code: 'HASH_MALFORMED' }, `${length} bytes`)
})

const MAX = Number.MAX_SAFE_INTEGER
const NO_COUNT = [
  -1,
  -0,
  0.5,
  1.5,
  MAX + 1,
  2 ** 64,
  -MAX,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
]
const NO_NUMBER = ['7', '', null, undefined, true, 7n, [7], {}] as unknown as number[]

t.test('sizes are whole numbers from 0 to 2^53-1', async (t) => {
  for (const n of [0, 1, 2 ** 31, 2 ** 32, MAX]) t.equal(treeSize(n), n)
  for (const n of [...NO_COUNT, ...NO_NUMBER])
    t.throws(() => treeSize(n), { name: 'TlogError', code: 'SIZE_OUT_OF_RANGE' }, String(n))
})

t.test('indexes are whole numbers from 0 to 2^53-2, so that index + 1 is a size', async (t) => {
  for (const n of [0, 1, 2 ** 31, 2 ** 32, MAX - 1]) t.equal(leafIndex(n), n)
  for (const n of [...NO_COUNT, MAX, ...NO_NUMBER.filter((n) => typeof n !== 'bigint')])
    t.throws(() => leafIndex(n), { name: 'TlogError', code: 'INDEX_OUT_OF_RANGE' }, String(n))
})

t.test('times are whole milliseconds from 1970', async (t) => {
  for (const n of [0, 1, 1_795_000_000_000, MAX]) t.equal(unixMillis(n), n)
  for (const n of [...NO_COUNT.filter((n) => !Object.is(n, -0)), ...NO_NUMBER.filter((n) => typeof n !== 'bigint')])
    t.throws(() => unixMillis(n), { name: 'TlogError', code: 'TIME_OUT_OF_RANGE' }, String(n))
})
