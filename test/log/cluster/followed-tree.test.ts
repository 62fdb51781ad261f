import t from 'tap'
import { treeSize } from '../../../src/kernel/brand.ts'
import { TlogError } from '../../../src/kernel/error.ts'
import { FollowedTree } from '../../../src/log/cluster/followed-tree.ts'
import type { LogReader, Published } from '../../../src/log/ports.ts'
import { createWorld, entries, inTime, ORIGIN, start, type World } from '../support.ts'

async function grow(world: World, log: Awaited<ReturnType<typeof start>>['log'], from: number, count: number) {
  await inTime(world.clock, Promise.all(entries(count, from).map((each) => log.add(each))))
}

function follow(world: World, reads: Partial<LogReader> = {}): Promise<FollowedTree> {
  return FollowedTree.load({ origin: ORIGIN, reader: { ...world.store, ...reads }, open: world.signer.open })
}

t.test('a tree is followed through sizes that end within tiles and at their ends', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  const early = await follow(world)
  t.equal(early.published?.size, 0)
  let size = 0
  for (const count of [1, 254, 1, 1, 600, 256, 1500]) {
    await grow(world, log, size, count)
    size += count
    t.equal(await early.advance(), true)
    t.equal(early.published?.size, size)
    t.equal(await early.advance(), false)
    const late = await follow(world)
    for (const [level, index, width] of [
      [0, Math.floor((size - 1) / 256), ((size - 1) % 256) + 1],
      [1, 0, Math.floor(size / 256)],
    ] as const) {
      if (width === 0) continue
      const expected = await log.tile(level, index, width)
      t.same(await early.reads.tile(level, index, width), expected, `${size}: tile ${level}/${index}.p/${width}`)
      t.same(await late.reads.tile(level, index, width), expected)
    }
  }
})

t.test('a checkpoint that is signed anew at the same size is taken over', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  await grow(world, log, 0, 3)
  const tree = await follow(world)
  const held = tree.published as Published
  const renewed = {
    ...held,
    note: new Uint8Array([...held.note, ...new TextEncoder().encode('\u2014 other AAAAAAAA\n')]),
  }
  await world.store.publish(renewed)
  t.equal(await tree.advance(), true)
  t.same(tree.published, renewed)
})

t.test('what cannot be is refused', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  await grow(world, log, 0, 300)
  const newest = (await world.store.published()) as Published
  const sign = async (size: number, root = newest.root): Promise<Published> => {
    const head = { size: treeSize(size), root }
    return { ...head, time: newest.time, note: await world.signer.sign({ origin: ORIGIN, ...head, extensions: [] }, 1) }
  }
  const other = newest.root.slice().fill(1) as Published['root']
  const cases: Record<string, [string, Partial<LogReader>]> = {
    'a smaller tree': ['RATCHET_REFUSED', { published: async () => await sign(299) }],
    'another tree of the same size': ['RATCHET_REFUSED', { published: async () => await sign(300, other) }],
    'no checkpoint any more': ['RATCHET_REFUSED', { published: async () => null }],
    'a root that the leaves do not have': ['STORE_CORRUPT', { published: async () => await sign(301, other) }],
    'a checkpoint of somebody else': [
      'STORE_CORRUPT',
      { published: async () => ({ ...(await sign(302)), note: new TextEncoder().encode('note') }) },
    ],
    'leaves that are missing': ['TILE_MALFORMED', { published: async () => await sign(303), tile: async () => null }],
    'a store that cannot be reached': [
      'STORE_UNAVAILABLE',
      {
        published: async () => {
          throw new TlogError('STORE_UNAVAILABLE', 'no connection')
        },
      },
    ],
  }
  for (const [what, [code, reads]] of Object.entries(cases)) {
    let isOdd = false
    const reader = { ...world.store }
    const tree = await FollowedTree.load({
      origin: ORIGIN,
      reader: new Proxy(reader, {
        get: (target, name: keyof LogReader) => (isOdd ? (reads[name] ?? target[name]) : target[name]),
      }),
      open: world.signer.open,
    })
    const before = tree.published?.size
    isOdd = true
    if (what === 'a root that the leaves do not have') await grow(world, log, 300, 1)
    await t.rejects(tree.advance(), { code }, what)
    t.equal(tree.published?.size, before, `${what}: what was followed before stays`)
  }
  await t.rejects(follow(world, { published: async () => await sign(301, other) }), { code: 'STORE_CORRUPT' })
})
