/** An entry as Rekor v1 answers it: numbers and hex where v2 has strings and base64. */

import type { Promised } from '../../formats/sigstore/promise.ts'
import { formatEntryId } from '../../formats/sigstore/tree-id.ts'
import type { Hash, LeafHash, UnixMillis } from '../../kernel/brand.ts'
import { base64, hex } from '../../kernel/bytes.ts'
import type { Tree } from './tree.ts'
import { checkpointFor } from './tree.ts'

/** An entry, proven in the tree of a published checkpoint. */
export interface ProvenEntry {
  readonly leaf: Uint8Array
  readonly hash: LeafHash
  /** In its tree. */
  readonly index: number
  /** When the head that first covered it was sealed. */
  readonly time: UnixMillis
  readonly size: number
  readonly root: Hash
  readonly path: readonly Hash[]
  /** The signed note, as published. */
  readonly note: Uint8Array
}

export interface Respond {
  readonly tree: Tree
  /** Of the trees before this one. */
  readonly entriesBefore: number
  /** Null: nothing is promised any more, and the entry is read all the same. */
  readonly promise: (entry: Promised) => Promise<Uint8Array | null>
  /** What was attested, where the log keeps it. */
  readonly attestation: Uint8Array | null
}

/** By its ID, alone in an object. The signed entry timestamp is made anew, from the stored time. */
export async function logEntry(entry: ProvenEntry, { tree, entriesBefore, promise, attestation }: Respond) {
  const index = entriesBefore + entry.index
  const integratedTime = Math.floor(entry.time / 1000)
  const promised = await promise({ body: entry.leaf, integratedTime, logId: tree.logId, index } as Promised)
  return {
    [formatEntryId(tree.treeId, entry.hash)]: {
      ...(attestation !== null && { attestation: { data: base64(attestation) } }),
      body: base64(entry.leaf),
      integratedTime,
      logID: hex(tree.logId),
      logIndex: index,
      verification: {
        inclusionProof: {
          checkpoint: checkpointFor(tree, entry.note),
          hashes: entry.path.map(hex),
          logIndex: entry.index,
          rootHash: hex(entry.root),
          treeSize: entry.size,
        },
        ...(promised !== null && { signedEntryTimestamp: base64(promised) }),
      },
    },
  }
}
