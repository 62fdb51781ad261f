/** A log read through its tiles: all of it authenticated, never back, never another history. */

import t from 'tap'
import { formatBundle } from '../../src/formats/c2sp/bundle.ts'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatVkey } from '../../src/formats/c2sp/vkey.ts'
import { hash, leafIndex, treeSize } from '../../src/kernel/brand.ts'
import { concat, hex, utf8 } from '../../src/kernel/bytes.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { verifyInclusion } from '../../src/kernel/proof.ts'
import { parseTilePath, TILE_WIDTH, tilePath, tilesOf } from '../../src/kernel/tile.ts'
import { openTileReader, type TileReader, type TileSource } from '../../src/verify/tile-reader.ts'
import { mutate } from '../fuzz/mutate.ts'
import { randomOf } from '../fuzz/random.ts'
import { treeOf } from '../reference/rfc6962.ts'
import { codeOf, head, logKey, refusedWith, signedBy } from './support.ts'

/** The root over some entries, by the slow reference. */
const mth = (entries: readonly Uint8Array[]) => hash(treeOf(entries).mth(0n, BigInt(entries.length)))

const ORIGIN = 'tiles.example/log'
const LOG = logKey(ORIGIN, 4)
const POLICY = parsePolicy(utf8(`log ${formatVkey(LOG.vkey)}\nquorum none\n`))

const entryOf = (i: number, history = 'a') => utf8(`${history} ${i}`)
const entriesOf = (size: number, history = 'a') => Array.from({ length: size }, (_, i) => entryOf(i, history))

/** The files of a log of `entries`, written with the slow reference. */
async function filesOf(entries: readonly Uint8Array[]): Promise<Map<string, Uint8Array>> {
  const size = treeSize(entries.length)
  const files = new Map<string, Uint8Array>()
  for (const tile of tilesOf(size)) {
    const span = TILE_WIDTH ** tile.level
    const first = tile.index * TILE_WIDTH
    const hashes = Array.from({ length: tile.width }, (_, i) =>
      mth(entries.slice((first + i) * span, (first + i + 1) * span)),
    )
    files.set(tilePath(tile), concat(...hashes))
    if (tile.level === 0)
      files.set(tilePath({ ...tile, level: 'entries' }), formatBundle(entries.slice(first, first + tile.width)))
  }
  files.set('checkpoint', await signedBy(head(ORIGIN, size, mth(entries)), LOG))
  return files
}

class Files implements TileSource {
  files = new Map<string, Uint8Array>()
  readonly read = new Set<string>()
  async checkpoint() {
    return this.files.get('checkpoint') ?? new Uint8Array()
  }
  async file(path: string) {
    this.read.add(path)
    parseTilePath(path)
    return this.files.get(path) ?? null
  }
}

async function sourceOf(size: number, history = 'a'): Promise<Files> {
  const source = new Files()
  source.files = await filesOf(entriesOf(size, history))
  return source
}

const openAt = (source: TileSource, remembered: Uint8Array | null = null) =>
  openTileReader({ source, policy: POLICY, mlDsa44: null, remembered })

async function all(reader: TileReader, start = 0): Promise<string[]> {
  const out: string[] = []
  for await (const entry of reader.entries(start, reader.head.size)) out.push(hex(entry))
  return out
}

t.test('every entry, in order, and a path for each', async (t) => {
  for (const size of [0, 1, 255, 256, 257, 771]) {
    const reader = await openAt(await sourceOf(size))
    t.same(await all(reader), entriesOf(size).map(hex), `${size}`)
    for (let i = 0; i < size; i += 97)
      verifyInclusion(leafHash(entryOf(i)), leafIndex(i), reader.head, await reader.prove(leafIndex(i)))
  }
})

t.test('a part, and what is outside', async (t) => {
  const reader = await openAt(await sourceOf(300))
  t.same(await all(reader, 250), entriesOf(300).slice(250).map(hex))
  for (const [start, end] of [
    [-1, 2],
    [2, 1],
    [0, 301],
    [0.5, 2],
  ] as const)
    await refusedWith('RANGE_INVALID', () => reader.entries(start, end).next(), `[${start}, ${end})`)
})

t.test('each file altered, shortened or gone is noticed', async (t) => {
  for (const size of [300, 771]) {
    const whole = await filesOf(entriesOf(size))
    for (const [path, bytes] of whole) {
      if (path === 'checkpoint') continue
      for (const [how, damaged] of [
        ['altered', bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte))],
        ['cut', bytes.slice(0, -32)],
        ['gone', null],
      ] as const) {
        const source = new Files()
        source.files = new Map(whole)
        if (damaged === null) source.files.delete(path)
        else source.files.set(path, damaged)
        await t.rejects(async () => all(await openAt(source)), { name: 'TlogError' }, `${size}: ${path} ${how}`)
      }
    }
  }
})

t.test('whatever one file holds, what is read is the log’s', async (t) => {
  const whole = await filesOf(entriesOf(300))
  const truth = entriesOf(300).map(hex)
  const paths = [...whole.keys()]
  const random = randomOf('tiles')
  const wrong: string[] = []
  let read = 0
  for (let i = 0; i < 400; i++) {
    const path = random.pick(paths)
    const source = new Files()
    const corpus = [...whole.values()]
    const changed = mutate(whole.get(path) ?? new Uint8Array(), { random, corpus, words: [ORIGIN], maxBytes: 65_536 })
    source.files = new Map(whole).set(path, changed)
    const found: string[] = []
    if ((await codeOf(async () => found.push(...(await all(await openAt(source)))))) !== 'ok') continue
    read += 1
    if (found.join() !== truth.join()) wrong.push(path)
  }
  t.same(wrong, [])
  t.ok(read < 100, `${read} of 400 were read: a change that changes nothing`)
})

t.test('a partial file that the log has dropped: the full one serves, as far as the tree goes', async (t) => {
  const source = await sourceOf(300)
  const later = await filesOf(entriesOf(512))
  for (const path of [...source.files.keys()]) if (path.includes('.p/')) source.files.delete(path)
  for (const path of ['tile/0/001', 'tile/entries/001']) source.files.set(path, later.get(path) ?? new Uint8Array())
  source.files.set(
    'tile/1/000',
    concat(...Array.from({ length: 256 }, () => (later.get('tile/1/000.p/2') ?? new Uint8Array()).subarray(0, 32))),
  )
  t.same(await all(await openAt(source)), entriesOf(300).map(hex))
})

t.test('it grows, and never goes back or sideways', async (t) => {
  const source = await sourceOf(300)
  const reader = await openAt(source)
  source.files = await filesOf(entriesOf(771))
  t.equal((await reader.refresh()).size, 771)
  t.equal((await reader.refresh()).size, 771, 'the same once more')
  source.files = await filesOf(entriesOf(300))
  await refusedWith('TREE_SHRUNK', () => reader.refresh(), 'back')
  source.files = await filesOf(entriesOf(771, 'b'))
  await refusedWith('PROOF_INVALID', () => reader.refresh(), 'another history of the same size')
  source.files = await filesOf([...entriesOf(770), ...entriesOf(900, 'b').slice(770)])
  await refusedWith('PROOF_INVALID', () => reader.refresh(), 'a longer one that differs in the last leaf seen')
  t.equal(reader.head.size, 771, 'the head stays')
  source.files = await filesOf(entriesOf(772))
  const [first, second] = await Promise.all([reader.refresh(), reader.refresh()])
  t.same([first.size, second.size, reader.head.size], [772, 772, 772])
})

t.test('what was remembered binds the next start', async (t) => {
  const { note } = (await openAt(await sourceOf(300))).head
  t.equal((await openAt(await sourceOf(771), note)).head.size, 771)
  t.equal((await openAt(await sourceOf(300), note)).head.size, 300)
  await refusedWith('TREE_SHRUNK', async () => openAt(await sourceOf(299), note), 'a smaller log')
  await refusedWith('PROOF_INVALID', async () => openAt(await sourceOf(771, 'b'), note), 'another history')
})
