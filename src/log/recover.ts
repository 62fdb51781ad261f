/**
 * Brings the tail that a database lost from a copy of the log. Nothing is signed here: what is appended is what the log's
 * own key signed before, every leaf of it authenticated under the copy's checkpoint first.
 */

import { authenticTiles } from '../kernel/authentic.ts'
import { type TreeSize, treeSize } from '../kernel/brand.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { rootAt } from '../kernel/proof.ts'
import { type ReadTile, readFromTiles } from '../kernel/tile.ts'
import { copiedTiles, type ReadResource, readCheckpoint, type SignedHead } from './copy.ts'
import type { LeafFacts } from './facts.ts'
import { loadVerifiedEdge } from './load.ts'
import type { Clock, ContentName, DigestAlgorithm, LogStore, Mark, Signer } from './ports.ts'
import { Tail } from './tail.ts'

export interface RecoverParts {
  readonly origin: string
  readonly store: LogStore
  /** Of the log's ratchet; null when that is gone, and the log can never sign again. */
  readonly mark: Mark | null
  readonly open: Signer['open']
  readonly read: ReadResource
  readonly facts: (leaf: Uint8Array) => LeafFacts
  /** What a leaf takes back in the log's own name, by the content that it commits to: it goes out of the store again. */
  readonly withdraws: (leaf: Uint8Array, content: Uint8Array) => ContentName | null
  readonly digest: (algorithm: DigestAlgorithm, content: Uint8Array) => Uint8Array
  readonly clock: Pick<Clock, 'now'>
  /** An attachment of the copy that cannot be used: the entry comes without it. */
  readonly onProblem: (problem: string) => void
  readonly onProgress: (done: number, total: number) => void
}

export interface Recovery {
  readonly before: TreeSize
  readonly after: TreeSize
  /** Where the copy ends. */
  readonly copy: TreeSize
}

/**
 * Appends what the copy has beyond the store, then publishes the copy's own note. Interrupted, it goes on where it was.
 * The copy may end before the ratchet's size: then so does what is brought, and the log cannot sign.
 *
 * @throws TlogError COPY_REFUSED when the copy is of another log, or has another history than the store or the ratchet;
 *   RATCHET_REFUSED when the ratchet is older than the copy; PROOF_INVALID, TILE_MALFORMED or BUNDLE_MALFORMED when a
 *   part of the copy is not what its checkpoint signs; STORE_CORRUPT when the store contradicts itself.
 */
export async function recover(parts: RecoverParts): Promise<Recovery> {
  const { store, read } = parts
  const signed = await readCheckpoint(read, parts)
  if (signed === null)
    throw new TlogError('COPY_REFUSED', 'there is no checkpoint at the copy: is it the prefix of the log?')
  const { checkpoint } = signed
  const head = await store.head()
  if (head === null)
    throw new TlogError('STORE_CORRUPT', 'the log has no head, not even of size 0: restore the database')
  const edge = await loadVerifiedEdge(head, store)
  const before = treeSize(head.size)
  const copy = checkpoint.size
  checkRatchet(parts.mark, checkpoint.size)
  if (copy < before) return { before, after: before, copy }
  const tiles = authenticTiles(checkpoint, copiedTiles(read))
  await checkSameHistory(head, tiles, copy, 'the database')
  if (parts.mark !== null && parts.mark.size <= copy) await checkSameHistory(parts.mark, tiles, copy, 'the ratchet')
  await new Tail(parts, signed, tiles, { head, edge }).append()
  await publish(store, signed)
  return { before, after: copy, copy }
}

/** A signature moves the ratchet first, so a copy that is ahead of it proves that an old ratchet was brought back. */
function checkRatchet(mark: Mark | null, size: number): void {
  if (mark !== null && mark.size < size)
    throw new TlogError(
      'RATCHET_REFUSED',
      `the ratchet is older than the copy: it says ${mark.size}, the copy has a signed checkpoint of ${size}. Bring back the newest ratchet, or end the log with \`colophon retire\``,
    )
}

async function checkSameHistory(ours: Mark, tiles: ReadTile, copy: TreeSize, whose: string): Promise<void> {
  const root = await rootAt(ours.size, readFromTiles(tiles, copy))
  if (!equal(root, ours.root))
    throw new TlogError(
      'COPY_REFUSED',
      `at size ${ours.size} ${whose} has another root than the copy: two histories were signed. Keep both, and end the log with \`colophon retire\``,
    )
}

async function publish(store: LogStore, { note, checkpoint: { size, root } }: SignedHead): Promise<void> {
  const published = await store.published()
  if (published !== null && published.size >= size) return
  const head = await store.head()
  if (head === null || head.size !== size) throw new TlogError('HEAD_MOVED', 'another process is writing')
  await store.publish({ size, root, time: head.time, note })
}
