/** Manifests of datasets of any size: read from end to end, never held. */

import { createHash } from 'node:crypto'
import {
  type DatasetLine,
  datasetLeaf,
  dirHashLine,
  MAX_LINE,
  parseDatasetLine,
} from '../formats/custody/dataset-line.ts'
import { located } from '../formats/located.ts'
import { compareNames } from '../formats/model/oms.ts'
import type { Hash, LeafHash, TreeSize } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import { Spine } from '../kernel/spine.ts'
import { readLines } from './read-lines.ts'
import { openLeafSorter } from './sort-leaves.ts'

/** What is said of a dataset. */
export interface DatasetSummary {
  /** Documents. */
  readonly size: TreeSize
  /** Of all of them. */
  readonly bytes: number
  readonly isSalted: boolean
  /** SHA-256 of the manifest. */
  readonly manifest: Uint8Array
  /** Null of a salted one: it could be tried out. */
  readonly dirHash: Uint8Array | null
  /** Roots of the trees by paths and by digests. */
  readonly byPath: Hash
  readonly byDigest: Hash
}

export interface DatasetOptions {
  /** How many documents are held in memory to be sorted by their digests. */
  readonly held?: number
  /** Hears how many documents were read. */
  readonly onDocuments?: (done: number) => void
}

export interface Chunk {
  readonly lines: readonly DatasetLine[]
  /** Leaves of those lines. Computed when they are asked for, until the next chunk is. */
  leaf(i: number): LeafHash
  readonly bytes: Uint8Array
}

/**
 * Sorted by the bytes of the paths, none twice; all with a salt, or none.
 * @throws TlogError FIELD_INVALID with the line; the system's error
 */
export async function* readManifest(path: string): AsyncGenerator<Chunk> {
  let before: DatasetLine | null = null
  for await (const { lines, number, chunk } of readLines(path, MAX_LINE)) {
    const parsed = lines.map((bytes, i) =>
      located('FIELD_INVALID', `${path}: line ${number + i}`, () => {
        const line = parseDatasetLine(bytes)
        if (before !== null) requireNext(before, line)
        before = line
        return line
      }),
    )
    yield { lines: parsed, leaf: (i) => datasetLeaf(parsed[i] as DatasetLine, lines[i]), bytes: chunk }
  }
}

function requireNext(before: DatasetLine, line: DatasetLine): void {
  if (compareNames(before.path, line.path) >= 0)
    throw new TlogError(
      'FIELD_INVALID',
      `${JSON.stringify(line.path.slice(0, 128))} does not come after the line before`,
    )
  if ((before.salt === null) !== (line.salt === null))
    throw new TlogError('FIELD_INVALID', 'some lines have a salt, and some have none')
}

/** @throws TlogError FIELD_INVALID with the line; the system's error */
export async function summarize(path: string, options: DatasetOptions = {}): Promise<DatasetSummary> {
  const sorter = openLeafSorter(path, options.held)
  try {
    const [manifest, directory, spine] = [createHash('sha256'), createHash('sha256'), new Spine()]
    let [bytes, isSalted] = [0, false]
    for await (const chunk of readManifest(path)) {
      manifest.update(chunk.bytes)
      for (const [i, line] of chunk.lines.entries()) {
        const leaf = chunk.leaf(i)
        await sorter.add(line, leaf)
        spine.append(leaf)
        directory.update(dirHashLine(line))
        bytes += line.size
        isSalted = line.salt !== null
      }
      options.onDocuments?.(spine.size)
    }
    if (!Number.isSafeInteger(bytes)) throw new TlogError('FIELD_INVALID', `${path}: over 2^53 bytes in all`)
    const sorted = new Spine()
    for await (const leaf of sorter.sorted()) sorted.append(leaf)
    return {
      ...{ size: spine.size, bytes, isSalted, byPath: spine.root(), byDigest: sorted.root() },
      manifest: new Uint8Array(manifest.digest()),
      dirHash: isSalted ? null : new Uint8Array(directory.digest()),
    }
  } finally {
    await sorter.close()
  }
}
