/** Entries leave a store: what may go, and that nothing is lost whenever a node dies, is paused, or finds another bundle. */

import fc from 'fast-check'
import t from 'tap'
import { PruneScene, pathOf } from './prune-support.ts'

t.setTimeout(120_000)

t.test('the newest entries stay, in whole bundles', async (t) => {
  const scene = await PruneScene.open()
  for (const [size, copied, gone] of [
    [0, 0, 0],
    [700, 0, 0],
    [700, 700, 0],
    [1400, 700, 0],
    [1400, 1400, 256],
    [1536, 1536, 512],
    [5000, 5000, 3840],
  ] as const) {
    await scene.grow(size)
    await scene.publish()
    if (copied === size) await scene.copy()
    t.equal(await scene.prune({ keep: 1000 }), gone, `${size}, ${copied} in the copy`)
  }
  await scene.checkAll(t)
  t.equal(await scene.prune({ keep: 10_000 }), 3840, 'nothing comes back')
})

t.test('nothing goes that the copy lacks, changes, or has of another log', async (t) => {
  const scene = await PruneScene.open()
  await scene.grow(1300)
  await scene.publish()
  await scene.copy()
  const { files } = scene
  const whole = new Map(files)
  const cases: Record<string, readonly [() => void, { code: string; message?: RegExp }]> = {
    'a bundle is missing': [
      () => files.delete(pathOf(1)),
      { code: 'COPY_REFUSED', message: /lacks tile\/entries\/001/ },
    ],
    'a bundle is another': [
      () => files.set(pathOf(2), files.get(pathOf(1)) ?? new Uint8Array()),
      { code: 'COPY_REFUSED', message: /has another tile\/entries\/002/ },
    ],
    'a bit': [
      () => {
        const bytes = (files.get(pathOf(3)) ?? new Uint8Array()).slice()
        bytes[9] = (bytes[9] ?? 0) ^ 1
        files.set(pathOf(3), bytes)
      },
      { code: 'COPY_REFUSED' },
    ],
    'no checkpoint of ours': [
      () => files.set('checkpoint', new TextEncoder().encode('log.example\n1\nAAAA\n')),
      { code: 'COPY_REFUSED' },
    ],
  }
  for (const [what, [change, error]] of Object.entries(cases)) {
    change()
    await t.rejects(scene.prune({ keep: 0 }), error, what)
    t.equal(await scene.pruning.pruned(), 0, what)
    for (const [path, bytes] of whole) files.set(path, bytes)
  }
  files.delete('checkpoint')
  t.equal(await scene.prune({ keep: 0 }), 0, 'no checkpoint')
  for (const [path, bytes] of whole) files.set(path, bytes)
  const other = await PruneScene.open('another')
  await other.grow(1300)
  await other.publish()
  await other.copy()
  for (const [path, bytes] of other.files) files.set(path, bytes)
  await t.rejects(scene.prune({ keep: 0 }), { code: 'COPY_REFUSED', message: /1300 is not of the published tree/ })
  for (const [path, bytes] of whole) files.set(path, bytes)
  t.equal(await scene.prune({ keep: 0 }), 1280)
  await scene.checkAll(t)
})

t.test('what the store itself has wrong does not go', async (t) => {
  const scene = await PruneScene.open()
  await scene.grow(600)
  await scene.publish()
  await scene.copy()
  const { store } = scene
  const bytes = (await store.bundle(1, 256))?.slice() ?? new Uint8Array()
  bytes[5] = (bytes[5] ?? 0) ^ 1
  scene.files.set(pathOf(1), bytes) // both say the same, and neither is what was signed
  const bundle = async (index: number, width: number) => (index === 1 ? bytes : await store.bundle(index, width))
  await t.rejects(scene.prune({ keep: 0, reader: { ...store, bundle } }), {
    code: 'PROOF_INVALID',
    message: /^leaf 256/,
  })
  const absent = { ...store, bundle: async () => null }
  await t.rejects(scene.prune({ keep: 0, reader: absent }), { code: 'STORE_CORRUPT' })
  const tile = async (level: number, index: number, width: number) => {
    const found = await store.tile(level, index, width)
    return level === 0 && index === 0 ? (found?.fill(7, 0, 32) ?? null) : found
  }
  await t.rejects(scene.prune({ keep: 0, reader: { ...store, tile } }), { code: 'PROOF_INVALID' })
  t.equal(await scene.pruning.pruned(), 0)
})

type Move =
  | { readonly kind: 'grow'; readonly count: number }
  | { readonly kind: 'publish' }
  | { readonly kind: 'copy' }
  | { readonly kind: 'lead' }
  /** Ends between the steps of a round, of which there are some. */
  | { readonly kind: 'prune'; readonly steps: number }
  /** A round that stands still after so many steps, while another node takes the lease, and then goes on. */
  | { readonly kind: 'pause'; readonly steps: number }
  | { readonly kind: 'spoil'; readonly index: number }

const steps = fc.oneof(fc.nat(90), fc.constant(1000))
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('grow' as const), count: fc.integer({ min: 1, max: 900 }) }) },
  { weight: 3, arbitrary: fc.constantFrom<Move>({ kind: 'publish' }, { kind: 'copy' }, { kind: 'lead' }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('prune' as const), steps }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pause' as const), steps }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('spoil' as const), index: fc.nat(8) }) },
)

async function make(scene: PruneScene, each: Move, keep: number): Promise<unknown> {
  if (each.kind === 'grow') return await scene.grow(scene.size + each.count)
  if (each.kind === 'publish') return await scene.publish()
  if (each.kind === 'copy') return await scene.copy()
  if (each.kind === 'lead') return await scene.lead()
  if (each.kind === 'spoil') return await scene.spoiled(each.index, () => scene.prune({ keep }).catch(() => 0))
  if (each.kind === 'prune') return await scene.prune({ keep, steps: each.steps }).catch(() => 0)
  return await scene.paused(keep, each.steps)
}

t.test('whatever happens in whatever order, every entry is found, and only what the copy has went', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 4, maxLength: 20 }), fc.nat(900), async (moves, keep) => {
      const scene = await PruneScene.open()
      for (const each of moves) {
        const before = await scene.pruning.pruned()
        await make(scene, each, keep)
        await scene.checkGone({ before, keep, kind: each.kind })
        await scene.checkSome()
      }
    }),
    { numRuns: 50 },
  )
})

t.test('one that was paused with a bundle compared cannot prune once another leads', async (t) => {
  const scene = await PruneScene.open()
  await scene.grow(2000)
  await scene.publish()
  await scene.copy()
  const failures = new Set<string>()
  for (let after = 0; after < 30; after++) failures.add(await scene.paused(0, after))
  t.same([...failures], ['LEASE_LOST'])
  await scene.checkAll(t)
  t.equal(await scene.pruning.pruned(), 0, 'not one of them did')
  t.equal(await scene.prune({ keep: 0 }), 1792)
})
