/** An entry as Rekor v1 answers it: numbers and hex where v2 has strings and base64. */

import type { Promised } from '../../formats/sigstore/promise.ts'
import { formatEntryId } from '../../formats/sigstore/tree-id.ts'
import { type Hash, type LeafHash, leafIndex, type UnixMillis } from '../../kernel/brand.ts'
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

/** A promise, with what it is about beside the entry. */
export interface MadePromise extends Omit<Promised, 'body'> {
  /** The signed entry timestamp, made anew from the stored time; null where nothing is promised any more. */
  readonly promise: Uint8Array | null
}

export async function makePromise(
  { leaf, index: inTree, time }: Pick<ProvenEntry, 'leaf' | 'index' | 'time'>,
  { tree: { logId }, entriesBefore, promise }: Omit<Respond, 'attestation'>,
): Promise<MadePromise> {
  const [index, integratedTime] = [leafIndex(entriesBefore + inTree), Math.floor(time / 1000)]
  return { index, integratedTime, logId, promise: await promise({ body: leaf, integratedTime, logId, index }) }
}

/** By its ID, alone in an object. */
export async function logEntry(entry: ProvenEntry, respond: Respond) {
  const { tree, attestation } = respond
  const { index, integratedTime, promise } = await makePromise(entry, respond)
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
        ...(promise !== null && { signedEntryTimestamp: base64(promise) }),
      },
    },
  }
}
