/** A log that shows tiles (c2sp.org/tlog-tiles): what it proves is made of them here, and leads to the root of its checkpoint. */

import { parseBundle } from '../formats/c2sp/bundle.ts'
import { parseCheckpoint } from '../formats/c2sp/checkpoint.ts'
import { parseNote } from '../formats/c2sp/note.ts'
import type { BundleProof } from '../formats/sigstore/bundle-entry.ts'
import { authenticTiles } from '../kernel/authentic.ts'
import type { Hash, LeafIndex, TreeSize } from '../kernel/brand.ts'
import { parseUtf8, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { proveConsistency, proveInclusion, type ReadNodes } from '../kernel/proof.ts'
import { type ReadTile, readFromTiles, TILE_WIDTH, tilePath, tileWidth } from '../kernel/tile.ts'
import { type Ask, bearer, below, refusal } from './ask.ts'

const HASH_BYTES = 32
const OK = 200
const ABSENT = 404

/** The file at a path such as `checkpoint`, or null when there is none. */
export type ReadFile = (path: string) => Promise<Uint8Array | null>

/** @param url what the paths are below */
export function fileReader(ask: Ask, url: string, token: string | null): ReadFile {
  return async (path) => {
    const place = below(url, `/${path}`)
    const answer = await ask({ url: place, headers: bearer(token) })
    if (answer.status === ABSENT) return null
    if (answer.status !== OK) throw refusal(place, answer, token)
    return answer.bytes
  }
}

/** @throws TlogError SERVICE_REFUSED */
export async function fetchCheckpoint(read: ReadFile): Promise<string> {
  const note = await read('checkpoint')
  if (note === null) throw new TlogError('SERVICE_REFUSED', 'it shows no checkpoint')
  return parseUtf8(note)
}

/** Under the newest checkpoint, which nobody has verified. */
export async function fetchProof(read: ReadFile, index: LeafIndex): Promise<BundleProof> {
  const checkpoint = await fetchCheckpoint(read)
  const { size, root } = headOf(checkpoint)
  return { index, root, size, path: await proveInclusion(index, size, nodesOf(read, checkpoint)), checkpoint }
}

/** Of two trees whose later one is that of the checkpoint. */
export async function fetchConsistency(read: ReadFile, checkpoint: string, first: TreeSize): Promise<readonly Hash[]> {
  return await proveConsistency(first, headOf(checkpoint).size, nodesOf(read, checkpoint))
}

/** The entry's bytes; that they are the leaf is for its proof to say. @throws TlogError TILE_MALFORMED, BUNDLE_MALFORMED */
export async function fetchLeaf(read: ReadFile, index: LeafIndex, size: TreeSize): Promise<Uint8Array> {
  const at = Math.floor(index / TILE_WIDTH)
  const width = tileWidth(0, at, size)
  const path = (width: number) => tilePath({ level: 'entries', index: at, width })
  const partial = await read(path(width))
  const bytes = partial ?? (width === TILE_WIDTH ? null : await read(path(TILE_WIDTH)))
  if (bytes === null) throw new TlogError('TILE_MALFORMED', `${path(width)} is missing`)
  return parseBundle(bytes, partial === null ? TILE_WIDTH : width)[index % TILE_WIDTH] as Uint8Array
}

function headOf(checkpoint: string) {
  return parseCheckpoint(parseNote(utf8(checkpoint)).text)
}

/** A partial tile may be gone once the full one is there. */
function nodesOf(read: ReadFile, checkpoint: string): ReadNodes {
  const { size, root } = headOf(checkpoint)
  const readTile: ReadTile = async (level, at, width) => {
    const bytes = await read(tilePath({ level, index: at, width }))
    if (bytes !== null || width === TILE_WIDTH) return bytes
    return (await read(tilePath({ level, index: at, width: TILE_WIDTH })))?.slice(0, width * HASH_BYTES) ?? null
  }
  return readFromTiles(authenticTiles({ size, root }, readTile), size)
}
