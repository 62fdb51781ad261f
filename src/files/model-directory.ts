/** The files of a model's directory, as OpenSSF Model Signing counts them: each by its path from the root, none twice. */

import type { Dirent } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '#sha256'
import { compareNames, requireModelPath, type WholeFiles } from '../formats/model/oms.ts'
import { parseUtf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { digestFile, type OnBytes } from './digest-file.ts'

/** What the specification leaves out at a model's root. A signer who follows it names them in the manifest. */
export const DEFAULT_IGNORED: readonly string[] = ['.git', '.gitattributes', '.github', '.gitignore']

export interface ModelFile {
  /** From the model's root, with `/` between the parts. */
  readonly name: string
  readonly path: string
  readonly bytes: number
}

export interface ModelDirectory {
  /** By name, in the specification's order. Hidden files are files. */
  readonly files: readonly ModelFile[]
  /** Paths of `ignore` that are there. */
  readonly ignored: readonly string[]
}

export interface WalkOptions {
  /** Paths from the model's root: files, and directories with all that is below. */
  readonly ignore: readonly string[]
  /** Whether a link to a file is that file. One to a directory is refused in any case: it could lead anywhere, and back. */
  readonly symlinks: boolean
}

const MAX_FILES = 100_000
const MAX_DEPTH = 64

/**
 * @throws TlogError MODEL_REFUSED for what is neither file nor directory, a link that is not taken, a name that no
 *   manifest can hold, over 100,000 files or 64 levels; the system's error when a directory cannot be read
 */
export async function walkModel(root: string, { ignore, symlinks }: WalkOptions): Promise<ModelDirectory> {
  const ignorable = new Set(ignore)
  const files: ModelFile[] = []
  const ignored: string[] = []

  async function enter(parts: readonly string[]): Promise<void> {
    if (parts.length > MAX_DEPTH) throw refused(parts.join('/'), `deeper than ${MAX_DEPTH} directories`)
    for (const entry of await readdir(join(root, ...parts), { withFileTypes: true, encoding: 'buffer' })) {
      const name = nameOf(parts, entry)
      if (ignorable.has(name)) ignored.push(name)
      else if (entry.isDirectory()) await enter(name.split('/'))
      else files.push(await fileOf(name, entry))
      if (files.length > MAX_FILES) throw refused(name, `more than ${MAX_FILES} files`)
    }
  }

  async function fileOf(name: string, entry: Dirent<Buffer>): Promise<ModelFile> {
    const path = join(root, name)
    if (entry.isSymbolicLink() && !symlinks) throw refused(name, 'a symbolic link')
    const found = entry.isFile() || entry.isSymbolicLink() ? await stat(path) : null
    if (found === null || !found.isFile()) throw refused(name, 'neither a file nor a directory')
    return { name, path, bytes: found.size }
  }

  await enter([])
  return { files: files.sort((a, b) => compareNames(a.name, b.name)), ignored: ignored.sort(compareNames) }
}

/**
 * The resources of a manifest, one file after the other.
 * @param onBytes hears how far it is over all files
 * @throws TlogError MODEL_REFUSED when a file's size is not that of the walk; the system's error when it cannot be read
 */
export async function digestModel(
  files: readonly ModelFile[],
  onBytes: OnBytes = () => undefined,
): Promise<WholeFiles['resources']> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  let before = 0
  const resources: WholeFiles['resources'][number][] = []
  for (const { name, path, bytes } of files) {
    let read = 0
    const digest = await digestOf(path, bytes, (done) => {
      read = done
      onBytes(before + done, total)
    })
    if (read !== bytes) throw refused(name, 'it changed while it was read')
    before += bytes
    resources.push({ name, digest })
  }
  return resources
}

/** Most files of a model are small, and to set up for a large one costs more than to read them. */
const SMALL = 64 * 1024

async function digestOf(path: string, bytes: number, onBytes: (done: number) => void): Promise<Uint8Array> {
  if (bytes > SMALL) return (await digestFile(path, new Set(['SHA2_256']), onBytes)).get('SHA2_256') ?? new Uint8Array()
  const content = await readFile(path)
  onBytes(content.length)
  return sha256(content)
}

function nameOf(parts: readonly string[], entry: Dirent<Buffer>): string {
  try {
    return requireModelPath([...parts, parseUtf8(entry.name)].join('/'))
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    throw refused([...parts, entry.name.toString('latin1')].join('/'), 'no manifest can hold this name')
  }
}

function refused(name: string, why: string): TlogError {
  return new TlogError('MODEL_REFUSED', `${JSON.stringify(name.slice(0, 256))}: ${why}`)
}
