import t from 'tap'
import { parseCheckpoint } from '../../../src/formats/c2sp/checkpoint.ts'
import { treeSize } from '../../../src/kernel/brand.ts'
import { equal, utf8 } from '../../../src/kernel/bytes.ts'
import { tilePath, tilesOf } from '../../../src/kernel/tile.ts'
import { readBucket } from '../../../src/storage/s3/export-bucket.ts'
import { copyOf, exportTargetContract } from '../../contract/export-target.ts'
import { grow, memoryTarget } from '../../log/export-support.ts'
import { createWorld } from '../../log/support.ts'
import type { Fault } from './store.ts'
import { fakePlace } from './support.ts'

for (const conditions of ['kept', 'ignored', 'refused'] as const)
  exportTargetContract(`a store, conditions ${conditions}`, async (t) => {
    const place = await fakePlace(t)
    place.store.conditions = conditions
    return place
  })

t.test('whether conditions are kept is looked at once, and said', async (t) => {
  const { store, open, said } = await fakePlace(t)
  await open()
  t.same(store.asked, ['PUT logs/v2/.work/probe', 'PUT logs/v2/.work/probe', 'PUT logs/v2/.work/probe'])
  await open()
  t.equal(store.asked.length, 5, 'the probe stays')
  t.same(said, [])
  store.conditions = 'ignored'
  await open()
  store.conditions = 'refused'
  await open()
  t.equal(said.length, 2)
  t.match(said, [/s3:\/\/tlog\/logs\/v2 keeps no conditions .* nobody else writes there/, /keeps no conditions/])
  store.fault = () => ({ status: 403, code: 'AccessDenied' })
  await t.rejects(open(), { code: 'COPY_REFUSED', message: 's3://tlog/logs/v2/.work/probe: answered 403 AccessDenied' })
})

t.test('each object says what it is and how long it may be kept', async (t) => {
  const { store, open } = await fakePlace(t)
  const target = await open()
  const immutable = 'public, max-age=31536000, immutable'
  const cases: readonly (readonly [string, string, string])[] = [
    ['tile/0/000', 'application/octet-stream', immutable],
    ['tile/0/001.p/3', 'application/octet-stream', immutable],
    ['tile/entries/000', 'application/octet-stream', immutable],
    ['attachments/layout', 'text/plain; charset=utf-8', 'no-cache'],
    ['attachments/sha256/ab/cd/abcd', 'application/octet-stream', 'no-cache'],
  ]
  for (const [path] of cases) await target.add(path, utf8(path))
  await target.flush()
  await target.replace('checkpoint', utf8('one'))
  for (const [path, type, cache] of [...cases, ['checkpoint', 'text/plain; charset=utf-8', 'no-cache'] as const])
    t.match(store.objects.get(`logs/v2/${path}`), { type, cache }, path)
})

t.test('a writer that was paused brings no old checkpoint back', async (t) => {
  const { open, contents } = await fakePlace(t)
  const [paused, other] = [await open(), await open()]
  t.equal(await paused.read('checkpoint', 9), null)
  t.equal(await other.read('checkpoint', 9), null)
  await other.replace('checkpoint', utf8('newer'))
  await t.rejects(paused.replace('checkpoint', utf8('older')), {
    code: 'COPY_REFUSED',
    message: 's3://tlog/logs/v2/checkpoint was replaced by another writer meanwhile: it is left as it is',
  })
  await paused.read('checkpoint', 9)
  await other.read('checkpoint', 9)
  await other.replace('checkpoint', utf8('newest'))
  await t.rejects(paused.replace('checkpoint', utf8('older')), { code: 'COPY_REFUSED' })
  await t.rejects(other.replace('checkpoint', utf8('again')), { code: 'COPY_REFUSED' }, 'nor one that did not look')
  await other.read('checkpoint', 9)
  await other.read('elsewhere', 9)
  await t.rejects(other.replace('checkpoint', utf8('again')), { code: 'COPY_REFUSED' })
  await other.replace('checkpoint', utf8('newest'))
  t.same((await contents()).get('checkpoint'), utf8('newest'), 'the same is fine')
})

t.test('of a first copy no partial version is looked for', async (t) => {
  const { store, open } = await fakePlace(t)
  const world = createWorld()
  const lists = () => store.asked.filter((asked) => asked.includes('?')).length
  await grow(world, 0, 300)
  await copyOf(world, await open())
  t.equal(lists(), 1, 'but whether there is anything')
  store.objects.delete('logs/v2/checkpoint') // as if it had been cut off
  await copyOf(world, await open())
  t.equal(lists(), 4)
})

t.test('a copy is read without being opened', async (t) => {
  const { store, open, parts } = await fakePlace(t)
  const target = await open()
  await target.replace('checkpoint', utf8('one'))
  store.asked.length = 0
  const read = readBucket(parts)
  t.same(await read('checkpoint', 3), utf8('one'))
  t.equal(await read('nothing', 3), null)
  await t.rejects(read('checkpoint', 2), { code: 'COPY_REFUSED', message: /above 2 bytes/ })
  t.same(store.asked, ['GET logs/v2/checkpoint', 'GET logs/v2/nothing', 'GET logs/v2/checkpoint'])
})

t.test('what fails in the background is heard of', async (t) => {
  const { store, open } = await fakePlace(t)
  const target = await open()
  store.fault = (asked) => (asked.startsWith('GET') ? { status: 403, code: 'AccessDenied' } : null)
  await target.removePartials('tile/0/000')
  await t.rejects(target.replace('checkpoint', utf8('one')), { code: 'COPY_REFUSED', message: /answered 403/ })
  await target.removePartials('tile/0/000')
  await target.close()
})

/** Chance that can be had again. */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

t.test('whatever the store does, what its checkpoint covers is there, and in the end all is', async (t) => {
  const world = createWorld()
  const expected = memoryTarget()
  const { store, open, contents, clock } = await fakePlace(t)
  const chance = chances(4711)
  const faults: readonly Fault[] = [
    { status: 500 },
    { status: 503, code: 'SlowDown' },
    { status: 500, lands: true },
    { status: 409, code: 'ConditionalRequestConflict' },
    { kind: 'cut' },
    { kind: 'cut', lands: true },
    { kind: 'silent', lands: true },
  ]
  let failures = 0
  store.fault = () => {
    const size = sizeOf(store.objects.get('logs/v2/checkpoint')?.bytes)
    for (const tile of tilesOf(treeSize(size))) {
      const [part, full] = [tilePath(tile), tilePath({ ...tile, width: 256 })]
      if (!store.objects.has(`logs/v2/${part}`) && !store.objects.has(`logs/v2/${full}`))
        t.fail(`a checkpoint of ${size} without ${part}`)
    }
    if (chance() < 0.002) return { status: 403, code: 'AccessDenied' }
    const fault = chance() < 0.08 ? (faults[Math.floor(chance() * faults.length)] ?? null) : null
    // Of all that are under way, whoever was silent and whoever was not.
    if (fault !== null && 'kind' in fault && fault.kind === 'silent') setImmediate(() => clock.endPatience())
    return fault
  }
  let before = 0
  for (const size of [3, 256, 300]) {
    await grow(world, before, size)
    before = size
    await copyOf(world, { ...expected, close: async () => undefined })
    for (let done = false; !done; )
      try {
        const target = await open()
        done = (await copyOf(world, target)) === size
        await target.close()
      } catch (error) {
        t.match(error, { code: 'COPY_REFUSED' })
        failures++
      }
  }
  t.ok(failures > 0, `${failures} exports failed`)
  store.fault = () => null
  const found = await contents()
  for (const [path, bytes] of expected.files)
    if (!equal(found.get(path) ?? new Uint8Array(), bytes)) t.fail(`${path} differs`)
})

function sizeOf(note: Buffer | undefined): number {
  if (note === undefined) return 0
  return parseCheckpoint(note.subarray(0, note.indexOf('\n\n') + 1)).size
}
