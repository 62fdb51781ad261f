/** The manifest of a backup: what is in it, with hashes. Its presence is what makes a directory a backup. */

import { open, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Fields, invalid, list, literal, object, parsed, type Read } from '../formats/fields.ts'
import { parseJson } from '../formats/json.ts'
import { hex, parseHex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'

export const DATABASE = 'log.db'
/** What of a data directory is copied besides the database. Not the ratchet: an old one would vouch for an old tree. */
export const FOLDERS = ['keys', 'trust'] as const
const MANIFEST = 'backup.json'
const FORMAT = 'colophon backup 1'
const MAX_FILES = 10_000
const MAX_BYTES = 4 * 2 ** 20

export interface BackupFile {
  /** Below the data directory, and below the backup. */
  readonly path: string
  readonly bytes: number
  readonly sha256: Uint8Array
}

/**
 * At least the database, which is the first.
 * @throws TlogError COPY_REFUSED when it is missing or malformed.
 */
export async function readManifest(backup: string): Promise<readonly BackupFile[]> {
  const path = join(backup, MANIFEST)
  const { size } = await stat(path).catch((cause: unknown) => {
    throw new TlogError('COPY_REFUSED', `${path} is missing: ${backup} is no backup, or making it was interrupted`, {
      cause,
    })
  })
  try {
    if (size > MAX_BYTES) throw invalid('', `above ${MAX_BYTES} bytes`)
    const files = manifest(parseJson(new Uint8Array(await readFile(path))), '')
    const paths = new Set(files.map((file) => file.path))
    if (files[0]?.path !== DATABASE || paths.size !== files.length)
      throw invalid('files', `each once, ${DATABASE} first`)
    return files
  } catch (cause) {
    throw new TlogError('COPY_REFUSED', `${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** Whole or not at all. The caller syncs the directory. */
export async function writeManifest(out: string, files: readonly BackupFile[]): Promise<void> {
  const listed = files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256: hex(sha256) }))
  const temporary = join(out, `${MANIFEST}.new`)
  const handle = await open(temporary, 'wx', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify({ format: FORMAT, files: listed }, null, 2)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, join(out, MANIFEST))
}

const count: Read<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw invalid(path, 'a count was expected')
  return value
}

/**
 * Nothing but what a backup has: a path that leads elsewhere would be written there.
 * @throws TlogError FIELD_INVALID
 */
export function parsePath(text: string): string {
  const parts = text.split('/')
  const plain = parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]{0,254}$/.test(part))
  const known = text === DATABASE || (parts.length > 1 && FOLDERS.some((folder) => folder === parts[0]))
  if (!plain || !known)
    throw new TlogError('FIELD_INVALID', `not a path of a backup: ${JSON.stringify(text.slice(0, 80))}`)
  return text
}

const file: Read<BackupFile> = object((fields: Fields) => ({
  path: fields.required('path', parsed(parsePath)),
  bytes: fields.required('bytes', count),
  sha256: fields.required('sha256', parsed(parseHex)),
}))

const manifest: Read<readonly BackupFile[]> = object((fields: Fields) => {
  fields.required('format', literal(FORMAT))
  return fields.required('files', list(file, { min: 1, max: MAX_FILES }))
})
