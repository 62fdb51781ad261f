/** The trees of one host's Rekor v1 log, in order: entries and promises are counted over all of them. */

import { type MadePromise, makePromise } from '../../dialects/rekor-v1/respond.ts'
import { describeTree, type Tree } from '../../dialects/rekor-v1/tree.ts'
import type { LeafIndex, UnixMillis } from '../../kernel/brand.ts'
import type { Log } from '../../log/log.ts'
import type { Logs } from '../logs.ts'

export const REKOR_V1 = 'rekor-v1'

/** One of them, among the others. */
export interface Shard {
  readonly log: Log
  readonly tree: Tree
  /** Entries are counted over all trees; so many come before this one. */
  readonly entriesBefore: number
}

export class Shards {
  readonly #logs: Logs
  readonly #described = new Map<Log, Tree>()

  constructor(logs: Logs) {
    this.#logs = logs
  }

  /**
   * In order of creation, up to one that takes entries or has taken some: those before it have ended, and where they end does
   * not move; what comes after the one that takes them waits for its turn.
   */
  upTo(meant: Log): readonly Shard[] {
    const { host } = this.#treeOf(meant)
    const shards: Shard[] = []
    let entriesBefore = 0
    for (const log of this.#logs.all) {
      if (log.identity.dialect !== REKOR_V1) continue
      const tree = this.#treeOf(log)
      if (tree.host === host) {
        shards.push({ log, tree, entriesBefore })
        entriesBefore += log.status().published
      }
      if (log === meant) break
    }
    return shards
  }

  /** What Rekor v1's API would promise for an entry of a log. Null: of no log of Rekor v1, or of one that promises nothing. */
  async promise(
    log: Log,
    entry: { leaf: Uint8Array; index: LeafIndex; time: UnixMillis },
  ): Promise<MadePromise | null> {
    if (log.identity.dialect !== REKOR_V1) return null
    const own = this.upTo(log).at(-1) as Shard
    return await makePromise(entry, { ...own, promise: (said) => log.promise(said) })
  }

  /** Made once: the number is a hash. */
  #treeOf(log: Log): Tree {
    const { origin, ecdsaKey } = log.identity
    const tree = this.#described.get(log) ?? describeTree(origin, ecdsaKey ?? '')
    this.#described.set(log, tree)
    return tree
  }
}
