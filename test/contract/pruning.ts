/** What every store must do whose entries can leave it. */

import t, { type Test } from 'tap'
import { formatBundle, parseBundle } from '../../src/formats/c2sp/bundle.ts'
import { leafIndex, treeSize } from '../../src/kernel/brand.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { tilePath } from '../../src/kernel/tile.ts'
import type { Fence, Pruning } from '../../src/log/cluster/ports.ts'
import type { ReadResource } from '../../src/log/copy.ts'
import type { LogStore } from '../../src/log/ports.ts'
import { CopiedBundles } from '../../src/storage/copied-bundles.ts'
import { entry, Feeder, lookupKey, published } from './feeder.ts'

export interface OpenPruning {
  /** Of an empty log of the name v2. */
  readonly store: LogStore
  readonly pruning: Pruning
  readonly fence: Fence
  /** Another node takes the lease. */
  readonly passOn: () => Promise<Fence>
}

export type OpenPruned = (t: Test, copied: CopiedBundles) => Promise<OpenPruning>

/** A copy that does as it is told, and remembers what it was asked for. */
interface Copy {
  readonly files: Map<string, Uint8Array>
  readonly asked: string[]
  fails: boolean
}

const pathOf = (index: number) => tilePath({ level: 'entries', index, width: 256 })

async function scene(t: Test, open: OpenPruned) {
  const copy: Copy = { files: new Map(), asked: [], fails: false }
  const read: ReadResource = async (path) => {
    copy.asked.push(path)
    if (copy.fails) throw new TlogError('COPY_REFUSED', 'it is away')
    return copy.files.get(path)?.slice() ?? null
  }
  const copyOf = (slug: string) => (slug === 'v2' ? read : null)
  const opened = await open(t, new CopiedBundles({ copyOf, clock: { after: () => () => undefined } }))
  const feeder = await Feeder.after(opened.store)
  const grow = async (count: number, isPublished = true) => {
    const { head } = feeder
    await opened.store.append(head, feeder.plain(count))
    if (isPublished) await opened.store.publish(published(feeder.head))
    for (let index = 0; (index + 1) * 256 <= feeder.head.size; index++)
      copy.files.set(pathOf(index), formatBundle(feeder.leaves.slice(index * 256, index * 256 + 256)))
  }
  return { ...opened, copy, feeder, grow }
}

const size = treeSize

export function pruningContract(name: string, open: OpenPruned): void {
  t.test(`${name}: what may go`, async (t) => {
    const { store, pruning, fence, passOn, feeder, grow } = await scene(t, open)
    t.equal(await pruning.pruned(), 0)
    await t.rejects(pruning.prune(fence, size(0), size(256)), { code: 'RANGE_INVALID' }, 'nothing is published')
    await grow(1024)
    await grow(512, false)
    for (const [from, to, code] of [
      [0, 0, 'RANGE_INVALID'],
      [0, 255, 'RANGE_INVALID'],
      [0, 257, 'RANGE_INVALID'],
      [0, 1280, 'RANGE_INVALID'],
      [256, 512, 'HEAD_MOVED'],
      [1, 256, 'HEAD_MOVED'],
    ] as const)
      await t.rejects(pruning.prune(fence, size(from), size(to)), { code }, `${from} to ${to}`)
    t.equal(await pruning.pruned(), 0)
    t.same((await store.entry(leafIndex(0))) ?? null, feeder.leaves[0])
    await pruning.prune(fence, size(0), size(256))
    await pruning.prune(fence, size(256), size(768))
    t.equal(await pruning.pruned(), 768)
    await t.rejects(pruning.prune(fence, size(0), size(1024)), { code: 'HEAD_MOVED' }, 'it was further')
    const next = await passOn()
    for (const stale of [fence, fence + 9n])
      await t.rejects(pruning.prune(stale, size(768), size(1024)), { code: 'LEASE_LOST' }, 'another node leads')
    t.equal(await pruning.pruned(), 768)
    await pruning.prune(next, size(768), size(1024))
    t.equal(await pruning.pruned(), 1024)
  })

  t.test(`${name}: what is gone is read elsewhere, and compared`, async (t) => {
    const { store, pruning, fence, copy, feeder, grow } = await scene(t, open)
    await grow(1000)
    const all = async (of: readonly number[], why: string) => {
      for (const index of of) {
        t.same(await store.entry(leafIndex(index)), feeder.leaves[index], `${why}: entry ${index}`)
        const [bundle, width] = [Math.floor(index / 256), (index % 256) + 1]
        const bytes = await store.bundle(bundle, width)
        const wanted = feeder.leaves.slice(bundle * 256, bundle * 256 + width)
        t.same(bytes && parseBundle(bytes, width), wanted, `${why}: bundle ${bundle}.p/${width}`)
      }
    }
    copy.fails = true
    await all([0, 255, 256, 700, 999], 'before')
    await pruning.prune(fence, size(0), size(512))
    await all([512, 767, 999], 'hot, while the copy is away')
    t.same(copy.asked, [], 'nobody asked it for them')
    for (const gone of [() => store.entry(leafIndex(0)), () => store.bundle(1, 256), () => store.bundle(1, 1)])
      await t.rejects(gone(), { code: 'STORE_UNAVAILABLE', message: /has left the database: it is away/ })
    copy.fails = false
    await all([0, 1, 255, 256, 511], 'gone')
    t.same(copy.asked.slice(-2), [pathOf(0), pathOf(1)], 'one question for each bundle')
    t.equal(await store.bundle(3, 256), null, 'what never was is nowhere')
    t.equal(await store.entry(leafIndex(1000)), null)
    t.same(await store.find([...feeder.hashes].slice(0, 1)), [{ index: 0, time: 1000 }])
    t.same(await store.tile(0, 0, 256), feeder.tile(0, 0, 256))
    t.same(await store.leafHashes(leafIndex(0), 9), feeder.tile(0, 0, 9))
    t.same(await store.lookup(lookupKey('none').key, null, 9), [])
    await grow(300)
    await all([0, 999, 1299], 'it grows on')
    const { head } = feeder
    const repeat = feeder.batch([entry('entry 0')])
    await t.rejects(store.append(head, repeat), { code: 'ENTRY_EXISTS' }, 'what is gone is not taken again')
  })

  t.test(`${name}: another bundle, or none, is never answered`, async (t) => {
    const { store, pruning, fence, copy, feeder, grow } = await scene(t, open)
    await grow(1536)
    await pruning.prune(fence, size(0), size(1536))
    const changed = formatBundle(feeder.leaves.slice(0, 256)).slice()
    changed[400] = (changed[400] ?? 0) ^ 1
    const swapped = [...feeder.leaves.slice(512, 768)]
    ;[swapped[3], swapped[4]] = [swapped[4] as Uint8Array, swapped[3] as Uint8Array]
    copy.files.set(pathOf(0), changed)
    copy.files.set(pathOf(1), formatBundle(feeder.leaves.slice(0, 256)))
    copy.files.set(pathOf(2), formatBundle(swapped))
    copy.files.set(pathOf(3), formatBundle(feeder.leaves.slice(768, 1023)))
    copy.files.set(pathOf(4), new Uint8Array())
    copy.files.delete(pathOf(5))
    for (const index of [0, 1, 2, 3, 4, 5])
      for (const [what, ask] of Object.entries({
        bundle: () => store.bundle(index, 256),
        'a part of it': () => store.bundle(index, 1),
        entry: () => store.entry(leafIndex(index * 256 + 9)),
      }))
        await t.rejects(ask(), { code: 'STORE_CORRUPT', message: /^v2: tile\/entries\/00\d / }, `${what}, ${index}`)
    copy.files.set(pathOf(0), formatBundle(feeder.leaves.slice(0, 256)))
    t.same(await store.entry(leafIndex(0)), feeder.leaves[0], 'it is there again')
  })
}
