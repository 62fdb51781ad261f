/** The tree as a stranger rebuilds it from what a log serves: entries first, and every hash made anew from them. */

import { parseBundle } from '../../src/formats/c2sp/bundle.ts'
import { hex, parseHex } from '../../src/kernel/bytes.ts'
import { TILE_WIDTH, tilePath } from '../../src/kernel/tile.ts'
import { leaf as leafHash, node, sha256 } from '../reference/rfc6962.ts'

/** A resource of c2sp.org/tlog-tiles by its path below the log's prefix; null when there is none. */
export type Read = (path: string) => Promise<Uint8Array | null>

/** Over HTTP, from a running server. @throws Error on any answer but 200 and 404. */
export function readFrom(url: string): Read {
  return async (path) => {
    const response = await fetch(`${url}/${path}`)
    const body = new Uint8Array(await response.arrayBuffer())
    if (response.status === 404) return null
    if (response.status !== 200) throw new Error(`GET /${path}: ${response.status}`)
    return body
  }
}

/** Grows by whole reads; what was read once must never read differently again. */
export class Tree {
  /** Leaf hashes by index, in hex. */
  readonly leaves: string[] = []
  readonly #peaks: { readonly size: number; readonly root: Uint8Array }[] = []

  /**
   * Reads on to `size`, the last bundle of before once more. Costs one request per 256 entries.
   * @param onLeaf hears of every new leaf, after it is in the tree.
   * @throws Error when a bundle is missing or malformed, or a leaf is no longer what it was.
   */
  async grow(read: Read, size: number, onLeaf: (leaf: string, index: number) => void): Promise<void> {
    for (let index = Math.floor(this.leaves.length / TILE_WIDTH); index * TILE_WIDTH < size; index++) {
      const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH)
      const path = tilePath({ level: 'entries', index, width })
      const bundle = await read(path)
      if (bundle === null) throw new Error(`${path} is missing`)
      for (const [i, entry] of parseBundle(bundle, width).entries())
        this.#take(leafHash(entry), index * TILE_WIDTH + i, onLeaf)
    }
  }

  /** RFC 6962 §2.1: the peaks folded from the right. */
  root(): Uint8Array {
    const [first, ...rest] = this.#peaks.map((peak) => peak.root).reverse()
    return first === undefined ? sha256() : rest.reduce((right, left) => node(left, right), first)
  }

  /** Compares every hash tile that the log serves, full and partial, with the entries; one line for each that differs. */
  async compareTiles(read: Read): Promise<string[]> {
    const differing: string[] = []
    let hashes: Uint8Array[] = this.leaves.map(parseHex)
    for (let level = 0; hashes.length > 0; level++) {
      const above: Uint8Array[] = []
      for (let index = 0; index * TILE_WIDTH < hashes.length; index++) {
        const part = hashes.slice(index * TILE_WIDTH, (index + 1) * TILE_WIDTH)
        const path = tilePath({ level, index, width: part.length })
        const served = await read(path)
        if (served === null || !Buffer.concat(part).equals(served))
          differing.push(`${path} does not follow from the entries`)
        if (part.length === TILE_WIDTH) above.push(perfectRoot(part))
      }
      hashes = above
    }
    return differing
  }

  #take(hash: Uint8Array, index: number, onLeaf: (leaf: string, index: number) => void): void {
    const leaf = hex(hash)
    const before = this.leaves[index]
    if (before === leaf) return
    if (before !== undefined) throw new Error(`leaf ${index} was ${before} and is ${leaf} now`)
    this.leaves.push(leaf)
    let peak = { size: 1, root: hash }
    for (let last = this.#peaks.at(-1); last?.size === peak.size; last = this.#peaks.at(-1)) {
      this.#peaks.pop()
      peak = { size: 2 * peak.size, root: node(last.root, peak.root) }
    }
    this.#peaks.push(peak)
    onLeaf(leaf, index)
  }
}

/** Of a power of two of hashes. */
function perfectRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const [only] = hashes
  if (only !== undefined && hashes.length === 1) return only
  const middle = hashes.length / 2
  return node(perfectRoot(hashes.slice(0, middle)), perfectRoot(hashes.slice(middle)))
}
