/** The newest tree of a log, for proofs: whatever leaves here was verified, up to the root of the published checkpoint. */

import type { Hash, LeafIndex, TreeSize } from '../../kernel/brand.ts'
import { TlogError } from '../../kernel/error.ts'
import {
  proveConsistency,
  proveInclusion,
  type ReadNodes,
  rootAt,
  type TreeHead,
  verifyConsistency,
  verifyInclusion,
} from '../../kernel/proof.ts'
import type { Log } from '../../log/log.ts'
import type { Published } from '../../log/ports.ts'

/** As of one moment: the log may have published more since. */
export class ProvenTree {
  readonly newest: Published
  readonly #read: ReadNodes

  /** @throws TlogError NOT_FOUND before the first checkpoint. */
  constructor(log: Log) {
    const newest = log.published()
    if (newest === null) throw new TlogError('NOT_FOUND', 'the log has published no checkpoint yet')
    this.newest = newest
    this.#read = (ids) => log.nodes(ids)
  }

  /**
   * The tree of an earlier size, or the newest; its root leads to the newest one's.
   * @throws TlogError NOT_FOUND when nothing of that size was published yet; STORE_CORRUPT.
   */
  async head(size: TreeSize = this.newest.size): Promise<TreeHead> {
    const { newest } = this
    if (size > newest.size)
      throw new TlogError('NOT_FOUND', `size ${size}: the published tree has ${newest.size} entries`)
    if (size === newest.size) return { size, root: newest.root }
    return await sound(`the root of ${size}`, async () => {
      const head = { size, root: await rootAt(size, this.#read) }
      verifyConsistency(head, newest, await proveConsistency(size, newest.size, this.#read))
      return head
    })
  }

  /** @throws TlogError NOT_FOUND when no such entry was published yet. */
  checkIndex(index: LeafIndex): void {
    if (index >= this.newest.size)
      throw new TlogError('NOT_FOUND', `leaf ${index}: the published tree has ${this.newest.size} entries`)
  }

  /**
   * The hash of a leaf; not verified before a path leads from it to a root.
   * @throws TlogError NOT_FOUND when no such entry was published yet; STORE_CORRUPT.
   */
  async leafHash(index: LeafIndex): Promise<Hash> {
    this.checkIndex(index)
    const [hash] = await sound(`leaf ${index}`, () => this.#read([{ level: 0, index }]))
    return hash as Hash
  }

  /** @throws TlogError STORE_CORRUPT unless the leaf is at `index`, below the head's size. */
  async inclusion(leaf: Hash, index: LeafIndex, head: TreeHead): Promise<readonly Hash[]> {
    return await sound(`leaf ${index} in the tree of ${head.size}`, async () => {
      const path = await proveInclusion(index, head.size, this.#read)
      verifyInclusion(leaf, index, head, path)
      return path
    })
  }

  /** @throws TlogError STORE_CORRUPT unless the first, which is not the larger, is a prefix of the second. */
  async consistency(first: TreeHead, last: TreeHead): Promise<readonly Hash[]> {
    return await sound(`the tree of ${first.size} in that of ${last.size}`, async () => {
      const path = await proveConsistency(first.size, last.size, this.#read)
      verifyConsistency(first, last, path)
      return path
    })
  }
}

/** What was asked for exists, so that whatever goes wrong now is the store's fault. */
async function sound<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new TlogError('STORE_CORRUPT', `${what} cannot be proven`, { cause })
  }
}
