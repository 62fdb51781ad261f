/** What is wrong, once something is: which two heads contradict each other, or which file has not what the log signed. */

import type { Found } from '../formats/evidence.ts'
import { type LeafIndex, leafIndex } from '../kernel/brand.ts'
import { concat, equal, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { consistencyRoots, proveConsistency, verifyConsistency, verifyInclusion } from '../kernel/proof.ts'
import { fold, peaks } from '../kernel/range.ts'
import { TILE_WIDTH, tileOfNode, tilePath, tileWidth } from '../kernel/tile.ts'
import type { VerifiedCheckpoint } from '../verify/checkpoint.ts'
import type { AuditedLog, EntryLog, ShownEntry, TiledLog } from './ports.ts'
import { isFound, readBundle, rootOf, TreeView } from './tiled.ts'
import type { FalseTile } from './walk.ts'

/** Opens a checkpoint by the log's own keys, whoever cosigned. */
export type OpenOwn = (note: Uint8Array) => Promise<VerifiedCheckpoint>

/**
 * Whether the tree of `second` holds the one of `first`, which is not larger.
 * @returns null when it does; else what shows that it does not, or that the log's own files are false
 * @throws TlogError NOT_FOUND, and as the log's port does
 */
export async function compareHeads(
  log: AuditedLog,
  first: VerifiedCheckpoint,
  second: VerifiedCheckpoint,
): Promise<Found | null> {
  const notes = { first: first.note, second: second.note }
  if (first.size === second.size)
    return equal(first.root, second.root) ? null : { kind: 'fork', ...notes, root: second.root, proof: [] }
  if (first.size === 0) return null
  return log.kind === 'tiles' ? await compareByTiles(log, first, second) : await compareByProof(log, first, second)
}

async function compareByTiles(
  log: TiledLog,
  first: VerifiedCheckpoint,
  second: VerifiedCheckpoint,
): Promise<Found | null> {
  const view = new TreeView(log, second)
  for (const id of peaks(first.size)) {
    const { level, index } = tileOfNode(id)
    const found = await view.hashes(level, index)
    if (isFound(found)) return found
  }
  const root = fold(await view.nodes(peaks(first.size)))
  if (equal(root, first.root)) return null
  const proof = await proveConsistency(first.size, second.size, view.nodes)
  return { kind: 'fork', first: first.note, second: second.note, root, proof }
}

async function compareByProof(
  log: EntryLog,
  first: VerifiedCheckpoint,
  second: VerifiedCheckpoint,
): Promise<Found | null> {
  const proof = await log.consistency(first.size, second.size)
  const notes = { first: first.note, second: second.note }
  try {
    verifyConsistency(first, second, proof)
    return null
  } catch (error) {
    if (!(error instanceof TlogError) || error.code !== 'PROOF_INVALID') throw error
  }
  const roots = consistencyRoots(first, second.size, proof)
  if (roots !== null && equal(roots.whole, second.root) && !equal(roots.part, first.root))
    return { kind: 'fork', ...notes, root: roots.part, proof }
  return { kind: 'consistency', ...notes, proof }
}

/**
 * Looks for the first file or entry from `start` on that is not of the head's tree.
 * @returns null when there is none: what was read before was another
 * @throws TlogError NOT_FOUND, and as the log's port does
 */
export async function findFalse(
  log: AuditedLog,
  head: VerifiedCheckpoint,
  start: number,
  openOwn: OpenOwn,
): Promise<Found | null> {
  return log.kind === 'tiles'
    ? await findFalseBundle(log, head, start)
    : await findFalseEntry(log, head, start, openOwn)
}

async function findFalseBundle(log: TiledLog, head: VerifiedCheckpoint, start: number): Promise<Found | null> {
  const view = new TreeView(log, head)
  for (let index = Math.floor(start / TILE_WIDTH); index * TILE_WIDTH < head.size; index++) {
    const hashes = await view.hashes(0, index)
    if (isFound(hashes)) return hashes
    const width = tileWidth(0, index, head.size)
    const { bytes, entries } = await readBundle(log, index, width)
    const isWhole = entries?.every((entry, i) => equal(leafHash(entry), hashes[i] ?? new Uint8Array())) === true
    if (isWhole) continue
    const place = { level: 'entries', index, width } as const
    const root = rootOf(concat(...hashes))
    return { kind: 'content', checkpoint: head.note, place, bytes, root, ...(await view.proofOf(place)) }
  }
  return null
}

/** In steps: every entry comes with a proof of its own. */
const STEP = 64

async function findFalseEntry(
  log: EntryLog,
  head: VerifiedCheckpoint,
  start: number,
  openOwn: OpenOwn,
): Promise<Found | null> {
  for (let at = start; at < head.size; at += STEP) {
    const count = Math.min(STEP, head.size - at)
    const shown = await log.entries(leafIndex(at), count)
    for (const [i, entry] of shown.entries()) {
      const found = await judgeEntry(entry, leafIndex(at + i), openOwn)
      if (found !== null) return found
    }
  }
  return null
}

async function judgeEntry(
  { body, leaf, proof }: ShownEntry,
  index: LeafIndex,
  openOwn: OpenOwn,
): Promise<Found | null> {
  if (proof.checkpoint === null) throw new TlogError('SERVICE_REFUSED', `entry ${index} comes without a checkpoint`)
  const note = utf8(proof.checkpoint)
  const checkpoint = await openOwn(note)
  const proves = (hash: Uint8Array) => {
    try {
      verifyInclusion(hash as typeof leaf, index, checkpoint, proof.path)
      return true
    } catch (error) {
      if (error instanceof TlogError && error.code === 'PROOF_INVALID') return false
      throw error
    }
  }
  if (proves(leafHash(body))) return null
  if (!proves(leaf)) return { kind: 'inclusion', checkpoint: note, index, entry: body, proof: proof.path }
  return {
    kind: 'content',
    checkpoint: note,
    place: { level: 'entry', index },
    bytes: body,
    root: leaf,
    proof: proof.path,
  }
}

/** Evidence against tiles, of a tree whose entries have all been read and make its root. */
export async function againstTiles(
  log: AuditedLog,
  head: VerifiedCheckpoint,
  falseTiles: readonly FalseTile[],
): Promise<readonly Found[]> {
  if (log.kind === 'entries') return []
  const repaired = new Map(falseTiles.map(({ tile, expected }) => [tilePath(tile), expected]))
  const view = new TreeView(log, head, repaired)
  const found: Found[] = []
  for (const { tile, shown, expected } of falseTiles) {
    const { proof } = await view.proofOf(tile)
    const root = rootOf(expected)
    found.push({ kind: 'content', checkpoint: head.note, place: tile, bytes: shown, root, proof })
  }
  return found
}
