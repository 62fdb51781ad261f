/** A copy of a log outside its store, as c2sp.org/tlog-tiles lays it out: an export, a mirror, another server. */

import { parseBundle } from '../formats/c2sp/bundle.ts'
import { type Checkpoint, parseCheckpoint } from '../formats/c2sp/checkpoint.ts'
import { equal, hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { type ReadTile, readWhole, TILE_WIDTH, type Tile, tilePath } from '../kernel/tile.ts'
import type { ContentName, Signer } from './ports.ts'

/**
 * A resource by its path below the log's prefix; null when there is none.
 * @throws TlogError COPY_REFUSED when it is above `maxBytes` or cannot be read.
 */
export type ReadResource = (path: string, maxBytes: number) => Promise<Uint8Array | null>

/** Beside the tree: content by digest. No part of tlog-tiles; the file `layout` says that it is there. */
export const ATTACHMENTS = { layout: 'attachments/layout', text: 'colophon attachments 1\n' } as const

/** As `--attachment-limit` allows at most. */
export const MAX_ATTACHMENT_BYTES = 4 * 2 ** 20
export const MAX_NOTE_BYTES = 2 ** 20
const HASH_BYTES = 32
/** 256 entries of 65,535 bytes, each after two bytes of length. */
export const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + 65_535)

export interface SignedHead {
  readonly note: Uint8Array
  readonly checkpoint: Checkpoint
}

/**
 * The checkpoint of a copy; null when there is none.
 * @throws TlogError COPY_REFUSED unless the log's own key signed it, for this origin; IDENTITY_CHANGED where `open` does.
 */
export async function readCheckpoint(
  read: ReadResource,
  log: { readonly origin: string; readonly open: Signer['open'] },
): Promise<SignedHead | null> {
  const note = await read('checkpoint', MAX_NOTE_BYTES)
  if (note === null) return null
  try {
    const checkpoint = parseCheckpoint(await log.open(note))
    if (checkpoint.origin !== log.origin)
      throw new TlogError('CHECKPOINT_MALFORMED', `its origin is ${checkpoint.origin}`)
    return { note, checkpoint }
  } catch (cause) {
    if (cause instanceof TlogError && cause.code === 'IDENTITY_CHANGED') throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TlogError('COPY_REFUSED', `the copy's checkpoint is not one of ${log.origin}: ${why}`, { cause })
  }
}

/** Its tiles, to be authenticated. */
export function copiedTiles(read: ReadResource): ReadTile {
  return async (level, index, width) => {
    const found = await readTileOrFull(read, { level, index, width }, TILE_WIDTH * HASH_BYTES)
    return found === null ? null : found.bytes.subarray(0, width * HASH_BYTES)
  }
}

/**
 * The first `width` entries of a bundle, each of which hashes to its leaf in `tiles`.
 * @throws TlogError COPY_REFUSED when the bundle is absent, BUNDLE_MALFORMED, PROOF_INVALID when an entry is another.
 */
export async function readEntries(
  read: ReadResource,
  tiles: ReadTile,
  where: { readonly index: number; readonly width: number },
): Promise<readonly Uint8Array[]> {
  const bundle: Tile = { level: 'entries', ...where }
  const [found, hashes] = await Promise.all([
    readTileOrFull(read, bundle, MAX_BUNDLE_BYTES),
    readWhole(tiles, { level: 0, ...where }),
  ])
  if (found === null) throw new TlogError('COPY_REFUSED', `the copy has no ${tilePath(bundle)}`)
  const entries = parseBundle(found.bytes, found.width).slice(0, where.width)
  checkEntries(entries, hashes, where.index)
  return entries
}

/** @throws TlogError PROOF_INVALID */
export function checkEntries(entries: readonly Uint8Array[], hashes: Uint8Array, bundle: number): void {
  for (const [i, entry] of entries.entries())
    if (!equal(leafHash(entry), hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)))
      throw new TlogError('PROOF_INVALID', `leaf ${bundle * TILE_WIDTH + i}: its entry does not hash to its leaf`)
}

/** attachments/sha256/ab/cd/abcd…: at most 65,536 files in a folder up to 2^32 of them. */
export function attachmentPath({ algorithm, digest }: ContentName): string {
  const name = hex(digest)
  return `attachments/${algorithm}/${name.slice(0, 2)}/${name.slice(2, 4)}/${name}`
}

/** A partial one may be gone once the full one is there. */
async function readTileOrFull(
  read: ReadResource,
  tile: Tile,
  maxBytes: number,
): Promise<{ readonly bytes: Uint8Array; readonly width: number } | null> {
  const exact = await read(tilePath(tile), maxBytes)
  if (exact !== null || tile.width === TILE_WIDTH) return exact === null ? null : { bytes: exact, width: tile.width }
  const full = await read(tilePath({ ...tile, width: TILE_WIDTH }), maxBytes)
  return full === null ? null : { bytes: full, width: TILE_WIDTH }
}
