/** A tree that is read from its first leaf to its last, once: of what it has passed it holds one hash a level. */

import type { Hash, LeafHash, TreeSize } from './brand.ts'
import { treeSize } from './brand.ts'
import { nodeHash } from './hash.ts'
import { fold, type NodeId } from './range.ts'

export class Spine {
  /** Of perfect subtrees, the largest first. */
  readonly #peaks: Hash[] = []
  #size = 0

  get size(): TreeSize {
    return treeSize(this.#size)
  }

  /** @param complete hears of each node that the leaf completes, itself first */
  append(leaf: LeafHash, complete: (id: NodeId, node: Hash) => void = () => undefined): void {
    let node: Hash = leaf
    let [level, index] = [0, this.#size]
    complete({ level, index }, node)
    for (; index % 2 === 1; level++, index = (index - 1) / 2) {
      node = nodeHash(this.#peaks.pop() as Hash, node)
      complete({ level: level + 1, index: (index - 1) / 2 }, node)
    }
    this.#peaks.push(node)
    this.#size++
  }

  root(): Hash {
    return fold(this.#peaks)
  }
}
