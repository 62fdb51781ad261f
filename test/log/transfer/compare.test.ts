/** The comparison of two stores, where it takes a tree with a tile above the leaves to see a difference. */

import t from 'tap'
import { concat } from '../../../src/kernel/bytes.ts'
import type { LogReader } from '../../../src/log/ports.ts'
import { compareLogs } from '../../../src/log/transfer/compare.ts'
import { memoryDatabase } from '../../../src/storage/memory.ts'
import { freshStore } from '../../contract/fresh.ts'

const SIZE = 65_540
const { store, feeder } = await freshStore(memoryDatabase())
for (const count of [300, 65_236, 4]) {
  const { head } = feeder
  await store.append(head, feeder.plain(count))
}

t.test('the same', async (t) => {
  const seen: number[] = []
  await compareLogs(store, store, (done, total) => {
    t.equal(total, SIZE)
    seen.push(done)
  })
  t.same([seen.length, seen[0], seen.at(-1)], [257, 256, SIZE])
})

function changed(bytes: Uint8Array | null): Uint8Array | null {
  return bytes === null ? null : concat(bytes.subarray(0, -1), Uint8Array.of((bytes.at(-1) ?? 0) ^ 1))
}

const DIFFERENCES: Readonly<Record<string, Partial<LogReader>>> = {
  'tile/1/000 is another': {
    tile: async (level, index, width) => {
      const bytes = await store.tile(level, index, width)
      return level === 1 ? changed(bytes) : bytes
    },
  },
  'tile/1/000 is missing': {
    tile: async (level, ...rest) => (level === 1 ? null : await store.tile(level, ...rest)),
  },
  'tile of leaf hashes 255 is another': {
    tile: async (level, index, width) => {
      const bytes = await store.tile(level, index, width)
      return level === 0 && index === 255 ? changed(bytes) : bytes
    },
  },
  'bundle 256 is another': {
    bundle: async (index, width) => {
      const bytes = await store.bundle(index, width)
      return index === 256 ? changed(bytes) : bytes
    },
  },
  'bundle 256 is missing': {
    bundle: async (index, width) => (index === 256 ? null : await store.bundle(index, width)),
  },
  'entry 65538 is not found by its hash': {
    find: async (hashes) => (await store.find(hashes)).map((place) => (place?.index === 65_538 ? null : place)),
  },
}

for (const [says, difference] of Object.entries(DIFFERENCES))
  t.test(says, async (t) => {
    const message = `the copy is not the same: ${says}`
    await t.rejects(
      compareLogs(store, { ...store, ...difference }, () => undefined),
      { code: 'STORE_CORRUPT', message },
    )
  })
