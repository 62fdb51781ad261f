/**
 * Brings the tail that a database lost from a copy of the log. Nothing is signed here: what is appended is what the log's
 * own key signed before, every leaf of it authenticated under the copy's checkpoint first.
 */

import { authenticTiles } from '../kernel/authentic.ts'
import { type TreeSize, treeSize, unixMillis } from '../kernel/brand.ts'
import { equal } from '../kernel/bytes.ts'
import { completedTiles, type Edge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { rootAt } from '../kernel/proof.ts'
import { type ReadTile, readFromTiles, TILE_WIDTH, tileWidth } from '../kernel/tile.ts'
import { ahead } from './ahead.ts'
import {
  ATTACHMENTS,
  attachmentPath,
  copiedTiles,
  MAX_ATTACHMENT_BYTES,
  type ReadResource,
  readCheckpoint,
  readEntries,
  type SignedHead,
} from './copy.ts'
import type { LeafFacts } from './fsck.ts'
import { loadVerifiedEdge } from './load.ts'
import type { Attachment, Clock, DigestAlgorithm, Head, LogStore, Mark, SealedEntry, Signer } from './ports.ts'

export interface RecoverParts {
  readonly origin: string
  readonly store: LogStore
  /** Of the log's ratchet; null when that is gone, and the log can never sign again. */
  readonly mark: Mark | null
  readonly open: Signer['open']
  readonly read: ReadResource
  readonly facts: (leaf: Uint8Array) => LeafFacts
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

/** Bundles on their way while one is appended. */
const AHEAD = 4
/** One transaction; with their attachments. */
const BATCH = { entries: 1024, bytes: 16 * 2 ** 20 } as const

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

class Tail {
  readonly #parts: RecoverParts
  readonly #signed: SignedHead
  readonly #tiles: ReadTile
  readonly #edge: Edge
  #head: Head
  #batch: SealedEntry[] = []
  #bytes = 0

  constructor(
    parts: RecoverParts,
    signed: SignedHead,
    tiles: ReadTile,
    state: { readonly head: Head; readonly edge: Edge },
  ) {
    this.#parts = parts
    this.#signed = signed
    this.#tiles = tiles
    this.#edge = state.edge
    this.#head = state.head
  }

  async append(): Promise<void> {
    const { size } = this.#signed.checkpoint
    const attached = await this.#hasAttachments()
    const start = this.#head.size
    for await (const { first, entries } of ahead(bundles(start, size), AHEAD, (index) => this.#bundle(index)))
      for (const [i, leaf] of entries.entries()) {
        if (first + i < start) continue
        await this.#take(leaf, first + i, attached)
      }
    await this.#flush()
  }

  async #bundle(index: number): Promise<{ readonly first: number; readonly entries: readonly Uint8Array[] }> {
    const width = tileWidth(0, index, this.#signed.checkpoint.size)
    return { first: index * TILE_WIDTH, entries: await readEntries(this.#parts.read, this.#tiles, { index, width }) }
  }

  async #take(leaf: Uint8Array, index: number, attached: boolean): Promise<void> {
    const { keys, attachments } = this.#factsOf(leaf, index)
    const contents = attached ? await Promise.all(attachments.map((named) => this.#attachment(named, index))) : []
    const entry = { leaf, keys, attachments: contents.filter((content) => content !== null), hash: leafHash(leaf) }
    this.#batch.push(entry)
    this.#bytes += leaf.length + entry.attachments.reduce((sum, { content }) => sum + content.length, 0)
    if (this.#batch.length >= BATCH.entries || this.#bytes >= BATCH.bytes) await this.#flush()
  }

  #factsOf(leaf: Uint8Array, index: number): LeafFacts {
    try {
      return this.#parts.facts(leaf)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new TlogError('COPY_REFUSED', `leaf ${index}: the log's dialect does not know it: ${why}`, { cause })
    }
  }

  async #hasAttachments(): Promise<boolean> {
    return (await this.#parts.read(ATTACHMENTS.layout, 64)) !== null
  }

  async #attachment(named: LeafFacts['attachments'][number], index: number): Promise<Attachment | null> {
    const { algorithm, digest } = named
    const content = await this.#parts.read(attachmentPath(named), MAX_ATTACHMENT_BYTES)
    if (content === null) return null
    if (equal(this.#parts.digest(algorithm, content), digest)) return { algorithm, digest, content }
    this.#parts.onProblem(`leaf ${index}: the copy's attachment does not hash to its digest, and is left out`)
    return null
  }

  async #flush(): Promise<void> {
    if (this.#batch.length === 0) return
    const { store, clock, onProgress } = this.#parts
    const { size: total, root } = this.#signed.checkpoint
    for (const { hash } of this.#batch) this.#edge.append(hash)
    const head: Head = {
      size: treeSize(this.#edge.size),
      root: this.#edge.root(),
      time: unixMillis(Math.max(this.#head.time, clock.now())),
    }
    // Every leaf was authenticated; a root that differs all the same is a fault of ours, and must not be stored.
    if (head.size === total && !equal(head.root, root))
      throw new TlogError('PROOF_INVALID', `the entries do not hash to the root of the checkpoint of ${total}`)
    await store.append(this.#head, { entries: this.#batch, tiles: completedTiles(this.#head.size, this.#edge), head })
    this.#edge.forget(head.size)
    this.#head = head
    this.#batch = []
    this.#bytes = 0
    onProgress(head.size, total)
  }
}

function* bundles(from: number, size: number): Generator<number> {
  if (from >= size) return
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < size; index++) yield index
}
