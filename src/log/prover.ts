/** Receipts: made anew for every answer, against a published checkpoint, and checked before they leave. */

import type { Hash, LeafHash, LeafIndex, TreeSize, UnixMillis } from '../kernel/brand.ts'
import type { Edge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import { foldPlan, inclusionPlan, verifyInclusion } from '../kernel/proof.ts'
import type { NodeId } from '../kernel/range.ts'
import { readFromTiles } from '../kernel/tile.ts'
import type { LogReader, Published } from './ports.ts'

/** That an entry is in the tree of a published checkpoint. Plain data. */
export interface Receipt {
  readonly index: LeafIndex
  /** When the head that first covered the entry was sealed. */
  readonly time: UnixMillis
  /** The entry was in the log, or on its way, before this request. */
  readonly repeated: boolean
  readonly size: TreeSize
  readonly root: Hash
  /** Leaf's sibling first. */
  readonly path: readonly Hash[]
  /** The signed note, as published. */
  readonly note: Uint8Array
}

/**
 * The audit path of a leaf under a published checkpoint, verified. Fresh leaves are proven from memory, without a read.
 * @throws TlogError STORE_CORRUPT when a tile is missing or malformed, or the path does not lead to the published root.
 */
export async function prove(
  leaf: { readonly hash: LeafHash; readonly index: LeafIndex },
  published: Published,
  edge: Edge,
  reader: LogReader,
): Promise<readonly Hash[]> {
  const plan = inclusionPlan(leaf.index, published.size)
  const ids = plan.flat()
  try {
    const nodes = fromEdge(edge, ids) ?? (await readFromTiles(reader.tile, published.size)(ids))
    const path = foldPlan(plan, nodes)
    verifyInclusion(leaf.hash, leaf.index, published, path)
    return path
  } catch (cause) {
    throw new TlogError(
      'STORE_CORRUPT',
      `leaf ${leaf.index} cannot be proven in the published tree of ${published.size}`,
      { cause },
    )
  }
}

function fromEdge(edge: Edge, ids: readonly NodeId[]): Hash[] | null {
  const nodes: Hash[] = []
  for (const id of ids) {
    const node = edge.node(id)
    if (node === undefined) return null
    nodes.push(node)
  }
  return nodes
}
