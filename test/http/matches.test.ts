/** Searches by several keys at once. */

import fc from 'fast-check'
import t from 'tap'
import type { Criteria } from '../../src/formats/entry-query.ts'
import { leafHashes } from '../../src/http/leaf-hashes.ts'
import { countMatches, findPage, LongReads } from '../../src/http/matches.ts'
import { type LeafIndex, leafIndex, type TreeSize, treeSize } from '../../src/kernel/brand.ts'
import { TlogError } from '../../src/kernel/error.ts'
import type { Log } from '../../src/log/log.ts'
import { logOf, SIZE } from './lists.ts'

const key = (list: number) => Uint8Array.of(list)

const any = (...keys: number[]): Criteria => ({ criteria: [keys.map(key)], operator: 'or' })
const all = (...criteria: number[][]): Criteria => ({
  criteria: criteria.map((keys) => keys.map(key)),
  operator: 'and',
})

/** All of it, page by page. */
async function walk(log: Log, query: Criteria, limit: number, size: TreeSize = SIZE): Promise<LeafIndex[]> {
  const found: LeafIndex[] = []
  for (let after: LeafIndex | null = null; ; ) {
    const page = await findPage(log, query, { after, size, limit })
    if (page.found.length > limit) throw new Error('more than was asked for')
    found.push(...page.found)
    if (page.searched === null) return found
    if (page.searched <= (after ?? -1)) throw new Error('no step forward')
    after = page.searched
  }
}

const { log } = logOf({
  1: (i) => i % 5 === 0,
  2: (i) => i % 7 === 0,
  3: () => true,
  4: (i) => i === 0 || i === SIZE - 1,
  6: (i) => i % 2 === 0,
  7: (i) => i % 2 === 1,
})
const multiples = (...of: number[]) =>
  Array.from({ length: SIZE }, (_, i) => i).filter((i) => of.some((step) => i % step === 0))

t.test('any of some keys: in the order of the log, each once', async (t) => {
  t.same(await walk(log, any(4), 10), [0, SIZE - 1])
  t.same(await walk(log, any(4, 4, 9), 1), [0, SIZE - 1])
  t.same(await walk(log, any(1, 2), 777), multiples(5, 7))
  t.same(await walk(log, any(9), 10), [])
  t.same(await walk(log, any(), 10), [])
})

t.test('all of some criteria', async (t) => {
  t.same(await walk(log, all([4], [3]), 10), [0, SIZE - 1])
  t.same(await walk(log, all([3], [4], [1]), 10), [0])
  t.same(await walk(log, all([1], [2]), 100), multiples(35))
  t.same(await walk(log, all([9, 4], [3]), 10), [0, SIZE - 1], 'one of the keys of a criterion is enough')
  t.same(await walk(log, all([9], [3]), 10), [])
  t.same(await walk(log, all(), 10), [])
})

t.test('as sets have it', async (t) => {
  const sets = fc.array(fc.uniqueArray(fc.nat({ max: 60 })), { minLength: 6, maxLength: 6 })
  const shapes = fc.array(fc.array(fc.nat({ max: 5 }), { maxLength: 3 }), { maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(
      sets,
      shapes,
      fc.boolean(),
      fc.integer({ min: 1, max: 70 }),
      async (lists, shape, isAnd, limit) => {
        const holds = lists.map((list) => (index: number) => list.includes(index))
        const small = logOf(Object.fromEntries(holds.map((one, at) => [at, one])), treeSize(61)).log
        const size = treeSize(50)
        const query: Criteria = { ...all(...shape), operator: isAnd ? 'and' : 'or' }
        const fits = (index: number) => {
          const each = shape.map((keys) => keys.some((at) => holds[at]?.(index)))
          return shape.length > 0 && (isAnd ? each.every(Boolean) : each.some(Boolean))
        }
        const expected = Array.from({ length: size }, (_, i) => i).filter(fits)
        t.same(await walk(small, query, limit, size), expected)
        t.equal(await countMatches(small, query, size), expected.length)
      },
    ),
  )
})

t.test('a page reads a bounded number of rows, whether it finds something or not', async (t) => {
  const { log, rows } = logOf({ 6: (i) => i % 2 === 0, 7: (i) => i % 2 === 1 })
  const page = await findPage(log, all([6], [7]), { after: null, size: SIZE, limit: 10 })
  t.same(page.found, [])
  t.equal(page.searched, null, 'these two lists are short enough')
  t.equal(rows(), SIZE)

  const size = treeSize(200_000)
  const long = logOf({ 6: (i) => i % 2 === 0, 7: (i) => i % 2 === 1 }, size)
  const first = await findPage(long.log, all([6], [7]), { after: null, size, limit: 10 })
  t.same(first.found, [])
  t.ok((first.searched ?? 0) > 50_000, 'it says how far it came')
  t.ok(long.rows() <= 66_000, 'and stops')
  t.equal(await countMatches(long.log, all([6], [7]), size), 0, 'a count goes on to the end')
})

t.test('a rare key leads through a common one', async (t) => {
  const { log, asked } = logOf({ 3: () => true, 4: (i) => i === 0 || i === SIZE - 1 })
  t.equal(await countMatches(log, all([3], [4]), SIZE), 2)
  t.ok(asked() < 8, `${asked()} lookups`)
})

t.test('the hashes are those of the indexes', async (t) => {
  const indexes = [0, 1, 255, 256, 40_000, SIZE - 1].map(leafIndex)
  const numbers: number[] = []
  for await (const hash of leafHashes(log, indexes)) numbers.push(new DataView(hash.buffer).getUint32(0))
  t.same(numbers, indexes, 'the last tile is not full')
  const nodes = () => Promise.reject(new TlogError('TILE_MALFORMED', 'missing'))
  await t.rejects(leafHashes({ ...log, nodes }, indexes).next(), { code: 'TILE_MALFORMED' })
})

t.test('counts wait for each other, and a few may wait', async (t) => {
  const longReads = new LongReads()
  let running = 0
  const work = async () => {
    t.equal(++running, 1, 'one at a time')
    await new Promise((resolve) => setTimeout(resolve, 1))
    running--
    return 7
  }
  const eight = Array.from({ length: 8 }, () => longReads.inTurn(work))
  await t.rejects(longReads.inTurn(work), { code: 'LOG_BUSY' })
  t.same(await Promise.all(eight), Array(8).fill(7))
  await t.rejects(
    longReads.inTurn(async () => {
      throw new Error('broken')
    }),
    { message: 'broken' },
  )
  t.equal(await longReads.inTurn(work), 7, 'the next one is not harmed')
})
