/**
 * What must be true before a log may sign again. On any doubt the start is refused, with cause and remedy: a log that
 * signs two histories is worth nothing, one that is down can be repaired.
 */

import { parseBundle } from '../formats/c2sp/bundle.ts'
import { type Hash, hash, type TreeSize } from '../kernel/brand.ts'
import { equal, hex } from '../kernel/bytes.ts'
import { type Edge, loadEdge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { proveConsistency, rootAt, verifyConsistency } from '../kernel/proof.ts'
import { readFromTiles, TILE_WIDTH } from '../kernel/tile.ts'
import type { LogState } from './log.ts'
import type { Head, LogReader, Mark, Published, Ratchet, Signer } from './ports.ts'
import { checkPublished } from './publisher.ts'

export interface LoadParts {
  readonly origin: string
  readonly store: LogReader
  readonly ratchet: Pick<Ratchet, 'read'>
  readonly signer: Pick<Signer, 'open'>
}

/**
 * Re-hashes the right edge, and compares head, ratchet and newest checkpoint with each other.
 * Cost: at most 256 tiles a level, whatever the size.
 *
 * @throws TlogError STORE_CORRUPT when the stored tree contradicts itself, RATCHET_REFUSED when it contradicts what
 *   the log's key has signed.
 */
export async function loadState(parts: LoadParts): Promise<LogState> {
  const { store } = parts
  const head = await store.head()
  if (head === null)
    throw new TlogError('STORE_CORRUPT', 'the log has no head, not even of size 0: restore the database')
  const mark = await parts.ratchet.read()
  checkForward(head, mark)
  const edge = await loadVerifiedEdge(head, store)
  await checkLastEntries(head, store)
  await checkSigned(head, mark, store)
  const published = await store.published()
  if (published !== null) await checkNewest(published, mark, parts)
  return { head, edge, published }
}

/**
 * A frozen log that cannot sign any more: its tail, its ratchet or its key is gone. What its newest checkpoint covers was
 * signed once and stays provable; of anything after it nothing is known, so the tree ends there and nothing is signed.
 * Null when no checkpoint was published: then there is nothing to show.
 *
 * @throws TlogError STORE_CORRUPT when the checkpoint is not the log's, or the stored tree is not the one it signs.
 */
export async function loadRetired(parts: Omit<LoadParts, 'ratchet'>): Promise<LogState | null> {
  const { store, origin, signer } = parts
  const published = await store.published()
  if (published === null) return null
  await checkPublished(published, origin, signer.open)
  const { size, root, time } = published
  const head: Head = { size, root, time }
  const edge = await loadVerifiedEdge(head, store)
  await checkLastEntries(head, store)
  return { head, edge, published }
}

/** A database that ends before the last signature was rolled back: an old copy, a lost WAL, a flipped bit in it. */
function checkForward(head: Head, mark: Mark): void {
  if (mark.size > head.size)
    throw new TlogError(
      'RATCHET_REFUSED',
      `the database is behind the last signed head: it ends at ${head.size}, the ratchet says ${mark.size} was signed. ` +
        'An older copy was restored or the end of the database was lost. Bring back the newest database with its -wal ' +
        'file, fetch what is missing with `colophon recover`, or retire the log (`colophon retire`)',
    )
}

/** The edge of the stored tree. @throws TlogError STORE_CORRUPT unless it hashes to the root of `head`. */
export async function loadVerifiedEdge(head: Head, store: LogReader): Promise<Edge> {
  let edge: Edge
  try {
    edge = await loadEdge(head.size, store.tile)
  } catch (cause) {
    throw corruptTree(head.size, 'a tile on its right edge is missing or malformed', cause)
  }
  if (!equal(edge.root(), head.root)) throw corruptTree(head.size, 'its tiles do not hash to the stored root')
  return edge
}

/** The entries of the last bundle are the ones a torn write would hit; fsck reads all the others. */
async function checkLastEntries(head: Head, store: LogReader): Promise<void> {
  if (head.size === 0) return
  const at = Math.floor((head.size - 1) / TILE_WIDTH)
  const width = head.size - at * TILE_WIDTH
  const [bundle, tile] = await Promise.all([store.bundle(at, width), store.tile(0, at, width)])
  if (bundle === null || tile === null) throw corruptTree(head.size, 'its last bundle is missing')
  for (const [i, entry] of entriesOf(bundle, width, head).entries())
    if (!equal(leafHash(entry), tile.subarray(32 * i, 32 * i + 32)))
      throw corruptTree(head.size, `entry ${at * TILE_WIDTH + i} does not hash to its leaf`)
}

function entriesOf(bundle: Uint8Array, width: number, head: Head): Uint8Array[] {
  try {
    return parseBundle(bundle, width)
  } catch (cause) {
    throw corruptTree(head.size, 'its last bundle is malformed', cause)
  }
}

async function checkSigned(head: Head, mark: Mark, store: LogReader): Promise<void> {
  const root = await rootOf(mark.size, head, store)
  if (!equal(root, mark.root))
    throw new TlogError(
      'RATCHET_REFUSED',
      `at size ${mark.size} the database has the root ${hex(root)}, but this log signed ${hex(mark.root)}. ` +
        'The database is not the one that was signed: bring back the right one, or retire the log (`colophon retire`)',
    )
  await checkExtends(mark, head, store)
}

/**
 * The root alone does not show it: an old root is read from other tiles than the right edge, and a forger could leave
 * those as they were.
 */
async function checkExtends(mark: Mark, head: Head, store: LogReader): Promise<void> {
  try {
    verifyConsistency(mark, head, await proveConsistency(mark.size, head.size, readFromTiles(store.tile, head.size)))
  } catch (cause) {
    throw corruptTree(head.size, `it does not extend the tree of ${mark.size} that was signed`, cause)
  }
}

/** The ratchet moves before a checkpoint is stored, so it can never be the smaller one, unless an old copy of it came back. */
async function checkNewest(published: Published, mark: Mark, parts: LoadParts): Promise<void> {
  if (published.size > mark.size)
    throw new TlogError(
      'RATCHET_REFUSED',
      `the ratchet is older than the database: it says ${mark.size}, a checkpoint of ${published.size} was published. ` +
        'An older copy of the ratchet was restored, or its newest slot was torn or damaged: bring back the newest one. ' +
        'Without it, the log signs no more (`colophon retire`)',
    )
  await checkPublished(published, parts.origin, parts.signer.open)
  const root = await rootOf(published.size, { size: mark.size, root: mark.root }, parts.store)
  if (!equal(root, published.root))
    throw corruptTree(published.size, 'its root is not the one in the published checkpoint')
}

async function rootOf(size: TreeSize, known: Mark, store: LogReader): Promise<Hash> {
  if (size === known.size) return hash(known.root)
  try {
    return await rootAt(size, readFromTiles(store.tile, size))
  } catch (cause) {
    throw corruptTree(size, 'a tile is missing or malformed', cause)
  }
}

function corruptTree(size: number, why: string, cause?: unknown): TlogError {
  const remedy = 'Nothing was signed. Run `colophon fsck` to find the place, and restore the database from a good copy'
  return new TlogError('STORE_CORRUPT', `the stored tree of size ${size} contradicts itself: ${why}. ${remedy}`, {
    cause,
  })
}
