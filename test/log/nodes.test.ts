import fc from 'fast-check'
import t from 'tap'
import { type LeafHash, type LeafIndex, leafIndex, treeSize } from '../../src/kernel/brand.ts'
import { concat, equal } from '../../src/kernel/bytes.ts'
import { type Edge, loadEdge } from '../../src/kernel/edge.ts'
import { proveInclusion, verifyInclusion } from '../../src/kernel/proof.ts'
import type { NodeId } from '../../src/kernel/range.ts'
import { tileWidth } from '../../src/kernel/tile.ts'
import { Nodes } from '../../src/log/nodes.ts'
import { WholeTree } from '../kernel/support.ts'
import { outcome } from './support.ts'

const LARGE = 70_000
const tree = new WholeTree(LARGE)
type Lie = (bytes: Uint8Array, level: number, index: number) => Uint8Array | null

/** A tree of `size` whose edge was loaded at `from`, in a store that says what it is asked for, or what `lie` makes of it. */
async function world(from: number, size: number) {
  const edge = await loadEdge(treeSize(from), tree.readTile)
  while (edge.size < size) edge.append(tree.leaves[edge.size] as LeafHash)
  const reads: string[] = []
  const told: { lie: Lie } = { lie: (bytes) => bytes }
  const store = {
    async tile(level: number, index: number, width: number) {
      reads.push(`tile ${level}/${index}`)
      const bytes = width > tileWidth(level, index, treeSize(size)) ? null : await tree.readTile(level, index, width)
      return bytes && told.lie(bytes, level, index)
    },
    async leafHashes(first: LeafIndex, count: number) {
      reads.push(`leaves ${first}`)
      return first + count > size ? null : concat(...tree.leaves.slice(first, first + count))
    },
  }
  return { edge, store, reads, told, nodes: new Nodes(edge, store) }
}

function complete(size: number): NodeId[] {
  const levels = Array.from({ length: 18 }, (_, level) => ({ level, count: Math.floor(size / 2 ** level) }))
  return levels.flatMap(({ level, count }) => Array.from({ length: count }, (_, index) => ({ level, index })))
}

async function mustBeRight(nodes: Nodes, ids: readonly NodeId[]): Promise<void> {
  const found = await nodes.read(ids)
  if (found.length !== ids.length) throw new Error(`${found.length} nodes for ${ids.length}`)
  ids.forEach((id, i) => {
    if (!equal(found[i] ?? new Uint8Array(), tree.node(id))) throw new Error(`node ${id.index} of level ${id.level}`)
  })
}

t.test('every node, however little of the tree is in the edge', async (t) => {
  for (const [from, size] of [
    [0, 1],
    [0, 700],
    [16, 700],
    [255, 257],
    [256, 256],
    [700, 700],
    [4097, 4113],
  ] as const) {
    const { nodes } = await world(from, size)
    for (const id of complete(size)) await mustBeRight(nodes, [id])
    await mustBeRight(nodes, complete(size))
  }
  t.pass()
})

t.test('any nodes of a tree of several levels of tiles', async () => {
  const sizes = fc.constantFrom(65_535, 65_536, 65_537, 65_792, 69_999, LARGE)
  const picks = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(3000), picks, async (size, behind, picked) => {
      const { nodes } = await world(size - behind, size)
      const ids = complete(size)
      await mustBeRight(
        nodes,
        picked.map((share) => ids[Math.floor(share * ids.length)] as NodeId),
      )
    }),
    { numRuns: 60 },
  )
})

t.test('a proof beside another one costs a read of sixteen hashes', async (t) => {
  const { edge, nodes, reads } = await world(LARGE, LARGE)
  await prove(edge, nodes, 1000)
  t.same(reads.toSorted(), ['leaves 992', 'tile 0/3', 'tile 1/0', 'tile 1/0'])
  reads.length = 0
  await prove(edge, nodes, 1000)
  await prove(edge, nodes, 900)
  t.same(reads, ['leaves 992', 'leaves 896'])
  await prove(edge, nodes, LARGE - 1)
  t.same(reads.length, 2, 'the edge has what is new')
})

t.test('what is asked for twice at once is read once', async (t) => {
  const { nodes, reads } = await world(LARGE, LARGE)
  await Promise.all([1, 2, 3].map((index) => mustBeRight(nodes, [{ level: 6, index }])))
  t.equal(reads.filter((read) => read === 'tile 0/0').length, 1)
})

t.test('what does not lead to the edge is refused, and not remembered', async (t) => {
  const lies: readonly [what: string, Lie, code: string][] = [
    ['another tile', (bytes, level) => (level === 0 ? flipped(bytes, 77) : bytes), 'PROOF_INVALID'],
    ['another tile above', (bytes, level) => (level === 1 ? flipped(bytes, 3) : bytes), 'PROOF_INVALID'],
    ['no tile', () => null, 'TILE_MALFORMED'],
    ['a short one', (bytes) => bytes.subarray(32), 'TILE_MALFORMED'],
  ]
  for (const [what, lie, code] of lies) {
    const { nodes, told } = await world(LARGE, LARGE)
    told.lie = lie
    t.equal(await outcome(nodes.read([{ level: 4, index: 3 * 16 }])), code, what)
    told.lie = (bytes) => bytes
    await mustBeRight(nodes, [{ level: 4, index: 3 * 16 }])
  }
  const { edge, store } = await world(LARGE, LARGE)
  const short = new Nodes(edge, { ...store, leafHashes: async () => null })
  t.equal(await outcome(short.read([{ level: 0, index: 5 }])), 'TILE_MALFORMED')
})

t.test('no more is remembered than may be, and what was used last', async (t) => {
  const { edge, store, reads } = await world(LARGE, LARGE)
  const nodes = new Nodes(edge, store, 6) // of four tiles, and the two that all of them lead to
  const ask = async (tile: number) => {
    reads.length = 0
    await mustBeRight(nodes, [{ level: 4, index: tile * 16 }])
    return reads.includes(`tile 0/${tile}`)
  }
  for (const tile of [0, 1, 2, 3]) t.ok(await ask(tile))
  t.notOk(await ask(0), 'held')
  for (const tile of [4, 5]) t.ok(await ask(tile))
  t.notOk(await ask(0), 'used again')
  t.ok(await ask(1), 'dropped')
})

/** A bit of one of a tile's hashes. */
function flipped(bytes: Uint8Array, hash: number): Uint8Array {
  return bytes.with(32 * hash, (bytes[32 * hash] ?? 0) ^ 1)
}

async function prove(edge: Edge, nodes: Nodes, at: number): Promise<void> {
  const index = leafIndex(at)
  const path = await proveInclusion(index, edge.size, (ids) => nodes.read(ids))
  verifyInclusion(tree.leaves[at] as LeafHash, index, { size: edge.size, root: edge.root() }, path)
}
