/** Files that may carry a slot: what was signed is the file without it. */

import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DigestName } from '../crypto/algorithms.ts'
import type { ByteSource, Pieces } from '../formats/model/byte-source.ts'
import { pieced } from '../formats/model/pieces.ts'
import { findSlot, type Slot } from '../formats/model/slot.ts'
import { chunksOf, counted, digestFile, type OnBytes } from './digest-file.ts'
import { digestRanges } from './digest-ranges.ts'
import { fileSource } from './file-source.ts'

/** Bytes a write. */
const PIECE = 1024 * 1024

/** The file is open for as long as `use` takes. @throws the system's error */
export async function withSource<T>(
  path: string,
  use: (source: ByteSource, file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(path)
  try {
    return await use(fileSource(file, (await file.stat()).size), file)
  } finally {
    await file.close()
  }
}

/** @throws the system's error */
export async function slotOf(path: string): Promise<Slot | null> {
  return await withSource(path, findSlot)
}

/** Of the file without its slot; of one that has none, of all. @throws the system's error; TlogError MODEL_MALFORMED when it changed meanwhile */
export async function digestSigned(
  path: string,
  names: ReadonlySet<DigestName>,
  onBytes: OnBytes,
): Promise<ReadonlyMap<DigestName, Uint8Array>> {
  const slot = await slotOf(path)
  return slot === null
    ? await digestFile(path, names, onBytes)
    : await digestPieces({ path, pieces: slot.stripped, onBytes }, names)
}

interface Pass {
  readonly path: string
  readonly pieces: Pieces
  readonly onBytes: OnBytes
}

/** One pass for each name: nearly always there is one. */
async function digestPieces(
  { path, pieces, onBytes }: Pass,
  names: ReadonlySet<DigestName>,
): Promise<ReadonlyMap<DigestName, Uint8Array>> {
  const digests = new Map<DigestName, Uint8Array>()
  for (const name of names)
    await withSource(path, async ({ size }, file) => {
      const [digest] = await digestRanges(counted(chunksOf(file), size, onBytes), size, [pieces], name)
      digests.set(name, digest as Uint8Array)
    })
  return digests
}

/**
 * What a file becomes, whole and durable or not at all; with the file's permissions. Where `out` is the file itself, it is
 * the old one or the new one, whatever happens.
 * @throws the system's error, EEXIST when `out` is another file that is there
 */
export async function writePieces(path: string, pieces: Pieces, out: string): Promise<void> {
  const draft = out === path ? `${path}.new` : out
  await withSource(path, async (source, file) => writeWhole(pieced(source, pieces), draft, (await file.stat()).mode))
  if (draft !== out) await rename(draft, out)
  await syncDirectory(dirname(out))
}

/** Whole and durable or not at all; executable. @throws the system's error, EEXIST when it is there */
export async function writeSource(source: ByteSource, out: string): Promise<void> {
  await writeWhole(source, out, 0o777)
  await syncDirectory(dirname(out))
}

async function writeWhole(source: ByteSource, out: string, mode: number): Promise<void> {
  const target = await open(out, 'wx', mode)
  try {
    await copy(source, target)
    await target.sync()
  } catch (error) {
    await rm(out, { force: true })
    throw error
  } finally {
    await target.close()
  }
}

async function copy(source: ByteSource, target: FileHandle): Promise<void> {
  for (let at = 0; at < source.size; at += PIECE)
    await target.writeFile(await source.read(at, Math.min(PIECE, source.size - at)))
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
