/** A tree held whole in memory, and readers of vectors. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Hash, hash, type LeafHash } from '../../src/kernel/brand.ts'
import { concat } from '../../src/kernel/bytes.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import type { ReadNodes } from '../../src/kernel/proof.ts'
import type { NodeId } from '../../src/kernel/range.ts'
import type { ReadTile } from '../../src/kernel/tile.ts'
import { node as referenceNode } from '../reference/rfc6962.ts'

export const vectors = join(import.meta.dirname, '../vectors')

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(vectors, path), 'utf8'))
}

/** Every JSON file below a folder of vectors, by path. */
export function* jsonBelow(folder: string): Generator<[string, unknown]> {
  for (const file of readdirSync(join(vectors, folder), { recursive: true, encoding: 'utf8' }).sort())
    if (file.endsWith('.json')) yield [join(folder, file), readJson(join(folder, file))]
}

export const entry = (i: number): Uint8Array => new TextEncoder().encode(`entry-${i}`)

/** All complete nodes of a tree of `size` leaves, hashed plainly level by level. */
export class WholeTree {
  readonly leaves: readonly LeafHash[]
  readonly levels: Hash[][]

  constructor(size: number) {
    this.leaves = Array.from({ length: size }, (_, i) => leafHash(entry(i)))
    this.levels = [[...this.leaves]]
    for (let below: Hash[] = [...this.leaves]; below.length > 1; ) {
      const level: Hash[] = []
      for (let i = 0; i + 1 < below.length; i += 2)
        level.push(hash(referenceNode(below[i] as Uint8Array, below[i + 1] as Uint8Array)))
      this.levels.push(level)
      below = level
    }
  }

  node(id: NodeId): Hash {
    const found = this.levels[id.level]?.[id.index]
    if (found === undefined) throw new Error(`no node ${id.index} at level ${id.level}`)
    return found
  }

  readonly read: ReadNodes = async (ids) => ids.map((id) => this.node(id))

  /** Also serves tiles of larger sizes than `tileWidth` says; null when the tree does not fill the width. */
  readonly readTile: ReadTile = async (level, index, width) => {
    const hashes = this.levels[level * 8]?.slice(index * 256, index * 256 + width) ?? []
    return hashes.length === width ? concat(...hashes) : null
  }
}

export function flipBit(bytes: Uint8Array, bit: number): Hash {
  const out = bytes.slice()
  const at = Math.floor(bit / 8)
  out[at] = (out[at] ?? 0) ^ (1 << (bit % 8))
  return hash(out)
}
