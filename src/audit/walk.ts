/**
 * Every leaf of a log, in order, into the right edge of a tree: whatever the log serves must follow from its entries. Memory
 * is constant: the edge, and what is read ahead.
 */

import { leafIndex, type TreeSize } from '../kernel/brand.ts'
import { concat, equal } from '../kernel/bytes.ts'
import { completedTiles, type Edge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import type { TreeHead } from '../kernel/proof.ts'
import { type HashTile, TILE_WIDTH, tileWidth } from '../kernel/tile.ts'
import { unfinished } from './edge-tiles.ts'
import type { AuditedLog, EntryLog, TiledLog } from './ports.ts'
import { readAhead } from './read-ahead.ts'
import { readBundle, readTile } from './tiled.ts'

export interface Walk {
  readonly log: AuditedLog
  /** Where to begin; grows in place. */
  readonly edge: Edge
  readonly size: TreeSize
  /** Heads whose roots the edge must have when it gets there, smallest first, the last one of `size`. */
  readonly heads: readonly TreeHead[]
  /** After each bundle. */
  readonly onProgress: (edge: Edge) => void
}

/** A tile that does not follow from the entries, with what it should be. */
export interface FalseTile {
  readonly tile: HashTile
  readonly shown: Uint8Array
  readonly expected: Uint8Array
}

export interface Walked {
  /** Whether all heads were met; if not, something that was read, or was signed, is wrong: which is to be found out. */
  readonly whole: boolean
  /** The first few. */
  readonly falseTiles: readonly FalseTile[]
}

const WINDOW = 8
const MAX_FALSE = 4

/** @throws TlogError NOT_FOUND for a file that the log does not show; as the log's port does */
export async function walk(parts: Walk): Promise<Walked> {
  return await new Walker(parts).run()
}

interface Chunk {
  readonly index: number
  readonly width: number
  /** Null: a bundle that cannot be read. */
  readonly entries: readonly Uint8Array[] | null
  /** Of level 0; null where a log has no tiles. */
  readonly tile: Uint8Array | null
}

class Walker {
  readonly #parts: Walk
  readonly #falseTiles: FalseTile[] = []
  #heads: readonly TreeHead[]

  constructor(parts: Walk) {
    this.#parts = parts
    this.#heads = parts.heads.filter(({ size }) => size > parts.edge.size)
  }

  async run(): Promise<Walked> {
    const { edge, size, onProgress } = this.#parts
    const chunks = [Math.floor(edge.size / TILE_WIDTH), Math.ceil(size / TILE_WIDTH)] as const
    for await (const chunk of readAhead(...chunks, WINDOW, (index) => this.#read(index))) {
      if (!(await this.#take(chunk))) return { whole: false, falseTiles: this.#falseTiles }
      onProgress(edge)
    }
    await this.#checkUnfinished()
    return { whole: true, falseTiles: this.#falseTiles }
  }

  async #read(index: number): Promise<Chunk> {
    const { log, size } = this.#parts
    const width = tileWidth(0, index, size)
    if (log.kind === 'entries')
      return { index, width, entries: await readEntries(log, index * TILE_WIDTH, width), tile: null }
    const [bundle, tile] = await Promise.all([readBundle(log, index, width), readTile(log, { level: 0, index, width })])
    return { index, width, entries: bundle.entries, tile }
  }

  /** Whether all goes on. */
  async #take({ index, width, entries, tile }: Chunk): Promise<boolean> {
    const { edge } = this.#parts
    if (entries === null) return false
    const leaves = entries.map(leafHash)
    const before = edge.size
    const known = before - index * TILE_WIDTH
    if (known > 0 && !equal(concat(...leaves.slice(0, known)), edge.tile(0, index, known) ?? new Uint8Array()))
      return false
    for (const leaf of leaves.slice(known)) edge.append(leaf)
    if (tile !== null) this.#compare({ level: 0, index, width }, tile, concat(...leaves))
    await this.#checkCompleted(before)
    if (!this.#meet()) return false
    if (edge.size % TILE_WIDTH === 0) edge.forget(edge.size) // compared: what only smaller trees need may go
    return true
  }

  #meet(): boolean {
    const { edge } = this.#parts
    const due = this.#heads.filter(({ size }) => size <= edge.size)
    this.#heads = this.#heads.slice(due.length)
    return due.every(({ size, root }) => equal(edge.root(size), root))
  }

  async #checkCompleted(before: TreeSize): Promise<void> {
    const { log, edge } = this.#parts
    if (log.kind === 'entries') return
    for (const { level, index, bytes } of completedTiles(before, edge))
      await this.#checkTile(log, { level, index, width: TILE_WIDTH }, bytes)
  }

  /** Above level 0, which came with the entries. */
  async #checkUnfinished(): Promise<void> {
    const { log, edge } = this.#parts
    if (log.kind === 'entries') return
    for (const tile of unfinished(edge.size))
      if (tile.level > 0 && tile.width > 0)
        await this.#checkTile(log, tile, edge.tile(tile.level, tile.index, tile.width) ?? new Uint8Array())
  }

  async #checkTile(log: TiledLog, tile: HashTile, expected: Uint8Array): Promise<void> {
    this.#compare(tile, await readTile(log, tile), expected)
  }

  #compare(tile: HashTile, shown: Uint8Array, expected: Uint8Array): void {
    if (equal(shown, expected) || this.#falseTiles.length === MAX_FALSE) return
    this.#falseTiles.push({ tile, shown, expected })
  }
}

async function readEntries(log: EntryLog, start: number, count: number): Promise<readonly Uint8Array[]> {
  const shown = await log.entries(leafIndex(start), count)
  if (shown.length < count)
    throw new TlogError(
      'NOT_FOUND',
      `entry ${start + shown.length} is not shown, and the checkpoint says that it is there`,
    )
  return shown.map(({ body }) => body)
}
