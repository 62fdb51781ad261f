import t from 'tap'
import { importEd25519Seed } from '#crypto'
import { createVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import { type Hash, type TreeSize, treeSize } from '../../src/kernel/brand.ts'
import { concat, equal } from '../../src/kernel/bytes.ts'
import { Edge } from '../../src/kernel/edge.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { type LoadParts, loadState } from '../../src/log/load.ts'
import type { Head, LogStore, Mark, Published } from '../../src/log/ports.ts'
import { createSigner } from '../../src/log/signer.ts'
import { memoryRatchet } from '../../src/storage/ratchet.ts'
import { check, createWorld, entries, entry, inTime, ORIGIN, problems, start, type World } from './support.ts'

const SIZE = 300

/** A log of 300 entries, published at 256 and at 300. */
async function filled(): Promise<World> {
  const world = createWorld()
  const { log } = await start(world)
  await inTime(world.clock, Promise.all(entries(256).map((one) => log.add(one))))
  await inTime(world.clock, Promise.all(entries(SIZE - 256, 256).map((one) => log.add(one))))
  await inTime(world.clock, log.close())
  return world
}

const world = await filled()
const edge = new Edge()
const roots: Hash[] = [edge.root()]
for (const { leaf } of entries(SIZE)) {
  edge.append(leafHash(leaf))
  roots.push(edge.root())
}
const published = (await world.store.published()) as Published
const head = (await world.store.head()) as Head

function markAt(size: number, root = roots[size]): Mark {
  if (root === undefined) throw new Error(`no root of ${size}`)
  return { size: treeSize(size), root }
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = concat(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

interface Doubt {
  readonly store?: Partial<LogStore>
  readonly mark?: Mark
  readonly parts?: Partial<LoadParts>
}

function load({ store, mark, parts }: Doubt = {}) {
  const ratchet = memoryRatchet(mark ?? markAt(SIZE))
  return loadState({ origin: ORIGIN, store: { ...world.store, ...store }, ratchet, signer: world.signer, ...parts })
}

/** One tile of the store with a byte changed, at whatever width it is read. */
function badTile(level: number, index: number, at: number): Partial<LogStore> {
  return {
    tile: async (l, i, width) => {
      const bytes = await world.store.tile(l, i, width)
      return bytes !== null && l === level && i === index && at < bytes.length ? flipped(bytes, at) : bytes
    },
  }
}

async function notedAs(change: { origin?: string; size?: TreeSize; root?: Hash }): Promise<Partial<LogStore>> {
  const { size, root } = published
  const note = await world.signer.sign({ origin: ORIGIN, size, root, extensions: [], ...change }, 1)
  return { published: async () => ({ ...published, note }) }
}

async function notedByAnother(): Promise<Partial<LogStore>> {
  const key = importEd25519Seed(new Uint8Array(32).fill(8))
  const other = createSigner(createVkey(ORIGIN, KEY_TYPE.ed25519, key.publicKey), key)
  const { size, root } = published
  const note = await other.sign({ origin: ORIGIN, size, root, extensions: [] }, 1)
  return { published: async () => ({ ...published, note }) }
}

t.test('what holds together is loaded', async (t) => {
  for (const size of [0, 1, 255, 256, 299, SIZE]) {
    const store = { published: async () => (size < SIZE ? null : published) }
    const state = await load({ mark: markAt(size), store })
    t.equal(state.head.size, SIZE, `ratchet at ${size}`)
    t.ok(equal(state.edge.root(), roots[SIZE] ?? new Uint8Array()))
  }
  const fresh = createWorld()
  const { store, ratchet, signer } = fresh
  const state = await loadState({ origin: ORIGIN, store, ratchet, signer })
  t.match(state, { head: { size: 0 }, published: null }, 'a log that has signed nothing')
})

const doubts: readonly { readonly name: string; readonly doubt: () => Promise<Doubt>; readonly error: object }[] = [
  {
    name: 'no head',
    doubt: async () => ({ store: { head: async () => null } }),
    error: { code: 'STORE_CORRUPT', message: /no head, not even of size 0/ },
  },
  {
    name: 'a head with another root',
    doubt: async () => ({ store: { head: async () => ({ ...head, root: roots[299] as Hash }) } }),
    error: { code: 'STORE_CORRUPT', message: /size 300 .*tiles do not hash to the stored root/ },
  },
  ...[0, 31, 32 * 43].map((at) => ({
    name: `byte ${at} of the unfinished tile flipped`,
    doubt: async () => ({ store: badTile(0, 1, at) }),
    error: { code: 'STORE_CORRUPT', message: /tiles do not hash to the stored root/ },
  })),
  {
    name: 'a flipped bit in the full tile below the edge',
    doubt: async () => ({ store: badTile(0, 0, 5000) }),
    error: { code: 'STORE_CORRUPT', message: /tiles do not hash to the stored root/ },
  },
  {
    name: 'a tile missing on the edge',
    doubt: async () => ({ store: { tile: async () => null } }),
    error: { code: 'STORE_CORRUPT', message: /a tile on its right edge is missing or malformed/ },
  },
  {
    name: 'a tile cut short',
    doubt: async () => ({ store: { tile: async (...at) => (await world.store.tile(...at))?.subarray(32) ?? null } }),
    error: { code: 'STORE_CORRUPT', message: /a tile on its right edge is missing or malformed/ },
  },
  {
    name: 'no last bundle',
    doubt: async () => ({ store: { bundle: async () => null } }),
    error: { code: 'STORE_CORRUPT', message: /its last bundle is missing/ },
  },
  {
    name: 'a bundle cut short',
    doubt: async () => ({
      store: { bundle: async (...at) => (await world.store.bundle(...at))?.subarray(0, -1) ?? null },
    }),
    error: { code: 'STORE_CORRUPT', message: /its last bundle is malformed/ },
  },
  {
    name: 'an entry that does not hash to its leaf',
    doubt: async () => ({
      store: { bundle: async (...at) => flipped((await world.store.bundle(...at)) as Uint8Array, 2) },
    }),
    error: { code: 'STORE_CORRUPT', message: /entry 256 does not hash to its leaf/ },
  },
  {
    name: 'a ratchet ahead of the database',
    doubt: async () => ({ mark: markAt(301, new Uint8Array(32) as Hash) }),
    error: { code: 'RATCHET_REFUSED', message: /it ends at 300, the ratchet says 301 was signed/ },
  },
  ...[1, 256, 299, SIZE].map((size) => ({
    name: `a ratchet with another root at ${size}`,
    doubt: async () => ({ mark: markAt(size, roots[0] as Hash), store: { published: async () => null } }),
    error: { code: 'RATCHET_REFUSED', message: new RegExp(`at size ${size} the database has the root [0-9a-f]{64}`) },
  })),
  {
    name: 'a ratchet older than the published checkpoint',
    doubt: async () => ({ mark: markAt(256) }),
    error: { code: 'RATCHET_REFUSED', message: /it says 256, a checkpoint of 300 was published/ },
  },
  {
    name: 'a note by another key',
    doubt: async () => ({ store: await notedByAnother() }),
    error: { code: 'STORE_CORRUPT', message: /size 300 is not what this log signed: no signature by log\.example/ },
  },
  ...[
    { name: 'origin', change: { origin: 'other.example' } },
    { name: 'size', change: { size: treeSize(256), root: roots[256] as Hash } },
    { name: 'root', change: { root: roots[256] as Hash } },
  ].map(({ name, change }) => ({
    name: `a note about another ${name}`,
    doubt: async () => ({ store: await notedAs(change) }),
    error: { code: 'STORE_CORRUPT', message: /it names another origin, size or root/ },
  })),
  {
    name: 'a note with a flipped bit',
    doubt: async () => ({ store: { published: async () => ({ ...published, note: flipped(published.note, 14) }) } }),
    error: { code: 'STORE_CORRUPT', message: /size 300 is not what this log signed/ },
  },
  {
    name: 'a published checkpoint of another tree, under a newer ratchet',
    doubt: async () => {
      const [size, root] = [treeSize(200), roots[199] as Hash]
      const note = await world.signer.sign({ origin: ORIGIN, size, root, extensions: [] }, 1)
      return { store: { published: async () => ({ ...published, size, root, note }) } }
    },
    error: { code: 'STORE_CORRUPT', message: /size 200 .*its root is not the one in the published checkpoint/ },
  },
]

for (const { name, doubt, error } of doubts)
  t.test(`refused: ${name}`, async (t) => {
    await t.rejects(load(await doubt()), { name: 'TlogError', ...error })
  })

t.test('a forged head is refused although every tile below the old root was left as it was', async (t) => {
  // 65,536 leaves fill a level-1 tile: the edge is made from it, the root at 300 from the leaves that it stands for.
  const forged = await forgedTree()
  const parts = { store: { ...world.store, ...forged, published: async () => null } }
  await t.rejects(load({ ...parts, mark: markAt(SIZE) }), {
    code: 'STORE_CORRUPT',
    message: /does not extend the tree of 300 that was signed/,
  })
})

/** A tree of 65,537 whose first level-1 tile says other things than the leaves under it: of those, the first 300 are ours. */
async function forgedTree(): Promise<Partial<LogStore>> {
  const own = concat(...entries(SIZE).map(({ leaf }) => leafHash(leaf)))
  const other = leafHash(entry('forged').leaf)
  const filler = concat(...Array.from({ length: 256 }, () => other))
  const first = (await world.store.tile(1, 0, 1)) as Uint8Array
  const levelOne = concat(first, ...Array.from({ length: 255 }, () => other))
  const zero = (index: number) =>
    index === 0 ? own.slice(0, 8192) : index === 1 ? concat(own.slice(8192), filler) : filler
  const tile: LogStore['tile'] = async (level, index, width) =>
    (level === 0 ? zero(index) : level === 1 ? levelOne : levelTwo).slice(0, width * 32)
  const { perfectRoot } = await import('../../src/kernel/tile.ts')
  const { nodeHash } = await import('../../src/kernel/hash.ts')
  const levelTwo = perfectRoot(levelOne)
  const root = nodeHash(levelTwo, other)
  return { tile, head: async () => ({ ...head, size: treeSize(65_537), root }), bundle: async () => forgedBundle }
}

const forgedBundle = concat(Uint8Array.of(0, entry('forged').leaf.length), entry('forged').leaf)

for (const lost of ['beforePublish', 'afterPublish'] as const)
  t.test(`a head that was appended and perhaps not published (${lost}) is published at the start`, async (t) => {
    const world = createWorld()
    const { log, failures } = await start(world)
    world.hooks[lost] = () => {
      throw new Error('the power went')
    }
    const adding = log.add(entry('a')).catch(() => undefined)
    await inTime(world.clock, adding)
    t.equal(failures.length, 1)
    world.hooks[lost] = undefined
    t.equal((await world.ratchet.read()).size, 1, 'it was signed')
    const again = await start(world)
    t.equal(again.log.published()?.size, 1)
    const receipt = await inTime(world.clock, again.log.add(entry('a')))
    t.match(receipt, { index: 0, size: 1, repeated: true })
    await check(world, entry('a'), receipt)
    await inTime(world.clock, again.log.close())
    t.same(await problems(world), [])
  })

t.test('a start at every size goes on where it was', async (t) => {
  for (const size of [1, 2, 3, 7, 255, 256, 257, 511, 512, 513]) {
    const world = createWorld()
    const first = await start(world)
    await inTime(world.clock, Promise.all(entries(size).map((one) => first.log.add(one))))
    await inTime(world.clock, first.log.close())
    const second = await start(world)
    const more = await inTime(world.clock, Promise.all(entries(5, size).map((one) => second.log.add(one))))
    for (const [i, receipt] of more.entries()) await check(world, entry(size + i), receipt)
    t.equal(more.at(-1)?.index, size + 4, `from ${size}`)
    await inTime(world.clock, second.log.close())
    t.same(await problems(world), [])
  }
})
