/** A log whose entries can go, with a copy in memory, and a hand between every two steps of a round. */

import type { Test } from 'tap'
import { formatBundle } from '../../../src/formats/c2sp/bundle.ts'
import { leafIndex, treeSize } from '../../../src/kernel/brand.ts'
import { equal } from '../../../src/kernel/bytes.ts'
import type { TlogError } from '../../../src/kernel/error.ts'
import { tilePath } from '../../../src/kernel/tile.ts'
import type { Fence, Pruning } from '../../../src/log/cluster/ports.ts'
import { type PruneParts, prune } from '../../../src/log/cluster/prune.ts'
import { exportLog, Sweep } from '../../../src/log/export.ts'
import type { LogStore } from '../../../src/log/ports.ts'
import { CopiedBundles } from '../../../src/storage/copied-bundles.ts'
import { type MemoryLease, memoryLease, memoryPruning } from '../../../src/storage/memory-cluster.ts'
import { entry, Feeder } from '../../contract/feeder.ts'
import { memoryTarget, readFiles } from '../export-support.ts'
import { createWorld, ManualClock, ORIGIN, type World } from '../support.ts'

export const pathOf = (index: number) => tilePath({ level: 'entries', index, width: 256 })

interface Round {
  readonly keep: number
  /** After so many calls of anything outside it ends, as though the node had died. */
  readonly steps?: number
  readonly reader?: PruneParts['reader']
}

const DIED = new Error('the node died')

export class PruneScene {
  readonly #world: World = createWorld()
  readonly #lease: MemoryLease = memoryLease(new ManualClock(), 1000)
  readonly #target = memoryTarget()
  readonly #name: string
  readonly #copied: CopiedBundles
  #feeder: Feeder | null = null
  #store: LogStore
  #pruning: Pruning
  #fence: Fence = 0n
  #leads = 0
  /** The most that a copy ever covered: what went is less. */
  #inCopy = 0

  private constructor(name: string) {
    this.#name = name
    const read = readFiles(this.files)
    this.#copied = new CopiedBundles({ copyOf: () => read, clock: new ManualClock() })
    const { store, pruning } = memoryPruning(this.#world.store, 'v2', this.#lease, this.#copied)
    this.#store = store
    this.#pruning = pruning
  }

  static async open(name = 'entry'): Promise<PruneScene> {
    const scene = new PruneScene(name)
    scene.#feeder = await Feeder.after(scene.#store)
    await scene.lead()
    return scene
  }

  get files(): Map<string, Uint8Array> {
    return this.#target.files
  }

  get store(): LogStore {
    return this.#store
  }

  get pruning(): Pruning {
    return this.#pruning
  }

  get size(): number {
    return this.#fed.head.size
  }

  get #fed(): Feeder {
    if (this.#feeder === null) throw new Error('not open')
    return this.#feeder
  }

  async grow(size: number): Promise<void> {
    const { head, leaves } = this.#fed
    const more = Array.from({ length: size - head.size }, (_, i) => entry(`${this.#name} ${leaves.length + i}`))
    if (more.length > 0) await this.#store.append(head, this.#fed.batch(more))
  }

  async publish(): Promise<void> {
    const { size, root, time } = this.#fed.head
    const note = await this.#world.signer.sign({ origin: ORIGIN, size, root, extensions: [] }, 1)
    await this.#store.publish({ size, root, time, note })
  }

  async copy(): Promise<void> {
    const size = await exportLog({
      origin: ORIGIN,
      reader: this.#store,
      open: this.#world.signer.open,
      facts: () => ({ keys: [], attachments: [] }),
      target: this.#target,
      sweep: new Sweep(),
      rest: async () => undefined,
      onProgress: () => undefined,
    })
    this.#inCopy = Math.max(this.#inCopy, size)
  }

  /** Another node takes the lease. */
  async lead(): Promise<void> {
    await this.#lease.node(`${this.#leads}`).release(this.#fence)
    this.#fence = (await this.#lease.node(`${++this.#leads}`).claim()) ?? 0n
  }

  /** A round of the node that leads. */
  async prune({ keep, steps = Number.POSITIVE_INFINITY, reader = this.#store }: Round): Promise<number> {
    let taken = 0
    const step = async () => {
      if (taken++ >= steps) throw DIED
    }
    return await prune(this.#parts(keep, reader, step))
  }

  /** A round that stands still after so many steps until another node leads. Returns what stopped it. */
  async paused(keep: number, after: number): Promise<string> {
    let taken = 0
    const before = await this.#pruning.pruned()
    let there = before
    const step = async () => {
      if (taken++ !== after) return
      there = await this.#pruning.pruned()
      await this.lead()
    }
    const stopped = await prune(this.#parts(keep, this.#store, step)).then(
      () => '',
      (error: TlogError) => error.code,
    )
    if (taken > after && (await this.#pruning.pruned()) > there) throw new Error('it pruned without the lease')
    return stopped
  }

  /** Of a round whose steps nobody counts. */
  parts(keep: number): PruneParts {
    return this.#parts(keep, this.#store, async () => undefined)
  }

  #parts(keep: number, reader: PruneParts['reader'], step: () => Promise<void>): PruneParts {
    const stepping =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        await step()
        const result = await call(...args)
        await step() // done, and nobody heard of it
        return result
      }
    return {
      origin: ORIGIN,
      open: this.#world.signer.open,
      reader: {
        published: stepping(reader.published),
        tile: stepping(reader.tile),
        bundle: stepping(reader.bundle),
      },
      pruning: { pruned: stepping(this.#pruning.pruned), prune: stepping(this.#pruning.prune) },
      fence: this.#fence,
      copy: stepping(readFiles(this.files)),
      keep,
      rest: async () => undefined,
    }
  }

  /** While it lasts the copy has another bundle. */
  async spoiled(index: number, work: () => Promise<unknown>): Promise<void> {
    const path = pathOf(index)
    const whole = this.files.get(path)
    if (whole === undefined) return
    const before = await this.#pruning.pruned()
    this.files.set(path, formatBundle(Array.from({ length: 256 }, () => new Uint8Array(3))))
    await work()
    this.files.set(path, whole)
    const after = await this.#pruning.pruned()
    if (after > before && before <= index * 256 && after > index * 256) throw new Error(`bundle ${index} went`)
  }

  async checkGone({ before, keep, kind }: { before: number; keep: number; kind: string }): Promise<void> {
    const gone = await this.#pruning.pruned()
    if (gone < before) throw new Error(`what went came back: ${before}, ${gone}`)
    if (gone > before && !['prune', 'pause', 'spoil'].includes(kind)) throw new Error(`${kind} prunes`)
    if (gone > before && gone > this.#inCopy - keep) throw new Error(`${gone} of ${this.#inCopy} went, ${keep} stay`)
  }

  /** A few of them, at all edges. */
  async checkSome(): Promise<void> {
    const gone = await this.#pruning.pruned()
    const { leaves } = this.#fed
    for (const index of [0, gone - 1, gone, leaves.length - 1, Math.floor(leaves.length / 2)]) {
      const wanted = leaves[index]
      if (index < 0 || wanted === undefined) continue
      const found = await this.#store.entry(leafIndex(index))
      if (found === null || !equal(found, wanted)) throw new Error(`entry ${index} is lost`)
    }
  }

  async checkAll(t: Test): Promise<void> {
    const { leaves } = this.#fed
    for (let index = 0; index * 256 < leaves.length; index++) {
      const wanted = leaves.slice(index * 256, index * 256 + 256)
      const found = await this.#store.bundle(index, wanted.length)
      if (found === null || !equal(found, formatBundle(wanted))) t.fail(`bundle ${index}`)
    }
    t.equal(await this.#store.bundle(Math.floor(leaves.length / 256), (leaves.length % 256) + 1), null)
    t.equal(treeSize(leaves.length), this.size)
  }
}
