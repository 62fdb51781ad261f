/** Shows that a document was in a dataset, or was not, from its manifest. */

import type { DatasetLine } from '../formats/custody/dataset-line.ts'
import type { DatasetProof, PlacedLine } from '../formats/custody/dataset-proof.ts'
import { type Hash, type LeafHash, leafIndex, type TreeSize, treeSize } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import { foldPlan, inclusionPlan } from '../kernel/proof.ts'
import type { NodeId } from '../kernel/range.ts'
import { Spine } from '../kernel/spine.ts'
import { compareDigests } from '../verify/dataset.ts'
import { type DatasetOptions, readManifest } from './dataset-manifest.ts'
import { openLeafSorter } from './sort-leaves.ts'

/**
 * Reads the manifest twice.
 * @param sha256 of the document
 * @throws TlogError FIELD_INVALID with the manifest's line; PROOF_INVALID when the manifest changed meanwhile; the system's error
 */
export async function proveDocument(
  manifest: string,
  sha256: Uint8Array,
  options: DatasetOptions = {},
): Promise<DatasetProof> {
  const { size, found, before, after, rank } = await search(manifest, sha256, options)
  if (found !== null) {
    const { root, paths } = await pathsTo([found.index], size, leavesOf(manifest, options))
    const document: PlacedLine = { ...placedAt(found.line, found.index), path: paths[0] as Hash[] }
    return { kind: 'included', size, root, document }
  }
  const neighbours = [
    ...(before === null ? [] : [placedAt(before, rank - 1)]),
    ...(after === null ? [] : [placedAt(after, rank)]),
  ]
  const indexes = neighbours.map(({ index }) => index)
  const { root, paths } = await pathsTo(indexes, size, sortedLeavesOf(manifest, options))
  const placed = neighbours.map((neighbour, i) => ({ ...neighbour, path: paths[i] as Hash[] }))
  return { kind: 'absent', size, root, sha256, neighbours: placed }
}

function placedAt(line: DatasetLine, index: number): Omit<PlacedLine, 'path'> {
  return { line, index: leafIndex(index) }
}

interface Searched {
  readonly size: TreeSize
  /** The first with this digest, by its index in the manifest. */
  readonly found: { readonly line: DatasetLine; readonly index: number } | null
  /** Next to it by digest: of equal ones the last before, and the first after. */
  readonly before: DatasetLine | null
  readonly after: DatasetLine | null
  /** How many digests are less. */
  readonly rank: number
}

async function search(manifest: string, sha256: Uint8Array, { onDocuments }: DatasetOptions): Promise<Searched> {
  let found: Searched['found'] = null
  let before: DatasetLine | null = null
  let after: DatasetLine | null = null
  let [count, rank] = [0, 0]
  for await (const { lines } of readManifest(manifest)) {
    for (const line of lines) {
      const side = compareDigests(line.sha256, sha256)
      if (side === 0) found ??= { line, index: count }
      else if (side < 0) {
        rank++
        if (before === null || compareDigests(line.sha256, before.sha256) >= 0) before = line
      } else if (after === null || compareDigests(line.sha256, after.sha256) < 0) after = line
      count++
    }
    onDocuments?.(count)
  }
  return { size: treeSize(count), found, before, after, rank }
}

async function* leavesOf(manifest: string, { onDocuments }: DatasetOptions): AsyncGenerator<LeafHash> {
  let count = 0
  for await (const { lines, leaf } of readManifest(manifest)) {
    for (const i of lines.keys()) yield leaf(i)
    count += lines.length
    onDocuments?.(count)
  }
}

async function* sortedLeavesOf(manifest: string, { held, onDocuments }: DatasetOptions): AsyncGenerator<LeafHash> {
  const sorter = openLeafSorter(manifest, held)
  let count = 0
  try {
    for await (const { lines, leaf } of readManifest(manifest)) {
      for (const [i, line] of lines.entries()) await sorter.add(line, leaf(i))
      count += lines.length
      onDocuments?.(count)
    }
    yield* sorter.sorted()
  } finally {
    await sorter.close()
  }
}

/** Holds the nodes that the paths are made of, and one hash a level. */
async function pathsTo(
  indexes: readonly number[],
  size: TreeSize,
  leaves: AsyncIterable<LeafHash>,
): Promise<{ readonly root: Hash; readonly paths: readonly Hash[][] }> {
  const plans = indexes.map((index) => inclusionPlan(leafIndex(index), size))
  const keyOf = ({ level, index }: NodeId) => `${level}/${index}`
  const wanted = new Set(plans.flat(2).map(keyOf))
  const nodes = new Map<string, Hash>()
  const spine = new Spine()
  for await (const leaf of leaves)
    spine.append(leaf, (id, node) => {
      if (wanted.has(keyOf(id))) nodes.set(keyOf(id), node)
    })
  if (spine.size !== size) throw new TlogError('PROOF_INVALID', 'the manifest changed while it was read')
  const paths = plans.map((plan) =>
    foldPlan(
      plan,
      plan.flat().map((id) => nodes.get(keyOf(id)) as Hash),
    ),
  )
  return { root: spine.root(), paths }
}
