import t from 'tap'
import { parseBundle } from '../../src/formats/c2sp/bundle.ts'
import { treeSize } from '../../src/kernel/brand.ts'
import { equal, utf8 } from '../../src/kernel/bytes.ts'
import { tilePath, tilesOf } from '../../src/kernel/tile.ts'
import { attachmentPath } from '../../src/log/copy.ts'
import { type ExportParts, type ExportTarget, exportLog, Sweep } from '../../src/log/export.ts'
import type { LogReader } from '../../src/log/ports.ts'
import { facts, grow, type MemoryTarget, memoryTarget } from './export-support.ts'
import { createWorld, ORIGIN, type World } from './support.ts'

function run(world: World, target: ExportTarget, parts: Partial<ExportParts> = {}): Promise<number> {
  const { store, signer } = world
  const rest = async () => undefined
  return exportLog({
    origin: ORIGIN,
    reader: store,
    open: signer.open,
    facts,
    target,
    sweep: new Sweep(),
    rest,
    onProgress: () => undefined,
    ...parts,
  })
}

/** Every file that a copy of `size` must have; there may be partial tiles of smaller sizes beside them. */
function expected(size: number): Set<string> {
  const paths = ['checkpoint', 'attachments/layout']
  for (const tile of tilesOf(treeSize(size))) {
    paths.push(tilePath(tile))
    if (tile.level === 0) paths.push(tilePath({ ...tile, level: 'entries' }))
  }
  for (let i = 0; i < size; i += 3)
    for (const named of facts(utf8(`entry ${i}`)).attachments) paths.push(attachmentPath(named))
  return new Set(paths)
}

const world = createWorld()
const copies = new Map<number, MemoryTarget>()
const target = memoryTarget()
let before = 0
for (const size of [0, 1, 255, 256, 257, 600]) {
  if (size > 0) await grow(world, before, size)
  else await grow(world, 0, 0)
  await run(world, target)
  copies.set(size, memoryTarget(new Map(target.files)))
  before = size
}
const published = await world.store.published()

t.test('a copy grows with its log', async (t) => {
  for (const [size, { files }] of copies) {
    const missing = [...expected(size)].filter((path) => !files.has(path))
    t.same(missing, [], `${size}: nothing is missing`)
    for (const [path, bytes] of files) {
      const [, level, index] = /^tile\/(0|entries)\/(\d+)\.p\//.exec(path) ?? []
      if (level !== undefined && files.has(`tile/${level}/${index}`)) t.fail(`${size}: ${path} is left`)
      if (bytes.length === 0) t.fail(`${size}: ${path} is empty`)
    }
  }
  const bundle = copies.get(600)?.files.get('tile/entries/001') as Uint8Array
  t.ok(equal(parseBundle(bundle, 256)[3] as Uint8Array, utf8('entry 259')))
})

t.test('at once or in steps: the same', async (t) => {
  const fresh = memoryTarget()
  t.equal(await run(world, fresh), 600)
  t.same(new Set(fresh.files.keys()), expected(600), 'and nothing else')
  for (const [path, bytes] of fresh.files)
    if (!equal(bytes, target.files.get(path) ?? new Uint8Array())) t.fail(`${path} differs`)
})

t.test('what is there already is not written again', async (t) => {
  const changes: string[] = []
  const again = memoryTarget(new Map(target.files), (change) => void changes.push(change))
  t.equal(await run(world, again), 600)
  t.same(changes, ['flush'])
})

t.test('ended between any two changes, it is run again', async (t) => {
  const steps: string[] = []
  await run(
    world,
    memoryTarget(new Map(copies.get(255)?.files), (change) => void steps.push(change)),
  )
  t.ok(steps.length > 100)
  t.equal(steps.at(-1), 'replace checkpoint', 'the checkpoint goes last')
  const flushed = steps.indexOf('flush')
  t.ok(
    steps.slice(0, flushed).every((step) => step.startsWith('add')),
    'after all that it covers',
  )
  t.ok(
    steps.slice(flushed + 1, -1).every((step) => step.startsWith('remove')),
    'and what it makes superfluous',
  )
  const whole = expected(600)
  for (const [last, name] of steps.entries()) {
    if (name.startsWith('add attachments/sha256') && last > 3) continue // one is like the other
    const files = new Map(copies.get(255)?.files)
    let step = 0
    const ending = memoryTarget(files, () => {
      if (step++ === last) throw new Error('ended')
    })
    await t.rejects(run(world, ending), { message: 'ended' })
    await run(world, memoryTarget(files))
    const left = [...files.keys()].filter((path) => !whole.has(path))
    if (left.length > 0) t.fail(`after ${name}: ${left} are left`)
    if ([...whole].some((path) => !files.has(path))) t.fail(`after ${name}: not whole`)
  }
})

t.test('only a copy of this log and history is added to', async (t) => {
  const other = createWorld()
  await grow(other, 0, 5)
  const fork = memoryTarget()
  await run(other, fork)
  fork.files.delete('attachments/layout')
  const stranger = new Map(target.files).set('checkpoint', utf8('nothing\n'))
  await t.rejects(run(world, memoryTarget(stranger)), { code: 'COPY_REFUSED', message: /not one of log\.example/ })
  const twin = createWorld() // the same key, as if a database had been swapped
  await grow(twin, 1000, 1600)
  await t.rejects(run(twin, memoryTarget(new Map(copies.get(257)?.files))), {
    code: 'COPY_REFUSED',
    message: /at size 257 the copy has another root than the database: two histories/,
  })
  await t.rejects(run(other, memoryTarget(new Map(target.files))), {
    code: 'COPY_REFUSED',
    message: /the copy has a checkpoint of 600, the database one of 5: the database was rolled back.*colophon recover/,
  })
  const touched = new Map(copies.get(256)?.files).set('tile/0/002.p/88', new Uint8Array(32))
  await t.rejects(run(world, memoryTarget(touched)), { code: 'COPY_REFUSED', message: /other content/ })
})

t.test('a damaged database is not copied on', async (t) => {
  const flip = (bytes: Uint8Array | null, at: number) => {
    const copy = bytes?.slice() ?? new Uint8Array()
    copy[at] = (copy[at] ?? 0) ^ 1
    return copy
  }
  const damages: readonly [string, Partial<LogReader>, RegExp | string][] = [
    [
      'tile',
      {
        tile: async (l, i, w) =>
          l === 0 && i === 1 ? flip(await world.store.tile(l, i, w), 40) : world.store.tile(l, i, w),
      },
      'PROOF_INVALID',
    ],
    [
      'bundle',
      { bundle: async (i, w) => (i === 1 ? flip(await world.store.bundle(i, w), 5) : world.store.bundle(i, w)) },
      'PROOF_INVALID',
    ],
    ['no bundle', { bundle: async () => null }, 'STORE_CORRUPT'],
    [
      'note',
      { published: async () => (published === null ? null : { ...published, note: flip(published.note, 3) }) },
      'STORE_CORRUPT',
    ],
  ]
  for (const [name, damage, code] of damages) {
    const to = memoryTarget(new Map(copies.get(256)?.files))
    await t.rejects(run(world, to, { reader: { ...world.store, ...damage } }), { code }, name)
    t.ok(
      equal(to.files.get('checkpoint') as Uint8Array, copies.get(256)?.files.get('checkpoint') as Uint8Array),
      'no new checkpoint',
    )
  }
})

t.test('a log that published nothing', async (t) => {
  const empty = memoryTarget()
  t.equal(await run(createWorld(), empty), 0)
  t.equal(empty.files.size, 0)
})
