/** Reads a tlog-tiles log of which nothing is believed but what its checkpoint proves, and which never goes back. */

import { parseBundle } from '../formats/c2sp/bundle.ts'
import type { Policy } from '../formats/c2sp/policy.ts'
import { authenticTiles } from '../kernel/authentic.ts'
import { type Hash, hash, type LeafIndex, type TreeSize } from '../kernel/brand.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { proveInclusion, rootAt } from '../kernel/proof.ts'
import { type ReadTile, readFromTiles, readWhole, TILE_WIDTH, type Tile, tilePath, tileWidth } from '../kernel/tile.ts'
import { openCheckpoint, requireSameLog, shown, type VerifiedCheckpoint } from './checkpoint.ts'
import type { VerifyMlDsa44 } from './ports.ts'

const HASH_BYTES = 32

/** Where the files come from: a server, a directory. Not trusted: it can at most withhold. */
export interface TileSource {
  checkpoint(): Promise<Uint8Array>
  /** The file at a path such as tile/0/x001/067.p/8, or null when there is none. Bounded in length by the source. */
  file(path: string): Promise<Uint8Array | null>
}

export interface TileReaderOptions {
  readonly source: TileSource
  /** Names the log. */
  readonly policy: Policy
  readonly mlDsa44: VerifyMlDsa44 | null
  /** The note of the last head that was seen, kept by the caller; null the first time. */
  readonly remembered: Uint8Array | null
}

export interface TileReader {
  /** The newest head; store its note before relying on what was read under it. */
  readonly head: VerifiedCheckpoint
  /**
   * Asks for a newer head. On any error the one before stays.
   * @throws TlogError as openCheckpoint does; TREE_SHRUNK; PROOF_INVALID for another history; TILE_MALFORMED
   */
  refresh(): Promise<VerifiedCheckpoint>
  /**
   * The entries from `start` up to, but without, `end`, in order. One bundle and one tile are held at a time.
   * @throws TlogError RANGE_INVALID outside the head; PROOF_INVALID, TILE_MALFORMED, BUNDLE_MALFORMED
   */
  entries(start: number, end: number): AsyncGenerator<Uint8Array>
  /** The audit path of a leaf in the head. @throws TlogError RANGE_INVALID, PROOF_INVALID, TILE_MALFORMED */
  prove(index: LeafIndex): Promise<readonly Hash[]>
}

/** @throws TlogError as `refresh` does; also when `remembered` does not open under the policy. */
export async function openTileReader(options: TileReaderOptions): Promise<TileReader> {
  const { source, policy, mlDsa44, remembered } = options
  const known = remembered === null ? null : await openCheckpoint(remembered, policy, mlDsa44)
  let view = await nextView(known, options)
  const advance = async () => {
    view = await nextView(view.head, options)
    return view.head
  }
  let last: Promise<unknown> = Promise.resolve()
  return {
    get head() {
      return view.head
    },
    // One at a time: of two under way the slower could put the older head back.
    refresh() {
      const next = last.then(advance, advance)
      last = next
      return next
    },
    entries: (start, end) => readEntries(source, view, start, end),
    prove: (index) => proveInclusion(index, view.head.size, readFromTiles(view.readTile, view.head.size)),
  }
}

/** A head and its tiles, each of which leads to the head's root. */
interface View {
  readonly head: VerifiedCheckpoint
  readonly readTile: ReadTile
}

async function nextView(known: VerifiedCheckpoint | null, options: TileReaderOptions): Promise<View> {
  const { source, policy, mlDsa44 } = options
  const head = await openCheckpoint(await source.checkpoint(), policy, mlDsa44)
  const readTile = authenticTiles(head, (level, index, width) => readHashes(source, { level, index, width }))
  if (known !== null) await requireGrowth(known, head, readTile)
  return { head, readTile }
}

async function requireGrowth(known: VerifiedCheckpoint, head: VerifiedCheckpoint, readTile: ReadTile): Promise<void> {
  requireSameLog(known, head)
  if (known.size === head.size || known.size === 0) return
  const root = await rootAt(known.size, readFromTiles(readTile, head.size))
  if (!equal(root, known.root))
    throw new TlogError('PROOF_INVALID', `${shown(head.origin)} rewrote the first ${known.size} leaves`)
}

/** A log may have dropped a partial file once the full one is there; of that one only the first `width` are used. */
async function readHashes(source: TileSource, tile: Tile & { level: number }): Promise<Uint8Array | null> {
  const bytes = await source.file(tilePath(tile))
  if (bytes !== null || tile.width === TILE_WIDTH) return bytes
  const full = await source.file(tilePath({ ...tile, width: TILE_WIDTH }))
  return full === null ? null : full.slice(0, tile.width * HASH_BYTES)
}

async function* readEntries(
  source: TileSource,
  { head, readTile }: View,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || start > end || end > head.size)
    throw new TlogError('RANGE_INVALID', `[${start}, ${end}) is not in a tree of ${head.size}`)
  for (let at = start; at < end; ) {
    const index = Math.floor(at / TILE_WIDTH)
    const entries = await readAuthentic(source, readTile, index, head.size)
    const first = index * TILE_WIDTH
    const stop = Math.min(end, first + TILE_WIDTH)
    yield* entries.slice(at - first, stop - first)
    at = stop
  }
}

/** A bundle whose every entry is the leaf that the tree has there. */
async function readAuthentic(
  source: TileSource,
  readTile: ReadTile,
  index: number,
  size: TreeSize,
): Promise<readonly Uint8Array[]> {
  const width = tileWidth(0, index, size)
  const hashes = await readWhole(readTile, { level: 0, index, width })
  const entries = await readBundle(source, index, width)
  entries.forEach((entry, i) => {
    if (!equal(leafHash(entry), hash(hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))))
      throw new TlogError('PROOF_INVALID', `entry ${index * TILE_WIDTH + i} is not the leaf of the tree of ${size}`)
  })
  return entries
}

async function readBundle(source: TileSource, index: number, width: number): Promise<readonly Uint8Array[]> {
  const tile: Tile = { level: 'entries', index, width }
  const bytes = await source.file(tilePath(tile))
  if (bytes !== null) return parseBundle(bytes, width)
  const full = width === TILE_WIDTH ? null : await source.file(tilePath({ ...tile, width: TILE_WIDTH }))
  if (full === null) throw new TlogError('TILE_MALFORMED', `${tilePath(tile)} is missing`)
  return parseBundle(full, TILE_WIDTH).slice(0, width)
}
