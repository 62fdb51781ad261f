import fc from 'fast-check'
import t from 'tap'
import { type Hash, type LeafHash, leafIndex, treeSize } from '../../src/kernel/brand.ts'
import { concat, equal } from '../../src/kernel/bytes.ts'
import { completedTiles, Edge, loadEdge } from '../../src/kernel/edge.ts'
import { EMPTY_ROOT, nodeHash } from '../../src/kernel/hash.ts'
import {
  foldPlan,
  inclusionPlan,
  proveConsistency,
  proveInclusion,
  rootAt,
  verifyConsistency,
  verifyInclusion,
} from '../../src/kernel/proof.ts'
import { fold, type NodeId, peaks } from '../../src/kernel/range.ts'
import { type ReadTile, tilePath, tilesOf, tileWidth } from '../../src/kernel/tile.ts'
import { WholeTree } from './support.ts'

const LARGE = 70_000
const tree = new WholeTree(LARGE)
const leafAt = (i: number) => tree.leaves[i] as LeafHash

function grow(edge: Edge, size: number): Edge {
  while (edge.size < size) edge.append(leafAt(edge.size))
  return edge
}
const grown = (size: number) => grow(new Edge(), size)

/** What the edge promises to hold, by its definition: everything that is complete and not only of use to smaller trees. */
function promised(from: number, size: number): NodeId[] {
  const ids: NodeId[] = []
  for (let level = 0; 2 ** level <= size; level++) {
    const complete = Math.floor(from / 2 ** level)
    const tileStart = Math.floor(from / 2 ** (level + 8)) * 256
    const halfwayStart = Math.floor(from / 2 ** (level + 4)) * 16
    const first = level % 8 === 0 ? tileStart : level % 8 === 4 ? halfwayStart : complete - (complete % 2)
    for (let index = first; index < Math.floor(size / 2 ** level); index++) ids.push({ level, index })
  }
  return ids
}

/** Throws unless the edge is exactly what it promises for its `from` and `size`. */
async function mustBeWhole(edge: Edge): Promise<void> {
  const fail = (what: string): never => {
    throw new Error(`edge from ${edge.from} to ${edge.size}: ${what}`)
  }
  const ids = promised(edge.from, edge.size)
  for (const id of ids) {
    const node = edge.node(id)
    if (node === undefined || !equal(node, tree.node(id))) fail(`node ${id.index} of level ${id.level}`)
  }
  for (let level = 0; level < 20; level++) {
    const held = ids.filter((id) => id.level === level)
    const first = held[0]?.index ?? Math.floor(edge.size / 2 ** level)
    if (edge.node({ level, index: first - 1 }) !== undefined) fail(`holds too much of level ${level}`)
    if (edge.node({ level, index: first + held.length }) !== undefined) fail(`a node of level ${level} before its time`)
  }
  if (!equal(edge.root(), await rootAt(edge.size, tree.read))) fail('root')
  for (let level = 0; level <= 2; level++) {
    const index = Math.floor(edge.size / 256 ** (level + 1))
    const width = tileWidth(level, index, edge.size)
    const tile = width === 0 ? null : await tree.readTile(level, index, width)
    if (tile !== null && !equal(edge.tile(level, index, width) ?? new Uint8Array(), tile))
      fail(`tile of level ${level}`)
  }
}

const read = (edge: Edge) => async (ids: readonly NodeId[]) =>
  ids.map((id): Hash => {
    const node = edge.node(id)
    if (node === undefined)
      throw new Error(`edge from ${edge.from} to ${edge.size}: no node ${id.index} of ${id.level}`)
    return node
  })

const same = (a: Hash | undefined, b: Hash | undefined) => a !== undefined && b !== undefined && equal(a, b)

t.test('an empty edge', async (t) => {
  const edge = new Edge()
  t.equal(edge.size, 0)
  t.equal(edge.from, 0)
  t.same(edge.root(), EMPTY_ROOT)
  t.equal(edge.tile(0, 0, 1), undefined)
  t.equal(edge.node({ level: 0, index: 0 }), undefined)
  edge.rewind(treeSize(0))
  edge.forget(treeSize(0))
  t.equal(grow(edge, 3).size, 3)
})

t.test('a growing edge has every root, whole and as an earlier size', async (t) => {
  const edge = new Edge()
  for (let size = 0; size <= 600; size++) {
    await mustBeWhole(grow(edge, size))
    for (const earlier of [0, 1, size >> 1, size - 1, size].filter((n) => n >= 0 && n <= size).map(treeSize))
      if (!equal(edge.root(earlier), await rootAt(earlier, tree.read))) t.fail(`root of ${earlier} at ${size}`)
  }
  t.pass()
})

t.test('any order of append, rewind and forget leaves an edge that is whole', async () => {
  const steps = fc.array(
    fc.tuple(fc.constantFrom('append', 'append', 'rewind', 'forget'), fc.double({ min: 0, max: 1, noNaN: true })),
    { maxLength: 12 },
  )
  const starts = fc.constantFrom(0, 1, 200, 255, 256, 1000, 65_300, 65_536)
  await fc.assert(
    fc.asyncProperty(starts, steps, async (start, moves) => {
      const edge = await loadEdge(treeSize(start), tree.readTile)
      for (const [move, amount] of moves) {
        const between = treeSize(edge.from + Math.floor(amount * (edge.size - edge.from)))
        if (move === 'append') grow(edge, edge.size + Math.floor(amount * 400))
        else if (move === 'rewind') edge.rewind(between)
        else edge.forget(between)
        await mustBeWhole(edge)
        if (!equal(edge.root(edge.from), await rootAt(edge.from, tree.read))) return false
      }
      return true
    }),
    { numRuns: 40 },
  )
})

t.test('after forgetting, every later leaf and every later pair of sizes is still proven', async (t) => {
  for (const [from, size] of [
    [0, 70],
    [37, 90],
    [64, 130],
    [255, 300],
    [256, 300],
    [257, 300],
    [511, 560],
    [299, 300],
    [300, 300],
  ] as const) {
    const edge = grown(size)
    edge.forget(treeSize(from))
    for (let n = from; n <= size; n++) {
      const head = { size: treeSize(n), root: edge.root(treeSize(n)) }
      for (let i = from; i < n; i++) {
        const plan = inclusionPlan(leafIndex(i), head.size)
        const path = foldPlan(plan, await read(edge)(plan.flat()))
        verifyInclusion(leafAt(i), leafIndex(i), head, path)
      }
      const last = { size: edge.size, root: edge.root() }
      verifyConsistency(head, last, await proveConsistency(head.size, last.size, read(edge)))
    }
  }
  t.pass()
})

t.test('a loaded edge is the grown one, at sizes beside full tiles', async (t) => {
  const sizes = [
    0, 1, 2, 255, 256, 257, 511, 512, 65_279, 65_280, 65_535, 65_536, 65_537, 65_791, 65_792, 66_000, 69_999,
  ]
  const other = new Edge()
  for (const size of sizes.map(treeSize)) {
    const fullOrLevel0: ReadTile = (level, index, width) =>
      level === 0 || width === 256 ? tree.readTile(level, index, width) : Promise.resolve(null)
    const edge = await loadEdge(size, fullOrLevel0)
    t.equal(edge.size, size)
    t.equal(edge.from, size)
    await mustBeWhole(edge)
    grow(other, size)
    const differs = promised(size, size).filter((id) => !same(edge.node(id), other.node(id)))
    t.same(differs, [], `${size}`)
    const to = Math.min(LARGE, size + 300)
    await mustBeWhole(grow(edge, to))
    for (const i of [size, to - 1].filter((i) => i < to).map(leafIndex))
      verifyInclusion(
        leafAt(i),
        i,
        { size: edge.size, root: edge.root() },
        await proveInclusion(i, edge.size, read(edge)),
      )
  }
})

t.test('loading reads at most 255 tiles a level, and refuses a store with a hole', async (t) => {
  const size = treeSize(65_535)
  const asked: string[] = []
  await loadEdge(size, (level, index, width) => {
    asked.push(tilePath({ level, index, width }))
    return tree.readTile(level, index, width)
  })
  t.equal(asked.length, 256, 'the partial tile of level 0, and 255 full ones for level 1')
  const stored = new Set([...tilesOf(size)].map(tilePath))
  t.ok(asked.every((path) => stored.has(path)))
  const bad = { code: 'TILE_MALFORMED' }
  for (const hole of ['tile/0/000', 'tile/0/254', 'tile/0/255.p/255']) {
    const name = (level: number, index: number, width: number) => tilePath({ level, index, width })
    const missing: ReadTile = async (l, i, w) => (name(l, i, w) === hole ? null : tree.readTile(l, i, w))
    const short: ReadTile = async (l, i, w) => tree.readTile(l, i, name(l, i, w) === hole ? w - 1 : w)
    await t.rejects(loadEdge(size, missing), bad, `${hole} missing`)
    await t.rejects(loadEdge(size, short), bad, `${hole} short`)
  }
})

t.test('edges of trees of up to 2^53-1 equal leaves', async (t) => {
  const perfect: Hash[] = [leafAt(0)]
  for (let level = 1; level <= 53; level++)
    perfect.push(nodeHash(perfect[level - 1] as Hash, perfect[level - 1] as Hash))
  const tiles = Array.from({ length: 7 }, (_, level) => concat(...Array<Hash>(256).fill(perfect[level * 8] as Hash)))
  const readTile: ReadTile = async (level, _index, width) => tiles[level]?.subarray(0, width * 32) ?? null
  for (const size of [2 ** 24 + 300, 2 ** 32 + 70_000, Number.MAX_SAFE_INTEGER].map(treeSize)) {
    const edge = await loadEdge(size, readTile)
    t.same(edge.root(), fold(peaks(size).map((id) => perfect[id.level] as Hash)), `${size}`)
    const index = Math.floor(size / 256 ** 4)
    const width = tileWidth(3, index, size)
    if (width > 0)
      t.same(edge.tile(3, index, width), tiles[3]?.subarray(0, width * 32), 'its unfinished tile of level 3')
  }
})

t.test('a corrupted tile gives another root', async (t) => {
  const size = treeSize(66_001)
  const root = await rootAt(size, tree.read)
  for (const [level, index] of [
    [0, 257],
    [0, 256],
    [1, 0],
  ] as const) {
    const corrupt: ReadTile = async (l, i, w) => {
      const bytes = await tree.readTile(l, i, w)
      return bytes !== null && l === level && i === index ? bytes.with(0, (bytes[0] ?? 0) ^ 1) : bytes
    }
    t.notOk(equal((await loadEdge(size, corrupt)).root(), root), tilePath({ level, index, width: 256 }))
  }
})

t.test('completed tiles are those that the growth filled', async (t) => {
  const pairs = [
    [0, 65_535],
    [0, 65_536],
    [65_535, 65_536],
    [65_536, 65_537],
    [65_000, 70_000],
    [3, 3],
    [66_000, 70_000],
  ] as const
  for (const [before, after] of pairs) {
    const edge = grow(await loadEdge(treeSize(before), tree.readTile), after)
    const full = (size: number) => [...tilesOf(treeSize(size))].filter((tile) => tile.level > 0 && tile.width === 256)
    const old = new Set(full(before).map(tilePath))
    const wanted = full(after).filter((tile) => !old.has(tilePath(tile)))
    const found = completedTiles(treeSize(before), edge)
    t.same(
      found.map(({ level, index }) => tilePath({ level, index, width: 256 })),
      wanted.map(tilePath),
      `${before} to ${after}`,
    )
    for (const { level, index, bytes } of found) t.same(bytes, await tree.readTile(level, index, 256))
  }
  const edge = await loadEdge(treeSize(65_536), tree.readTile)
  t.throws(() => completedTiles(treeSize(65_535), edge), { code: 'RANGE_INVALID' }, 'filled before the edge begins')
})

t.test('tiles of an edge', async (t) => {
  const edge = grown(600)
  edge.forget(treeSize(520))
  t.same(edge.tile(0, 2, 88), await tree.readTile(0, 2, 88))
  t.same(edge.tile(0, 2, 1), await tree.readTile(0, 2, 1))
  t.same(edge.tile(1, 0, 2), await tree.readTile(1, 0, 2))
  t.equal(edge.tile(0, 2, 89), undefined, 'not grown so far')
  t.equal(edge.tile(0, 1, 256), undefined, 'forgotten')
  t.equal(edge.tile(0, 3, 1), undefined)
  t.equal(edge.tile(2, 0, 1), undefined)
  for (const width of [0, -1, 257, Number.NaN])
    t.throws(() => edge.tile(0, 2, width), { code: 'RANGE_INVALID' }, `width ${width}`)
  const longer = grown(1100)
  longer.forget(treeSize(300))
  for (const width of [1, 100, 256]) t.equal(longer.tile(0, 0, width), undefined, `${width} forgotten ones`)
  const tile = edge.tile(0, 2, 88)
  tile?.fill(0)
  t.same(edge.tile(0, 2, 88), await tree.readTile(0, 2, 88), 'a copy')
})

t.test('sizes outside the edge are refused and change nothing', async (t) => {
  const edge = grown(600)
  edge.forget(treeSize(520))
  const outside = { name: 'TlogError', code: 'RANGE_INVALID' }
  for (const size of [0, 519, 601].map(treeSize)) {
    t.throws(() => edge.rewind(size), outside, `rewind to ${size}`)
    t.throws(() => edge.forget(size), outside, `forget to ${size}`)
    t.throws(() => edge.root(size), outside, `root of ${size}`)
  }
  await mustBeWhole(edge)
  const full = new Edge(treeSize(Number.MAX_SAFE_INTEGER), () => EMPTY_ROOT)
  const root = full.root()
  t.throws(() => full.append(leafAt(0)), { code: 'SIZE_OUT_OF_RANGE' }, 'no leaf after 2^53-2')
  t.same(full.root(), root)
  t.throws(() => new Edge(treeSize(1)), outside, 'a size without its nodes')
})

t.test('memory is bounded by what is not yet forgotten', async (t) => {
  const edge = grown(2000)
  edge.forget(treeSize(2000))
  t.ok(promised(2000, 2000).length <= 2 * 255 + 11)
  await mustBeWhole(edge)
})
