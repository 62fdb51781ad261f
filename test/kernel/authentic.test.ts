import t from 'tap'
import { authenticTiles } from '../../src/kernel/authentic.ts'
import { type Hash, hash, treeSize } from '../../src/kernel/brand.ts'
import { equal } from '../../src/kernel/bytes.ts'
import { EMPTY_ROOT } from '../../src/kernel/hash.ts'
import { rootAt } from '../../src/kernel/proof.ts'
import { type ReadTile, readFromTiles, tilesOf } from '../../src/kernel/tile.ts'
import { WholeTree } from './support.ts'

/** Two full level-1 tiles and some more: unfinished tiles at three levels. */
const LARGEST = 65_536 + 3 * 256 + 3
const tree = new WholeTree(LARGEST)
const SIZES = [1, 2, 255, 256, 257, 511, 512, 771, 65_535, 65_536, 65_537, LARGEST]

async function headOf(count: number): Promise<{ size: ReturnType<typeof treeSize>; root: Hash }> {
  const size = treeSize(count)
  return { size, root: await rootAt(size, readFromTiles(tree.readTile, size)) }
}

const refused = (work: Promise<unknown>) =>
  work.then(
    () => 'read',
    (error: { code?: string }) => error.code,
  )

t.test('every tile of a tree is read as it is, at any width', async (t) => {
  for (const size of SIZES) {
    const read = authenticTiles(await headOf(size), tree.readTile)
    for (const { level, index, width } of tilesOf(treeSize(size))) {
      for (const part of new Set([1, Math.ceil(width / 2), width])) {
        const [found, there] = [await read(level, index, part), await tree.readTile(level, index, part)]
        if (found === null || there === null || !equal(found, there)) t.fail(`${size}: ${level}/${index} at ${part}`)
      }
      if (width < 256) t.equal(await read(level, index, width + 1), null, `${size}: nothing beyond ${level}/${index}`)
    }
  }
  t.equal(await authenticTiles({ size: treeSize(0), root: EMPTY_ROOT }, tree.readTile)(0, 0, 1), null)
})

t.test('no tile with a flipped bit is read, wherever it is', async (t) => {
  // With 771 leaves there are two unfinished tiles and four hashes that fold to the root.
  for (const size of [1, 257, 771, 1023, 65_535, 65_537, LARGEST]) {
    const head = await headOf(size)
    const tiles = [...tilesOf(treeSize(size))]
    const some = tiles.filter((_, i) => i < 3 || i > tiles.length - 6 || i % 97 === 0)
    for (const bad of some)
      for (const at of [0, 32 * bad.width - 1]) {
        const lying: ReadTile = async (level, index, width) => {
          const bytes = await tree.readTile(level, index, width)
          if (bytes !== null && level === bad.level && index === bad.index) bytes[at] = (bytes[at] ?? 0) ^ 1
          return bytes
        }
        const found = await refused(authenticTiles(head, lying)(bad.level, bad.index, bad.width))
        if (found !== 'PROOF_INVALID') t.fail(`${size}: ${bad.level}/${bad.index} byte ${at}: ${found}`)
      }
  }
  t.pass('none')
})

t.test('no tile in the place of another, cut short, or absent', async (t) => {
  const head = await headOf(LARGEST)
  const swapped: ReadTile = (level, index, width) => tree.readTile(level, index === 7 ? 8 : index, width)
  t.equal(await refused(authenticTiles(head, swapped)(0, 7, 256)), 'PROOF_INVALID')
  const short: ReadTile = async (...where) => (await tree.readTile(...where))?.subarray(32) ?? null
  t.equal(await refused(authenticTiles(head, short)(0, 7, 256)), 'TILE_MALFORMED')
  t.equal(await refused(authenticTiles(head, async () => null)(0, 7, 256)), 'TILE_MALFORMED')
  const other = { ...head, root: hash(new Uint8Array(32)) }
  t.equal(await refused(authenticTiles(other, tree.readTile)(0, 7, 256)), 'PROOF_INVALID')
})

t.test('in order, a tile costs one read', async (t) => {
  let reads = 0
  const counting: ReadTile = (...where) => {
    reads++
    return tree.readTile(...where)
  }
  const read = authenticTiles(await headOf(LARGEST), counting)
  for (let index = 0; index < 259; index++) await read(0, index, 256)
  t.ok(reads <= 259 + 4, `${reads}`)
})
