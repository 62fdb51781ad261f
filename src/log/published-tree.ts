/** Reads of a log that end where its published tree ends. */

import type { LeafHash, LeafIndex, TreeSize } from '../kernel/brand.ts'
import type { Edge } from '../kernel/edge.ts'
import type { LogReader, Place, Published } from './ports.ts'

export class PublishedTree {
  readonly #store: LogReader
  readonly #edge: Edge
  readonly #size: () => TreeSize

  /** @param size that of the newest published checkpoint, at every call. */
  constructor(store: LogReader, edge: Edge, size: () => TreeSize) {
    this.#store = store
    this.#edge = edge
    this.#size = size
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array | null> {
    if (!this.#holds(level, index, width)) return null
    return this.#edge.tile(level, index, width) ?? (await this.#store.tile(level, index, width))
  }

  async bundle(index: number, width: number): Promise<Uint8Array | null> {
    return this.#holds(0, index, width) ? await this.#store.bundle(index, width) : null
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
