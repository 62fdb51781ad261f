/**
 * Nodes of a log's tree, for proofs: from the edge in memory, or from groups of sixteen, of which a proof needs one for
 * each four levels. What a full tile folds to halfway up costs 240 hashes and is remembered, as is what stored tiles hold.
 */

import { type Hash, hash, leafIndex } from '../kernel/brand.ts'
import { concat, equal } from '../kernel/bytes.ts'
import type { Edge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import { nodeHash } from '../kernel/hash.ts'
import type { NodeId } from '../kernel/range.ts'
import { perfectRoot, readWhole, TILE_WIDTH } from '../kernel/tile.ts'
import type { LogReader } from './ports.ts'

/** Of a group. The node that its hashes lead to is LEVELS above them. */
const WIDTH = 16
const LEVELS = 4
const HASH_BYTES = 32
/** Where the nodes k levels above a group's hashes begin, in the bytes of the group. */
const STARTS = [0, 16, 24, 28] as const
/** A KiB each, with their folds: all that is to be remembered of four million leaves. */
const MAX_GROUPS = 16_384

/** The nodes from 16 · index on, at a level that is a multiple of four, and the three levels between them and their root. */
type GroupId = NodeId
type Store = Pick<LogReader, 'tile' | 'leafHashes'>

export class Nodes {
  readonly #edge: Edge
  readonly #store: Store
  readonly #most: number
  /** The one that was not used for longest is the first. */
  readonly #groups = new Map<number, Promise<Uint8Array>>()

  constructor(edge: Edge, store: Store, most = MAX_GROUPS) {
    this.#edge = edge
    this.#store = store
    this.#most = most
  }

  /**
   * One for each id, in their order. Every node must be complete, and durable. Hashes of leaves are as the store has them:
   * a fold shows what they are worth. What is remembered was folded up to the edge.
   * @throws TlogError TILE_MALFORMED, PROOF_INVALID when the store does not have what leads to the edge.
   */
  async read(ids: readonly NodeId[]): Promise<readonly Hash[]> {
    const known = ids.map((id) => fromEdge(this.#edge, id))
    const wanted = new Map<number, GroupId>()
    ids.forEach((id, i) => {
      if (known[i] === undefined) wanted.set(keyOf(groupOf(id)), groupOf(id))
    })
    const groups = new Map<number, Uint8Array>()
    await Promise.all([...wanted].map(async ([key, group]) => groups.set(key, await this.#group(group))))
    return ids.map((id, i) => known[i] ?? fromGroup(groups.get(keyOf(groupOf(id))) as Uint8Array, id))
  }

  #group(group: GroupId): Promise<Uint8Array> {
    if (group.level === 0) return this.#leaves(group)
    const key = keyOf(group)
    const held = this.#groups.get(key) ?? this.#leadingUp(group)
    this.#groups.delete(key)
    this.#groups.set(key, held)
    for (const oldest of this.#groups.keys()) {
      if (this.#groups.size <= this.#most) break
      this.#groups.delete(oldest)
    }
    return held
  }

  /** Read anew each time: most entries are asked for once, and the store has their pages at hand. */
  async #leaves({ index }: GroupId): Promise<Uint8Array> {
    const first = leafIndex(index * WIDTH)
    const hashes = await this.#store.leafHashes(first, WIDTH)
    if (hashes?.length === WIDTH * HASH_BYTES) return withFolds(hashes)
    throw new TlogError('TILE_MALFORMED', `the hashes of leaves ${first} and on are missing`)
  }

  async #leadingUp(group: GroupId): Promise<Uint8Array> {
    try {
      const nodes = withFolds(await this.#stored(group))
      const [root] = await this.read([{ level: group.level + LEVELS, index: group.index }])
      if (root !== undefined && equal(perfectRoot(nodes.subarray(28 * HASH_BYTES)), root)) return nodes
      throw new TlogError(
        'PROOF_INVALID',
        `nodes ${group.index * WIDTH} and on of level ${group.level} are of another tree`,
      )
    } catch (error) {
      this.#groups.delete(keyOf(group)) // what was read wrongly once may be right the next time
      throw error
    }
  }

  /** What the edge does not hold is of full tiles. */
  async #stored({ level, index }: GroupId): Promise<Uint8Array> {
    const isHalfway = level % (2 * LEVELS) !== 0
    const place = { level: Math.floor(level / (2 * LEVELS)), index: isHalfway ? index : Math.floor(index / WIDTH) }
    const tile = await readWhole(this.#store.tile, { ...place, width: TILE_WIDTH })
    const part = (i: number) => tile.subarray(i * WIDTH * HASH_BYTES, (i + 1) * WIDTH * HASH_BYTES)
    return isHalfway
      ? concat(...Array.from({ length: WIDTH }, (_, i) => perfectRoot(part(i))))
      : part(index % WIDTH).slice()
  }
}

/** Itself, or folded from at most eight that are held. */
function fromEdge(edge: Edge, { level, index }: NodeId): Hash | undefined {
  const held = edge.node({ level, index })
  if (held !== undefined || level % LEVELS === 0) return held
  const left = fromEdge(edge, { level: level - 1, index: 2 * index })
  const right = left && fromEdge(edge, { level: level - 1, index: 2 * index + 1 })
  return left && right && nodeHash(left, right)
}

function fromGroup(nodes: Uint8Array, { level, index }: NodeId): Hash {
  const above = level % LEVELS
  const at = (STARTS[above] as number) + (index % (WIDTH / 2 ** above))
  return hash(nodes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES))
}

/** Sixteen hashes, then the eight, four and two that they fold to. */
function withFolds(hashes: Uint8Array): Uint8Array {
  const nodes = new Uint8Array((2 * WIDTH - 2) * HASH_BYTES)
  nodes.set(hashes)
  const node = (i: number) => hash(nodes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))
  for (let at = WIDTH; at < 2 * WIDTH - 2; at++)
    nodes.set(nodeHash(node(2 * (at - WIDTH)), node(2 * (at - WIDTH) + 1)), at * HASH_BYTES)
  return nodes
}

function groupOf({ level, index }: NodeId): GroupId {
  const above = level % LEVELS
  return { level: level - above, index: Math.floor((index * 2 ** above) / WIDTH) }
}

/** Levels are below 64, and indexes of groups below 2^40 / 16. */
function keyOf({ level, index }: GroupId): number {
  return index * WIDTH + level / LEVELS
}
