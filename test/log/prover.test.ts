import t from 'tap'
import { leafIndex } from '../../src/kernel/brand.ts'
import { concat } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { loadState } from '../../src/log/load.ts'
import { Nodes } from '../../src/log/nodes.ts'
import type { LogStore, Published } from '../../src/log/ports.ts'
import { prove } from '../../src/log/prover.ts'
import { check, createWorld, entries, entry, inTime, ORIGIN, outcome, start, type World } from './support.ts'

const COUNT = 1100

async function filled(count: number): Promise<World> {
  const world = createWorld()
  const { log } = await start(world, { limits: { pool: { entries: count, bytes: 2 ** 24 } } })
  await inTime(world.clock, Promise.all(entries(count).map((one) => log.add(one))))
  await inTime(world.clock, log.close())
  return world
}

const world = await filled(COUNT)

t.test('a receipt survives structured clone, and holds nothing but its own bytes', async (t) => {
  const { log } = await start(world)
  for (const one of [entry('fresh'), entry(0)]) {
    const receipt = await inTime(world.clock, log.add(one))
    const copy = structuredClone(receipt)
    t.same(copy, receipt)
    await check(world, one, copy)
    const bytes = [...receipt.path, receipt.root, receipt.note]
    t.ok(bytes.every(({ buffer, length }) => buffer.byteLength === length))
  }
  await inTime(world.clock, log.close())
})

t.test('fresh entries, and early repeats of them, are proven without a read', async (t) => {
  const { log } = await start(world)
  world.reads.length = 0
  const some = entries(1000, COUNT)
  const receipts = await inTime(world.clock, Promise.all(some.map((one) => log.add(one))))
  const repeats = await inTime(world.clock, Promise.all(some.map((one) => log.add(one))))
  t.same(world.reads, [])
  t.ok(repeats.every(({ repeated }, i) => repeated && receipts[i]?.repeated === false))
  for (const i of [0, 1, 500, 999]) for (const made of [receipts, repeats]) await checkAt(some, made, i)
  await inTime(world.clock, log.close())

  async function checkAt(some: ReturnType<typeof entries>, made: typeof receipts, i: number) {
    const [one, receipt] = [some[i], made[i]]
    if (one === undefined || receipt === undefined) throw new Error('none')
    await check(world, one, receipt)
  }
})

t.test('old entries are proven from the store, a tile or a part of it a read', async (t) => {
  const { log } = await start(world)
  for (const at of [0, 255, 256, 1000]) {
    world.reads.length = 0
    const receipt = await inTime(world.clock, log.add(entry(at)))
    t.match(receipt, { index: at, repeated: true })
    await check(world, entry(at), receipt)
    t.ok(world.reads.length <= 3, `leaf ${at}: ${world.reads.length} reads`)
    t.ok(world.reads.length > 0, `leaf ${at} is not in memory`)
  }
  await inTime(world.clock, log.close())
})

t.test('a store that lies gets no receipt out of the door', async (t) => {
  const lies: { readonly name: string; readonly lie: Partial<LogStore> }[] = [
    { name: 'a missing tile', lie: { tile: async () => null } },
    {
      name: 'a tile of another length',
      lie: { tile: async (...at) => (await world.store.tile(...at))?.subarray(32) ?? null },
    },
    { name: 'missing leaves', lie: { leafHashes: async () => null } },
    {
      name: 'fewer leaves',
      lie: { leafHashes: async (...at) => (await world.store.leafHashes(...at))?.subarray(32) ?? null },
    },
  ]
  for (let bit = 0; bit < 256; bit += 5)
    lies.push({ name: `bit ${bit} of a sibling flipped`, lie: { leafHashes: flippedAt(bit) } })
  const { store, ratchet, signer } = world
  const { edge, published } = await loadState({ origin: ORIGIN, store, ratchet, signer })
  const leaf = { hash: leafHash(entry(0).leaf), index: leafIndex(0) }
  const proven = (of: typeof leaf, lie: Partial<LogStore> = {}) => {
    const nodes = new Nodes(edge, { ...store, ...lie })
    return outcome(prove(of, published as Published, (ids) => nodes.read(ids)))
  }
  t.equal(await proven(leaf), 'done')
  for (const { name, lie } of lies) t.equal(await proven(leaf, lie), 'STORE_CORRUPT', name)
  const other = { hash: leafHash(entry(1).leaf), index: leafIndex(0) }
  t.equal(await proven(other), 'STORE_CORRUPT', 'a leaf of another place')

  /** Leaf 1 is the first hash of leaf 0's path. */
  function flippedAt(bit: number): LogStore['leafHashes'] {
    return async (first, count) => {
      const bytes = await world.store.leafHashes(first, count)
      if (bytes === null || first !== 0) return bytes
      const copy = concat(bytes)
      const at = 32 + Math.floor(bit / 8)
      copy[at] = (copy[at] ?? 0) ^ (2 ** (bit % 8))
      return copy
    }
  }
})

t.test('a running log over a lying store answers with STORE_CORRUPT and goes on', async (t) => {
  const lying = { ...world, store: { ...world.store } }
  const { log, failures } = await start(lying)
  const zeroed = (bytes: Uint8Array | null) => bytes && concat(bytes).fill(0)
  lying.store.tile = async (...at) => zeroed(await world.store.tile(...at))
  t.equal(await inTime(world.clock, outcome(log.add(entry(0)))), 'STORE_CORRUPT')
  lying.store.tile = world.store.tile
  await check(world, entry(0), await inTime(world.clock, log.add(entry(0))))
  lying.store.leafHashes = async () => {
    throw new TlogError('STORE_UNAVAILABLE', 'no connection')
  }
  t.equal(await inTime(world.clock, outcome(log.add(entry(0)))), 'STORE_UNAVAILABLE', 'which is no lie')
  lying.store.leafHashes = async (...at) => zeroed(await world.store.leafHashes(...at))
  t.equal(await inTime(world.clock, outcome(log.add(entry(0)))), 'STORE_CORRUPT')
  const receipt = await inTime(world.clock, log.add(entry('after the lie')))
  await check(world, entry('after the lie'), receipt)
  t.same(failures, [])
  await inTime(world.clock, log.close())
})
