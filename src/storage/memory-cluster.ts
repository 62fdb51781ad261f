/** What nodes share, in one process. For tests; nothing of it outlives the process. */

import { formatBundle } from '../formats/c2sp/bundle.ts'
import { type LeafIndex, leafIndex, treeSize } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import type { Fence, Intake, Lease, Pruning, Ticket, Waiting } from '../log/cluster/ports.ts'
import type { Clock, LogStore } from '../log/ports.ts'
import type { CopiedBundles } from './copied-bundles.ts'
import { checkTile } from './tiles.ts'

/** The lease of one log. `fence` is what writers are held to. */
export interface MemoryLease {
  /** As one node sees it. */
  node(name: string): Lease
  readonly fence: Fence
}

export function memoryLease(clock: Pick<Clock, 'now'>, timeMs: number): MemoryLease {
  let held: { readonly by: string; until: number } | null = null
  let fence = 0n
  const isOver = () => held === null || held.until <= clock.now()
  return {
    get fence() {
      return fence
    },
    node: (by) => ({
      claim: async () => {
        if (held?.by !== by) {
          if (!isOver()) return null
          fence += 1n
        }
        held = { by, until: clock.now() + timeMs }
        return fence
      },
      release: async (ours) => {
        if (held?.by === by && ours === fence) held = null
      },
      holder: async () => (isOver() ? null : (held?.by ?? null)),
    }),
  }
}

/** Writes only while `fence` is the lease's. */
export function fenced(store: LogStore, lease: Pick<MemoryLease, 'fence'>, fence: Fence): LogStore {
  const check = () => checkFence(lease, fence)
  return {
    ...store,
    append: async (...batch) => {
      check()
      await store.append(...batch)
    },
    attach: async (supplements) => {
      check()
      await store.attach(supplements)
    },
    index: async (rows) => {
      check()
      await store.index(rows)
    },
    publish: async (published) => {
      check()
      await store.publish(published)
    },
  }
}

function checkFence(lease: Pick<MemoryLease, 'fence'>, fence: Fence): void {
  if (lease.fence !== fence) throw new TlogError('LEASE_LOST', `fence ${fence}: the lease is at ${lease.fence}`)
}

/** The store of a log of that name, from which entries may go. */
export function memoryPruning(
  whole: LogStore,
  slug: string,
  lease: Pick<MemoryLease, 'fence'>,
  copied: CopiedBundles,
): { readonly store: LogStore; readonly pruning: Pruning } {
  let mark = treeSize(0)
  const leafHashes = async (first: number, count: number) =>
    (await whole.leafHashes(leafIndex(first), count)) ?? new Uint8Array()
  const read = async (first: number, count: number) => await copied.read({ slug, leafHashes }, first, count)
  const bundle = async (index: number, width: number) => {
    checkTile(0, index, width)
    return index * 256 < mark ? formatBundle(await read(index * 256, width)) : await whole.bundle(index, width)
  }
  const entry = async (index: LeafIndex) =>
    index < mark ? ((await read(index, 1))[0] ?? null) : await whole.entry(index)
  const prune: Pruning['prune'] = async (fence, from, to) => {
    checkFence(lease, fence)
    if (from !== mark) throw new TlogError('HEAD_MOVED', `entries before ${mark} are pruned, not before ${from}`)
    if (to <= from || to % 256 !== 0 || to > ((await whole.published())?.size ?? 0))
      throw new TlogError('RANGE_INVALID', `entries ${from} to ${to} are no bundles of the published tree`)
    mark = to
  }
  return { store: { ...whole, bundle, entry }, pruning: { pruned: async () => mark, prune } }
}

/** @param most entries that wait */
export function memoryIntake(most: number): Intake {
  const rows = new Map<Ticket, Waiting>()
  let last = 0n
  return {
    offer: async (entries) => {
      if (rows.size + entries.length > most) throw new TlogError('LOG_BUSY', 'too many entries wait to be sequenced')
      return entries.map(({ hash, entry }) => {
        last += 1n
        rows.set(last, structuredClone({ ticket: last, hash, entry }))
        return last
      })
    },
    take: async (limits, except) => {
      const taken: Waiting[] = []
      let bytes = 0
      for (const waiting of rows.values()) {
        if (except.includes(waiting.ticket)) continue
        bytes += bytesOf(waiting)
        if (taken.length >= limits.entries || (taken.length > 0 && bytes > limits.bytes)) break
        taken.push(structuredClone(waiting))
      }
      return taken
    },
    waiting: async (tickets) => tickets.filter((ticket) => rows.has(ticket)),
    done: async (tickets) => {
      for (const ticket of tickets) rows.delete(ticket)
    },
  }
}

function bytesOf({ entry: { leaf, attachments } }: Waiting): number {
  return attachments.reduce((sum, { content }) => sum + content.length, leaf.length)
}
