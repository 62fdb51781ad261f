/**
 * A node's copy of the published tree, of which only the right edge is held. No root is believed: each is reproduced from the
 * leaf hashes in the store before anything is proven under it, and the tree never shrinks nor changes.
 */

import { type Hash, hash, type LeafHash, type TreeSize, treeSize } from '../../kernel/brand.ts'
import { equal, hex } from '../../kernel/bytes.ts'
import { Edge } from '../../kernel/edge.ts'
import { TlogError } from '../../kernel/error.ts'
import { readWhole, TILE_WIDTH } from '../../kernel/tile.ts'
import { loadVerifiedEdge } from '../load.ts'
import { Nodes } from '../nodes.ts'
import type { LogReader, Published, Signer } from '../ports.ts'
import { PublishedTree } from '../published-tree.ts'
import { checkPublished } from '../publisher.ts'

/** Leaves whose nodes stay in memory behind the published head: a receipt is mostly asked for a fresh entry. */
const KEPT_BEHIND = 4096

export interface FollowedParts {
  readonly origin: string
  readonly reader: LogReader
  readonly open: Signer['open']
}

export class FollowedTree {
  readonly #parts: FollowedParts
  readonly #edge: Edge
  readonly reads: PublishedTree
  #published: Published | null

  private constructor(parts: FollowedParts, edge: Edge, published: Published | null) {
    this.#parts = parts
    this.#edge = edge
    this.#published = published
    const { reader } = parts
    this.reads = new PublishedTree(reader, edge, new Nodes(edge, reader), () => this.#published?.size ?? treeSize(0))
  }

  /** @throws TlogError STORE_CORRUPT when the stored tree is not the one that was published. */
  static async load(parts: FollowedParts): Promise<FollowedTree> {
    const published = await parts.reader.published()
    if (published === null) return new FollowedTree(parts, new Edge(), null)
    await checkPublished(published, parts.origin, parts.open)
    return new FollowedTree(parts, await loadVerifiedEdge(published, parts.reader), published)
  }

  /** The newest published checkpoint, whose tree was reproduced. */
  get published(): Published | null {
    return this.#published
  }

  /**
   * Up to what is published by now. Returns whether there was anything new. One call at a time.
   * @throws TlogError RATCHET_REFUSED when the store has gone back, or to another tree: an old copy of it, or a replica that had
   *   not heard of the rest. STORE_CORRUPT when it contradicts itself.
   */
  async advance(): Promise<boolean> {
    const { reader, origin, open } = this.#parts
    const next = await reader.published()
    const before = this.#published
    if (before !== null) checkForward(before, next)
    if (next === null || (before !== null && equal(next.note, before.note))) return false
    await checkPublished(next, origin, open)
    await this.#extend(next.size)
    if (!equal(this.#edge.root(), next.root)) throw otherTree(next, this.#edge.root())
    this.#published = next
    return true
  }

  /** What a failure in the middle leaves is durable, and gone on from. */
  async #extend(size: TreeSize): Promise<void> {
    while (this.#edge.size < size) {
      for (const leaf of await this.#leaves(this.#edge.size, size)) this.#edge.append(leaf)
      this.#edge.forget(treeSize(Math.max(this.#edge.from, this.#edge.size - KEPT_BEHIND)))
    }
  }

  /** Those of one tile, from `first` on. */
  async #leaves(first: number, size: TreeSize): Promise<LeafHash[]> {
    const index = Math.floor(first / TILE_WIDTH)
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH)
    const tile = await readWhole(this.#parts.reader.tile, { level: 0, index, width })
    const count = index * TILE_WIDTH + width - first
    const from = width - count
    return Array.from({ length: count }, (_, i) => hash(tile.slice(32 * (from + i), 32 * (from + i + 1))) as LeafHash)
  }
}

function checkForward(before: Published, next: Published | null): void {
  if (next !== null && next.size > before.size) return
  if (next !== null && next.size === before.size && equal(next.root, before.root)) return
  throw new TlogError(
    'RATCHET_REFUSED',
    `the database has gone back: this node has seen a checkpoint of ${before.size}, the newest there is now ` +
      `${next === null ? 'none' : `one of ${next.size}`}. An older copy was restored, or a replica took over that had not heard of the rest`,
  )
}

function otherTree({ size }: Published, root: Hash): TlogError {
  const why = `the leaves in the store have the root ${hex(root)} at size ${size}, not the published one`
  return new TlogError('STORE_CORRUPT', why)
}
