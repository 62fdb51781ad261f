/** A backup: the database, the keys and the trust files of a data directory at one moment, and a manifest that goes last. */

import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { copyFile, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeDirectory } from '../files/make-directory.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { type BackupFile, DATABASE, FOLDERS, parsePath, readManifest, writeManifest } from './backup-manifest.ts'
import { copyDatabase } from './sqlite/backup.ts'

const RESTORING = `${DATABASE}.restoring`

export interface BackupRequest {
  readonly data: string
  readonly out: string
  readonly keys: boolean
  readonly onProgress: (done: number, total: number) => void
}

/**
 * Beside a live server. `out` must be absent or empty; it is a backup once the manifest is there, and not before.
 * @throws TlogError COPY_REFUSED when `out` is in use, and as copyDatabase.
 */
export async function createBackup({ data, out, keys, onProgress }: BackupRequest): Promise<readonly BackupFile[]> {
  if (existsSync(out) && readdirSync(out).length > 0)
    throw new TlogError('COPY_REFUSED', `${out} is not empty: a backup goes into a directory of its own`)
  makeDirectory(out)
  // The database first: a log's key is there before its row.
  await copyDatabase(join(data, DATABASE), join(out, DATABASE), onProgress)
  const others = FOLDERS.filter((folder) => keys || folder !== 'keys').flatMap((folder) => filesBelow(data, folder))
  for (const path of others) await copyPrivately(join(data, path), join(out, path))
  const files: BackupFile[] = []
  for (const path of [DATABASE, ...others]) files.push(await describe(out, path))
  for (const { path } of files) await sync(join(out, path))
  for (const folder of foldersOf(files)) await sync(join(out, folder))
  await writeManifest(out, files)
  await sync(out)
  await sync(dirname(out))
  return files
}

/**
 * The files of a finished backup, each compared with its hash.
 * @throws TlogError COPY_REFUSED when the manifest is missing or malformed, or a file is not what it says.
 */
export async function checkBackup(
  backup: string,
  onProgress: (done: number, total: number) => void,
): Promise<readonly BackupFile[]> {
  const files = await readManifest(backup)
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  let done = 0
  const onBytes = (bytes: number) => {
    done += bytes
    onProgress(done, total)
  }
  for (const file of files) {
    const found = await describe(backup, file.path, onBytes).catch((cause: unknown) => {
      throw new TlogError('COPY_REFUSED', `${join(backup, file.path)} cannot be read`, { cause })
    })
    if (found.bytes !== file.bytes || !equal(found.sha256, file.sha256))
      throw new TlogError('COPY_REFUSED', `${join(backup, file.path)} is not what was backed up: take another backup`)
  }
  return files
}

/**
 * Copies checked files into a data directory; the database under another name, which `finishRestore` changes: until then
 * nothing starts from it. Interrupted, it is run again. Returns that name.
 */
export async function copyBackup(backup: string, data: string, files: readonly BackupFile[]): Promise<string> {
  const partial = join(data, RESTORING)
  for (const suffix of ['-wal', '-shm', '-journal']) await rm(`${partial}${suffix}`, { force: true })
  for (const { path, sha256 } of files) {
    const target = path === DATABASE ? partial : join(data, path)
    await copyPrivately(join(backup, path), target)
    if (!equal(await hashFile(target), sha256))
      throw new TlogError('COPY_REFUSED', `${target} did not arrive as it was backed up`)
    await sync(target)
  }
  for (const folder of foldersOf(files)) await sync(join(data, folder))
  return partial
}

/** The last step, once the database was verified and closed. */
export async function finishRestore(data: string): Promise<void> {
  await sync(join(data, RESTORING))
  await rename(join(data, RESTORING), join(data, DATABASE))
  await sync(data)
  await sync(dirname(data))
}

/** Whether `data` is what an interrupted restore left: the database is the first to come, under its other name. */
export function isRestoreUnderWay(data: string): boolean {
  const names = existsSync(data) ? readdirSync(data) : []
  return names.includes(RESTORING) && !names.includes(DATABASE)
}

function filesBelow(data: string, folder: string): string[] {
  if (!existsSync(join(data, folder))) return []
  return readdirSync(join(data, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(data.length + 1))
    .map(parsePath)
    .sort()
}

function foldersOf(files: readonly BackupFile[]): ReadonlySet<string> {
  const folders = new Set(['.'])
  for (const { path } of files) for (let up = dirname(path); up !== '.'; up = dirname(up)) folders.add(up)
  return folders
}

async function copyPrivately(from: string, to: string): Promise<void> {
  makeDirectory(dirname(to))
  await copyFile(from, to)
  const handle = await open(to, 'r+')
  try {
    await handle.chmod(0o600)
  } finally {
    await handle.close()
  }
}

async function describe(folder: string, path: string, onBytes?: (bytes: number) => void): Promise<BackupFile> {
  const { size } = await stat(join(folder, path))
  return { path, bytes: size, sha256: await hashFile(join(folder, path), onBytes) }
}

async function hashFile(path: string, onBytes: (bytes: number) => void = () => undefined): Promise<Uint8Array> {
  const hash = createHash('sha256')
  for await (const part of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    hash.update(part)
    onBytes((part as Uint8Array).length)
  }
  return hash.digest()
}

/** A file's bytes, or a folder's names. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
