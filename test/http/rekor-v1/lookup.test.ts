/** Searches over a log of thousands that is none: lists of indexes by the first byte of a key, and tiles of numbers. */

import t from 'tap'
import { findAll, MAX_FOUND } from '../../../src/http/rekor-v1/lookup.ts'
import { leafIndex } from '../../../src/kernel/brand.ts'
import { TlogError } from '../../../src/kernel/error.ts'
import type { NodeId } from '../../../src/kernel/range.ts'
import type { Log } from '../../../src/log/log.ts'

const SIZE = 50_000
const key = (list: number) => Uint8Array.of(list)

/** The hash of each leaf is its index; `found` counts the lookups. */
function logOf(lists: Readonly<Record<number, (index: number) => boolean>>): { log: Log; asked: () => number } {
  let asked = 0
  const all = new Map(
    Object.entries(lists).map(([list, holds]) => [
      Number(list),
      Array.from({ length: SIZE }, (_, i) => i).filter(holds),
    ]),
  )
  const log = {
    identity: { slug: 'v1' },
    status: () => ({ published: SIZE }),
    async lookup(key: Uint8Array, after: number | null, limit: number) {
      asked++
      const list = all.get(key[0] ?? 0) ?? []
      const from = after === null ? 0 : list.findIndex((index) => index > after)
      return from < 0 ? [] : list.slice(from, from + limit).map(leafIndex)
    },
    nodes: async (ids: readonly NodeId[]) =>
      ids.map(({ index }) => {
        const hash = new Uint8Array(32)
        new DataView(hash.buffer).setUint32(0, index)
        return hash
      }),
  } as unknown as Log
  return { log, asked: () => asked }
}

const numbers = (hashes: readonly Uint8Array[]) =>
  hashes.map((hash) => new DataView(hash.buffer, hash.byteOffset).getUint32(0))

const { log } = logOf({
  1: (i) => i % 5 === 0, // 10,000
  2: (i) => i % 7 === 0,
  3: () => true, // 50,000
  4: (i) => i === 0 || i === SIZE - 1,
  5: (i) => i % 5 === 0 || i === 1, // 10,001
})

t.test('any of some keys: in the order of the log, each once', async (t) => {
  const any = (...keys: number[]) => findAll(log, { criteria: [keys.map(key)], operator: 'or' }, 0)
  t.same(numbers(await any(4)), [0, SIZE - 1], 'the last tile is not full')
  t.equal((await any(1)).length, MAX_FOUND)
  t.same(
    numbers(await any(1)),
    Array.from({ length: MAX_FOUND }, (_, i) => 5 * i),
  )
  t.same(numbers(await any(4, 4, 9)), [0, SIZE - 1])
  await t.rejects(any(5), { code: 'FIELD_INVALID', message: /^more than 10000 entries are found.*\/logs\/v1\// })
  await t.rejects(any(1, 2), { code: 'FIELD_INVALID' })
  await t.rejects(
    findAll(log, { criteria: [[key(1)]], operator: 'or' }, 1),
    { code: 'FIELD_INVALID' },
    'with another tree',
  )
})

t.test('all of some criteria, however many entries one of them has', async (t) => {
  const all = (...criteria: number[][]) =>
    findAll(log, { criteria: criteria.map((keys) => keys.map(key)), operator: 'and' }, 0)
  t.same(numbers(await all([4], [3])), [0, SIZE - 1])
  t.same(numbers(await all([3], [4], [1])), [0])
  t.same(numbers(await all([1], [2])).length, Math.ceil(SIZE / 35))
  t.same(numbers(await all([9, 4], [3])), [0, SIZE - 1], 'one of the keys of a criterion is enough')
  t.same(await all([9], [3]), [])
  t.same(await all(), [])
  await t.rejects(all([3], [5]), { code: 'FIELD_INVALID' }, 'too many to begin with')
})

t.test('a missing tile is the fault of the store', async (t) => {
  const nodes = async () => {
    throw new TlogError('TILE_MALFORMED', 'missing')
  }
  const broken = { ...log, nodes }
  await t.rejects(findAll(broken, { criteria: [[key(4)]], operator: 'or' }, 0), { code: 'STORE_CORRUPT' })
})
