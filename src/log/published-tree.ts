/** Reads of a log that end where its published tree ends. */

import type { Hash, LeafHash, LeafIndex, TreeSize } from '../kernel/brand.ts'
import type { Edge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import type { NodeId } from '../kernel/range.ts'
import type { Nodes } from './nodes.ts'
import type { LogReader, Place, Published } from './ports.ts'

export class PublishedTree {
  readonly #store: LogReader
  readonly #edge: Edge
  readonly #nodes: Nodes
  readonly #size: () => TreeSize

  /** @param size that of the newest published checkpoint, at every call. */
  constructor(store: LogReader, edge: Edge, nodes: Nodes, size: () => TreeSize) {
    this.#store = store
    this.#edge = edge
    this.#nodes = nodes
    this.#size = size
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array | null> {
    if (!this.#holds(level, index, width)) return null
    return this.#edge.tile(level, index, width) ?? (await this.#store.tile(level, index, width))
  }

  async bundle(index: number, width: number): Promise<Uint8Array | null> {
    return this.#holds(0, index, width) ? await this.#store.bundle(index, width) : null
  }

  async entry(index: LeafIndex): Promise<Uint8Array | null> {
    return index < this.#size() ? await this.#store.entry(index) : null
  }

  /** @throws TlogError RANGE_INVALID for a node that is not complete; TILE_MALFORMED, PROOF_INVALID */
  async nodes(ids: readonly NodeId[]): Promise<readonly Hash[]> {
    const size = this.#size()
    for (const { level, index } of ids)
      if ((index + 1) * 2 ** level > size)
        throw new TlogError('RANGE_INVALID', `node ${index} of level ${level} is outside a tree of ${size}`)
    return await this.#nodes.read(ids)
  }

  async find(hash: LeafHash): Promise<Place | null> {
    const [place = null] = await this.#store.find([hash])
    return place !== null && place.index < this.#size() ? place : null
  }

  async lookup(key: Uint8Array, after: LeafIndex | null, limit: number): Promise<readonly LeafIndex[]> {
    const found = await this.#store.lookup(key, after, limit)
    return found.filter((index) => index < this.#size())
  }

  async history(after: TreeSize | null, limit: number): Promise<readonly Published[]> {
    const kept = await this.#store.history(after, limit)
    return kept.filter(({ size }) => size <= this.#size())
  }

  #holds(level: number, index: number, width: number): boolean {
    return index * 256 + width <= Math.floor(this.#size() / 256 ** level)
  }
}
