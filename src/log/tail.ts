/** The entries that a copy has beyond a store, authenticated and appended batch by batch. */

import { treeSize, unixMillis } from '../kernel/brand.ts'
import { equal } from '../kernel/bytes.ts'
import { completedTiles, type Edge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { type ReadTile, TILE_WIDTH, tileWidth } from '../kernel/tile.ts'
import { ahead } from './ahead.ts'
import { ATTACHMENTS, attachmentPath, MAX_ATTACHMENT_BYTES, readEntries, type SignedHead } from './copy.ts'
import type { LeafFacts, NamedAttachment } from './facts.ts'
import type { Attachment, Head, LookupKey, SealedEntry } from './ports.ts'
import type { RecoverParts } from './recover.ts'

/** Bundles on their way while one is appended. */
const AHEAD = 4
/** Entries whose attachments are on their way together: of 4 MiB at most, each. */
const AT_ONCE = 16
/** One transaction; with their attachments. */
const BATCH = { entries: 1024, bytes: 16 * 2 ** 20 } as const

/** An attachment, and what it adds to the keys of its leaf. */
interface Kept {
  readonly attachment: Attachment
  readonly derived: readonly LookupKey[]
}

export class Tail {
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

  /** Up to the copy's checkpoint. What an earlier, interrupted run appended is not read again. */
  async append(): Promise<void> {
    const { size } = this.#signed.checkpoint
    const attached = await this.#hasAttachments()
    const start = this.#head.size
    for await (const { first, entries } of ahead(bundles(start, size), AHEAD, (index) => this.#bundle(index)))
      for (let i = Math.max(0, start - first); i < entries.length; i += AT_ONCE)
        await this.#take(entries.slice(i, i + AT_ONCE), first + i, attached)
    await this.#flush()
  }

  async #bundle(index: number): Promise<{ readonly first: number; readonly entries: readonly Uint8Array[] }> {
    const width = tileWidth(0, index, this.#signed.checkpoint.size)
    return { first: index * TILE_WIDTH, entries: await readEntries(this.#parts.read, this.#tiles, { index, width }) }
  }

  /** A few entries, whose attachments are fetched together. */
  async #take(leaves: readonly Uint8Array[], first: number, attached: boolean): Promise<void> {
    const entries = await Promise.all(leaves.map((leaf, i) => this.#entry(leaf, first + i, attached)))
    for (const entry of entries) {
      this.#batch.push(entry)
      this.#bytes += entry.leaf.length + entry.attachments.reduce((sum, { content }) => sum + content.length, 0)
      if (this.#batch.length >= BATCH.entries || this.#bytes >= BATCH.bytes) await this.#flush()
    }
  }

  async #entry(leaf: Uint8Array, index: number, attached: boolean): Promise<SealedEntry> {
    const { keys, attachments } = this.#factsOf(leaf, index)
    const found = attached ? await Promise.all(attachments.map((named) => this.#attachment(named, index))) : []
    const kept = found.filter((one) => one !== null)
    const [withdraws] = kept.flatMap(({ attachment }) => this.#parts.withdraws(leaf, attachment.content) ?? [])
    return {
      leaf,
      keys: [...keys, ...kept.flatMap(({ derived }) => derived)],
      attachments: kept.map(({ attachment }) => attachment),
      hash: leafHash(leaf),
      ...(withdraws !== undefined && { withdraws }),
    }
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

  async #attachment(named: NamedAttachment, index: number): Promise<Kept | null> {
    const { algorithm, digest } = named
    const content = await this.#parts.read(attachmentPath(named), MAX_ATTACHMENT_BYTES)
    if (content === null) return null
    try {
      if (!equal(this.#parts.digest(algorithm, content), digest))
        throw new TlogError('COPY_REFUSED', 'it does not hash to its digest')
      return { attachment: { algorithm, digest, content }, derived: named.keysOf(content) }
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
      this.#parts.onProblem(`leaf ${index}: the copy's attachment is left out: ${error.message}`)
      return null
    }
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
