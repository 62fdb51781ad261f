/** What every log answers alike, whoever sequences it: reads of its published tree, and what its key says of an entry. */

import type { Promised } from '../formats/sigstore/promise.ts'
import type { Hash, LeafHash, LeafIndex, TreeSize } from '../kernel/brand.ts'
import type { NodeId } from '../kernel/range.ts'
import type { LogIdentity } from './log.ts'
import type { ContentName, DigestAlgorithm, LogReader, Place, Published, Signer } from './ports.ts'
import type { PublishedTree } from './published-tree.ts'

interface ServedParts {
  readonly identity: LogIdentity
  readonly store: Pick<LogReader, 'attachment' | 'withdrawn'>
  readonly signer: Pick<Signer, 'promise'>
}

export abstract class ServedLog {
  readonly #served: ServedParts

  constructor(parts: ServedParts) {
    this.#served = parts
  }

  protected abstract readonly tree: PublishedTree

  get identity(): LogIdentity {
    return this.#served.identity
  }

  tile(level: number, index: number, width: number): Promise<Uint8Array | null> {
    return this.tree.tile(level, index, width)
  }

  bundle(index: number, width: number): Promise<Uint8Array | null> {
    return this.tree.bundle(index, width)
  }

  entry(index: LeafIndex): Promise<Uint8Array | null> {
    return this.tree.entry(index)
  }

  nodes(ids: readonly NodeId[]): Promise<readonly Hash[]> {
    return this.tree.nodes(ids)
  }

  find(hash: LeafHash): Promise<Place | null> {
    return this.tree.find(hash)
  }

  lookup(key: Uint8Array, after: LeafIndex | null, limit: number): Promise<readonly LeafIndex[]> {
    return this.tree.lookup(key, after, limit)
  }

  history(after: TreeSize | null, limit: number): Promise<readonly Published[]> {
    return this.tree.history(after, limit)
  }

  attachment(algorithm: DigestAlgorithm, digest: Uint8Array): Promise<Uint8Array | null> {
    return this.#served.store.attachment(algorithm, digest)
  }

  withdrawn(name: ContentName): Promise<Place | null> {
    return this.#served.store.withdrawn(name)
  }

  async catchUp(): Promise<void> {
    // whoever publishes knows
  }

  async promise(entry: Promised): Promise<Uint8Array | null> {
    const { signer } = this.#served
    return signer.promise === undefined ? null : await signer.promise(entry)
  }
}
