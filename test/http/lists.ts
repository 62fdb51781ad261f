/** A log of thousands that is none: lists of indexes by the first byte of a key, and hashes that are numbers. */

import { leafIndex, treeSize } from '../../src/kernel/brand.ts'
import type { NodeId } from '../../src/kernel/range.ts'
import type { Log } from '../../src/log/log.ts'

export const SIZE = treeSize(50_000)

export interface Counted {
  readonly log: Log
  /** Lookups so far, and the rows that they gave. */
  readonly asked: () => number
  readonly rows: () => number
}

/** The hash of each leaf is its index. */
export function logOf(lists: Readonly<Record<number, (index: number) => boolean>>, size = SIZE): Counted {
  let [asked, rows] = [0, 0]
  const all = new Map(
    Object.entries(lists).map(([list, holds]) => [
      Number(list),
      Array.from({ length: size }, (_, i) => i).filter(holds),
    ]),
  )
  const log = {
    identity: { slug: 'v1' },
    status: () => ({ published: size }),
    async lookup(key: Uint8Array, after: number | null, limit: number) {
      asked++
      const list = all.get(key[0] ?? 0) ?? []
      const from = after === null ? 0 : list.findIndex((index) => index > after)
      const page = from < 0 ? [] : list.slice(from, from + limit).map(leafIndex)
      rows += page.length
      return page
    },
    nodes: async (ids: readonly NodeId[]) =>
      ids.map(({ index }) => {
        const hash = new Uint8Array(32)
        new DataView(hash.buffer).setUint32(0, index)
        return hash
      }),
  } as unknown as Log
  return { log, asked: () => asked, rows: () => rows }
}
