/** Makes the batches that a sequencer would, and remembers every leaf to check the store by. */

import { createHash } from 'node:crypto'
import { hash, type LeafHash, treeSize, type UnixMillis, unixMillis } from '../../src/kernel/brand.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { completedTiles, Edge } from '../../src/kernel/edge.ts'
import type {
  Attachment,
  DigestAlgorithm,
  Entry,
  Head,
  LogReader,
  LookupKey,
  Published,
  SealedBatch,
} from '../../src/log/ports.ts'
import { leaf as leafOf, node, sha256 } from '../reference/rfc6962.ts'

export class Feeder {
  readonly leaves: Uint8Array[] = []
  readonly hashes: LeafHash[] = []
  #head: Head
  readonly #edge = new Edge()
  readonly #roots = new Map<number, Uint8Array>()

  constructor(head: Head) {
    this.#head = head
  }

  /** For a store without entries. */
  static async after(store: LogReader): Promise<Feeder> {
    const head = await store.head()
    if (head === null) throw new Error('a new log has a head of size 0')
    return new Feeder(head)
  }

  get head(): Head {
    return this.#head
  }

  /** The next batch; the feeder takes it for appended. */
  batch(entries: readonly Entry[], time: UnixMillis = this.#head.time): SealedBatch {
    const before = treeSize(this.leaves.length)
    const sealed = entries.map((entry) => ({ ...entry, hash: leafHash(entry.leaf) }))
    for (const { leaf, hash } of sealed) {
      this.leaves.push(leaf)
      this.hashes.push(hash)
      this.#edge.append(hash)
    }
    const head = { size: treeSize(this.leaves.length), root: this.#edge.root(), time }
    this.#head = head
    return { entries: sealed, tiles: completedTiles(before, this.#edge), head }
  }

  /** `count` small entries that no other batch has. */
  plain(count: number, time?: UnixMillis): SealedBatch {
    const from = this.leaves.length
    return this.batch(
      Array.from({ length: count }, (_, i) => entry(`entry ${from + i}`)),
      time,
    )
  }

  /** By RFC 6962: the hashes of a tile, from the leaves alone. */
  tile(level: number, index: number, width: number): Uint8Array {
    const leaves = 256 ** level
    const start = index * 256
    return Buffer.concat(
      Array.from({ length: width }, (_, i) => this.#mth((start + i) * leaves, (start + i + 1) * leaves)),
    )
  }

  /** Of a perfect subtree; those of 256 leaves are remembered, they never change. */
  #mth(start: number, end: number): Uint8Array {
    if (end - start === 1) return this.hashes[start] ?? new Uint8Array()
    const held = this.#roots.get(start)
    if (end - start === 256 && held !== undefined) return held
    const middle = start + (end - start) / 2
    const root = node(this.#mth(start, middle), this.#mth(middle, end))
    if (end - start === 256) this.#roots.set(start, root)
    return root
  }
}

export function leafHash(leaf: Uint8Array): LeafHash {
  return hash(leafOf(leaf)) as LeafHash
}

export function entry(text: string, keys: readonly LookupKey[] = [], attachments: readonly Attachment[] = []): Entry {
  return { leaf: utf8(text), keys, attachments }
}

export function lookupKey(name: string, source: LookupKey['source'] = 'leaf'): LookupKey {
  return { key: sha256(utf8(name)), source }
}

export function attachment(text: string, algorithm: DigestAlgorithm = 'sha256'): Attachment {
  const content = utf8(text)
  return { algorithm, digest: new Uint8Array(createHash(algorithm).update(content).digest()), content }
}

export function published(head: Head, note = `note of ${head.size}`): Published {
  return { ...head, note: utf8(note) }
}

export const minutes = (count: number): UnixMillis => unixMillis(count * 60_000)
