import t from 'tap'
import { treeSize } from '../../src/kernel/brand.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { createWorld, entry, gate, inTime, start } from './support.ts'

const hashOf = (name: string) => leafHash(entry(name).leaf)

t.test('an entry is found once it is published, with its index and time', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  const first = await inTime(world.clock, log.add(entry('a')))
  const held = gate()
  world.hooks.beforePublish = () => held.passed
  const adding = log.add(entry('b'))
  await world.clock.advance(100)
  t.match(log.status(), { durable: 2, published: 1 })
  t.same(await log.find(hashOf('a')), { index: 0, time: first.time })
  t.equal(await log.find(hashOf('b')), null, 'durable, not yet published')
  t.equal(await log.find(hashOf('c')), null, 'not stored')
  held.open()
  const second = await inTime(world.clock, adding)
  t.same(await log.find(hashOf('b')), { index: 1, time: second.time })
  t.same(structuredClone(await log.find(hashOf('b'))), { index: 1, time: second.time })
})

t.test('the history is that of kept checkpoints, and ends with the published one', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  for (let i = 0; i < 5; i++) {
    await inTime(world.clock, log.add(entry(i)))
    await world.clock.advance(60_000)
  }
  const all = await log.history(null, 10)
  t.same(
    all.map(({ size }) => size),
    [0, 2, 3, 4, 5],
    'the first entry came within a minute of the log',
  )
  t.same(await log.history(treeSize(2), 2), all.slice(2, 4))
  t.same(await log.history(treeSize(5), 2), [])
  const held = gate()
  world.hooks.afterPublish = () => held.passed
  const adding = log.add(entry(5))
  await world.clock.advance(100)
  t.equal((await world.store.published())?.size, 6)
  t.same(await log.history(null, 10), all, 'one that is stored, and not yet told of')
  held.open()
  await inTime(world.clock, adding)
  t.equal((await log.history(null, 10)).at(-1)?.size, 6)
})
