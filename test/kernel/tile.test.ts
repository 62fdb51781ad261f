import fc from 'fast-check'
import t from 'tap'
import { hash, leafIndex, treeSize } from '../../src/kernel/brand.ts'
import { equal } from '../../src/kernel/bytes.ts'
import { proveConsistency, proveInclusion, rootAt, verifyConsistency, verifyInclusion } from '../../src/kernel/proof.ts'
import {
  nodeFromTile,
  parseTilePath,
  perfectRoot,
  type ReadTile,
  readFromTiles,
  type Tile,
  tileOfNode,
  tilePath,
  tilesOf,
  tileWidth,
} from '../../src/kernel/tile.ts'
import { readJson, WholeTree } from './support.ts'

const PATHS: [string, Tile][] = [
  ['tile/0/000', { level: 0, index: 0, width: 256 }],
  ['tile/0/005.p/1', { level: 0, index: 5, width: 1 }],
  ['tile/0/999.p/255', { level: 0, index: 999, width: 255 }],
  ['tile/0/x001/000', { level: 0, index: 1000, width: 256 }],
  ['tile/1/x001/x000/000', { level: 1, index: 1_000_000, width: 256 }],
  ['tile/2/x001/x234/067.p/12', { level: 2, index: 1_234_067, width: 12 }],
  ['tile/10/000', { level: 10, index: 0, width: 256 }],
  ['tile/63/000.p/9', { level: 63, index: 0, width: 9 }],
  ['tile/entries/000', { level: 'entries', index: 0, width: 256 }],
  ['tile/entries/x123/456.p/78', { level: 'entries', index: 123_456, width: 78 }],
  ['tile/0/x035/x184/x372/x088/830', { level: 0, index: 2 ** 45 - 2, width: 256 }],
  ['tile/entries/x035/x184/x372/x088/831.p/255', { level: 'entries', index: 2 ** 45 - 1, width: 255 }],
]

const ALIASES = `
tile/00/000 tile/07/000 tile/64/000 tile/99/000 tile/100/000 tile/-1/000 tile/+1/000 tile//000 tile/1.0/000 tile/1e1/000 tile/0x1/000
tile/0/0 tile/0/67 tile/0/00 tile/0/0000 tile/0/1000 tile/0/x000/067 tile/0/x000/000 tile/0/x0/067 tile/0/001/067 tile/0/x001/x067
tile/0/x001 tile/0/x001/ tile/0/x001//067 tile/0//067 tile/0/xx01/067 tile/0/0x1/067 tile/0/x01/067 tile/0/X001/067 tile/0/x001/67
tile/0/067.p/256 tile/0/067.p/0 tile/0/067.p/00 tile/0/067.p/01 tile/0/067.p/1/ tile/0/067.p/ tile/0/067.p tile/0/067.p/257 tile/0/067.p/999
tile/0/067.p/1000 tile/0/067.p/-1 tile/0/067.p/1.p/1 tile/0/067.P/1 tile/0/067.p1 tile/0/067/p/1
tile/0/067/ /tile/0/067 tile/0/067? tile/0/067#a tile/0/067.gz Tile/0/067 TILE/0/067 tile/Entries/067 tile/ENTRIES/067 tile/entries/67 tile/entries
tile/data/067 tile/names/067 tile/0 tile/ tile entries/067 tile%2f0%2f067 tile/0/%30%36%37 tile/0/067%2ep/1 tile/0/067.p%2f1 tile/0/..%2f067
tile/0/../0/067 tile/./0/067 tile/0/./067 tile\\0\\067 tile/0/٠٦٧ tile/0/０６７ tile/8/0/067
tile/0/x035/x184/x372/x088/831 tile/0/x035/x184/x372/x088/832.p/1 tile/0/x009/x007/x199/x254/x740/992 tile/0/x999/x999/x999/x999/x999/999
tile/9007199254740993/000
`
  .trim()
  .split(/\s+/)

const malformed = { name: 'TlogError', code: 'TILE_PATH_MALFORMED' }

t.test('tile paths have one spelling', async (t) => {
  for (const [path, tile] of PATHS) {
    t.equal(tilePath(tile), path)
    t.same(parseTilePath(path), tile)
  }
  const spaced = [' tile/0/067', 'tile/0/067 ', 'tile/0/067\n', 'tile/0/0 67', 'tile/0/067\0', 'tile/0/067.p/ 1', '']
  for (const alias of [...ALIASES, ...spaced]) t.throws(() => parseTilePath(alias), malformed, JSON.stringify(alias))
  for (const long of [`tile/0/${'x000/'.repeat(1e5)}001`, `tile/0/${'0'.repeat(1e6)}`, `tile/${'1'.repeat(1e6)}/000`])
    t.throws(() => parseTilePath(long), malformed, 'endless')
})

t.test('every tile is read back from its path, and nothing that reads is written otherwise', async () => {
  const tiles = fc.record({
    level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)),
    index: fc.oneof(fc.integer({ min: 0, max: 2 ** 45 - 2 }), fc.nat({ max: 2000 })),
    width: fc.integer({ min: 1, max: 256 }),
  })
  const same = (a: Tile, b: Tile) => a.level === b.level && a.index === b.index && a.width === b.width
  fc.assert(fc.property(tiles, (tile) => same(parseTilePath(tilePath(tile)), tile)))
  const noise = fc.array(
    fc.constantFrom('tile/', 'entries', '0', '1', '00', '000', '067', 'x', 'x001', '/', '.p/', '256', '7'),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(noise, (parts) => {
      try {
        return tilePath(parseTilePath(parts.join(''))) === parts.join('')
      } catch (error) {
        return (error as { code?: string }).code === 'TILE_PATH_MALFORMED'
      }
    }),
    { numRuns: 5000 },
  )
})

t.test("Go's tiles have a height in their path and are refused", async (t) => {
  const { tilePathSeeds } = readJson('golang-mod/derived/tlog-cases.json') as { tilePathSeeds: string[] }
  t.equal(tilePathSeeds.length, 8)
  for (const path of tilePathSeeds) t.throws(() => parseTilePath(path), malformed, path)
})

t.test('the tiles of a tree', async (t) => {
  const names = (size: number) => [...tilesOf(treeSize(size))].map(tilePath)
  t.same(names(0), [])
  t.same(names(1), ['tile/0/000.p/1'])
  t.same(names(255), ['tile/0/000.p/255'])
  t.same(names(256), ['tile/0/000', 'tile/1/000.p/1'])
  t.same(names(257), ['tile/0/000', 'tile/0/001.p/1', 'tile/1/000.p/1'])
  t.same(names(65_536).slice(-3), ['tile/0/255', 'tile/1/000', 'tile/2/000.p/1'])
  t.equal(names(65_536).length, 258)
  t.same(names(70_000).slice(273), ['tile/0/273.p/112', 'tile/1/000', 'tile/1/001.p/17', 'tile/2/000.p/1'])
})

t.test('widths, up to the largest tree', async (t) => {
  const largest = treeSize(Number.MAX_SAFE_INTEGER)
  t.equal(tileWidth(0, 2 ** 45 - 1, largest), 255)
  t.equal(tileWidth(0, 2 ** 45 - 2, largest), 256)
  t.equal(tileWidth(0, 2 ** 45, largest), 0)
  t.equal(tileWidth(6, 0, largest), 31)
  t.equal(tileWidth(6, 1, largest), 0)
  t.equal(tileWidth(7, 0, largest), 0)
  t.equal(tileWidth(63, 0, largest), 0)
  const cases = fc.tuple(fc.integer({ min: 0, max: 7 }), fc.maxSafeNat(), fc.double({ min: 0, max: 1, noNaN: true }))
  fc.assert(
    fc.property(cases, ([level, size, where]) => {
      const index = Math.round((where * size) / 256 ** (level + 1))
      const complete = BigInt(size) / 256n ** BigInt(level) - 256n * BigInt(index)
      const wanted = complete < 0n ? 0n : complete > 256n ? 256n : complete
      return BigInt(tileWidth(level, index, treeSize(size))) === wanted
    }),
    { numRuns: 1000 },
  )
})

t.test('a node lies within one tile', async (t) => {
  t.same(tileOfNode({ level: 0, index: 70_000 }), { level: 0, index: 273, start: 112, count: 1 })
  t.same(tileOfNode({ level: 7, index: 3 }), { level: 0, index: 1, start: 128, count: 128 })
  t.same(tileOfNode({ level: 8, index: 300 }), { level: 1, index: 1, start: 44, count: 1 })
  t.same(tileOfNode({ level: 52, index: 1 }), { level: 6, index: 0, start: 16, count: 16 })
  const nodes = fc
    .integer({ min: 0, max: 52 })
    .chain((level) =>
      fc.record({ level: fc.constant(level), index: fc.integer({ min: 0, max: 2 ** (53 - level) - 1 }) }),
    )
  fc.assert(
    fc.property(nodes, (id) => {
      const { level, index, start, count } = tileOfNode(id)
      const leavesOfHash = 256n ** BigInt(level)
      const from = (BigInt(index) * 256n + BigInt(start)) * leavesOfHash
      const inside = start >= 0 && start + count <= 256 && start % count === 0
      return (
        inside &&
        from === BigInt(id.index) << BigInt(id.level) &&
        BigInt(count) * leavesOfHash === 1n << BigInt(id.level)
      )
    }),
    { numRuns: 1000 },
  )
})

const SIZE = 70_000
const tree = new WholeTree(SIZE)

t.test('nodes from tiles are the nodes of the tree', async (t) => {
  for (const id of [
    { level: 0, index: 0 },
    { level: 0, index: 69_999 },
    { level: 3, index: 8749 },
    { level: 7, index: 545 },
    { level: 8, index: 272 },
    { level: 12, index: 16 },
    { level: 15, index: 1 },
    { level: 16, index: 0 },
  ]) {
    const { level, index } = tileOfNode(id)
    const bytes = (await tree.readTile(level, index, tileWidth(level, index, treeSize(SIZE)))) ?? new Uint8Array()
    t.same(nodeFromTile(bytes, id), tree.node(id), JSON.stringify(id))
  }
  const tile = (await tree.readTile(0, 0, 9)) ?? new Uint8Array()
  const short = { code: 'TILE_MALFORMED' }
  t.throws(() => nodeFromTile(tile, { level: 0, index: 9 }), short)
  t.throws(() => nodeFromTile(tile, { level: 1, index: 4 }), short)
  t.throws(() => nodeFromTile(tile.subarray(1), { level: 0, index: 8 }), short)
  for (const length of [0, 1, 31, 33, 96, 8191])
    t.throws(() => perfectRoot(new Uint8Array(length)), short, `${length} bytes`)
})

t.test('a node of one hash does not keep its tile in memory', async (t) => {
  const tile = (await tree.readTile(0, 0, 256)) ?? new Uint8Array()
  const node = nodeFromTile(tile, { level: 0, index: 5 })
  tile.fill(0)
  t.same(node, tree.node({ level: 0, index: 5 }))
})

t.test('proofs from tiles, each tile read once and at its width', async (t) => {
  for (const size of [1, 255, 256, 257, 771, 65_535, 65_536, 65_537, SIZE].map(treeSize)) {
    const asked: string[] = []
    const readTile: ReadTile = (level, index, width) => {
      asked.push(tilePath({ level, index, width }))
      return tree.readTile(level, index, width)
    }
    const exist = new Set([...tilesOf(size)].map(tilePath))
    const read = readFromTiles(readTile, size)
    const head = { size, root: await rootAt(size, tree.read) }
    t.same(await rootAt(size, read), head.root)
    for (const i of [0, 255, 256, 65_535, size - 1].filter((i) => i < size).map(leafIndex)) {
      asked.length = 0
      verifyInclusion(tree.node({ level: 0, index: i }), i, head, await proveInclusion(i, size, read))
      t.equal(new Set(asked).size, asked.length, `size ${size}, leaf ${i}: once each`)
      t.ok(
        asked.every((path) => exist.has(path)),
        `size ${size}, leaf ${i}: tiles of this size`,
      )
      const first = treeSize(i + 1)
      const older = { size: first, root: await rootAt(first, read) }
      verifyConsistency(older, head, await proveConsistency(first, size, read))
    }
  }
})

t.test('a missing, short or long tile is refused, and so is a node that the tree has not', async (t) => {
  const size = treeSize(300)
  const bad = { code: 'TILE_MALFORMED' }
  const ids = [{ level: 0, index: 299 }]
  await t.rejects(readFromTiles(async () => null, size)(ids), { ...bad, message: /tile\/0\/001\.p\/44: missing/ })
  await t.rejects(readFromTiles((l, i, w) => tree.readTile(l, i, w - 1), size)(ids), bad)
  await t.rejects(readFromTiles((l, i, w) => tree.readTile(l, i, w + 1), size)(ids), bad)
  const read = readFromTiles(tree.readTile, size)
  for (const id of [
    { level: 0, index: 300 },
    { level: 2, index: 75 },
    { level: 9, index: 0 },
    { level: 8, index: 1 },
  ])
    await t.rejects(read([id]), { code: 'RANGE_INVALID' }, JSON.stringify(id))
  t.same(await read([]), [])
})

t.test('every corrupted tile that a root is folded from shows', async (t) => {
  for (const size of [771, 1023, 65_535].map(treeSize)) {
    const root = await rootAt(size, tree.read)
    const read = new Set<string>()
    await rootAt(
      size,
      readFromTiles((level, index, width) => {
        read.add(tilePath({ level, index, width }))
        return tree.readTile(level, index, width)
      }, size),
    )
    for (const target of read) {
      const corrupt: ReadTile = async (level, index, width) => {
        const bytes = (await tree.readTile(level, index, width)) ?? new Uint8Array()
        return tilePath({ level, index, width }) === target
          ? bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1)
          : bytes
      }
      t.notOk(equal(await rootAt(size, readFromTiles(corrupt, size)), hash(root)), `${target} of ${size}`)
    }
    t.ok(read.size > 1)
  }
})
