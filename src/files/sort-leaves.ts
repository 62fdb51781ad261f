/** The leaves of a dataset's second tree: by the digests of the documents, and those of one digest as the manifest has them. */

import { dirname, join } from 'node:path'
import type { DatasetLine } from '../formats/custody/dataset-line.ts'
import { hash, type LeafHash } from '../kernel/brand.ts'
import { RecordSorter } from './sort-records.ts'

export interface LeafSorter {
  /** In the manifest's order. */
  add(line: DatasetLine, leaf: LeafHash): Promise<void>
  /** Once. */
  sorted(): AsyncIterable<LeafHash>
  close(): Promise<void>
}

/** Digest, position, leaf. */
const POSITION = 32
const LEAF = 40
const LENGTH = 72
/** 37 MB. */
const HELD = 2 ** 19

/** @param manifest beside which runs are kept meanwhile, where there are more documents than `held` */
export function openLeafSorter(manifest: string, held = HELD): LeafSorter {
  // Two sorts of one manifest at once are two files.
  const scratch = join(dirname(manifest), `.${process.pid}-${count++}.sorting`)
  const sorter = new RecordSorter({ length: LENGTH, held, scratch })
  let position = 0
  return {
    async add({ sha256 }, leaf) {
      const record = new Uint8Array(LENGTH)
      record.set(sha256)
      new DataView(record.buffer).setBigUint64(POSITION, BigInt(position++))
      record.set(leaf, LEAF)
      await sorter.add(record)
    },
    async *sorted() {
      for await (const record of sorter.sorted()) yield hash(record.slice(LEAF)) as LeafHash
    },
    close: () => sorter.close(),
  }
}

let count = 0
