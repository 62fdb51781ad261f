/** The documents of a directory, in a manifest's order, for datasets of any number of files. */

import type { Dirent } from 'node:fs'
import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type DatasetLine, formatDatasetLine } from '../formats/custody/dataset-line.ts'
import { requireModelPath } from '../formats/model/oms.ts'
import { concat, parseUtf8, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { digestFile } from './digest-file.ts'

export interface SnapshotOptions {
  /** Paths from the root: files, and directories with all that is below. */
  readonly ignore: readonly string[]
  /** A secret for each document, of 32 bytes; null: none has one. */
  readonly salt: (() => Uint8Array) | null
  /** Hears how many documents were read. */
  readonly onDocuments?: (done: number) => void
}

interface Document {
  readonly name: string
  readonly path: string
}

const MAX_DEPTH = 64
/** Bytes a write. */
const PIECE = 1024 * 1024

/**
 * Holds the names of the directories on the way, not of all. Returns which of `ignore` are there.
 * @param out whole and durable, or not there; never over another
 * @throws TlogError MODEL_REFUSED for a link, a device, or a name that no manifest can hold; the system's errors
 */
export async function snapshotDirectory(root: string, out: string, options: SnapshotOptions): Promise<Set<string>> {
  const ignored = new Set<string>()
  const file = await open(out, 'wx', options.salt === null ? 0o644 : 0o600)
  try {
    await writeLines(file, linesOf(root, options, ignored))
    await file.sync()
    return ignored
  } catch (error) {
    await rm(out, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

async function writeLines(file: FileHandle, lines: AsyncIterable<Uint8Array>): Promise<void> {
  let [parts, length]: [Uint8Array[], number] = [[], 0]
  const flush = async () => {
    await file.writeFile(concat(...parts))
    ;[parts, length] = [[], 0]
  }
  for await (const line of lines) {
    parts.push(line, LF)
    length += line.length + 1
    if (length >= PIECE) await flush()
  }
  await flush()
}

const LF = utf8('\n')

async function* linesOf(
  root: string,
  { ignore, salt, onDocuments }: SnapshotOptions,
  ignored: Set<string>,
): AsyncGenerator<Uint8Array> {
  let count = 0
  for await (const { name, path } of documentsOf(root, [], { ignore: new Set(ignore), ignored })) {
    yield formatDatasetLine({ path: name, ...(await contentOf(path, name)), salt: salt?.() ?? null })
    onDocuments?.(++count)
  }
}

interface Ignoring {
  readonly ignore: ReadonlySet<string>
  readonly ignored: Set<string>
}

/** By the bytes of the paths: a directory stands where its own name with a `/` behind it does. */
async function* documentsOf(root: string, parts: readonly string[], ignoring: Ignoring): AsyncGenerator<Document> {
  if (parts.length > MAX_DEPTH) throw refused(parts.join('/'), `deeper than ${MAX_DEPTH} directories`)
  const entries = await readdir(join(root, ...parts), { withFileTypes: true, encoding: 'buffer' })
  const keyed = entries.map((entry) => ({ entry, key: entry.isDirectory() ? concat(entry.name, SLASH) : entry.name }))
  for (const { entry } of keyed.sort((a, b) => Buffer.compare(a.key, b.key))) {
    const name = nameOf(parts, entry)
    if (ignoring.ignore.has(name)) ignoring.ignored.add(name)
    else if (entry.isDirectory()) yield* documentsOf(root, name.split('/'), ignoring)
    else if (entry.isFile()) yield { name, path: join(root, name) }
    else throw refused(name, entry.isSymbolicLink() ? 'a symbolic link' : 'neither a file nor a directory')
  }
}

const SLASH = utf8('/')

async function contentOf(path: string, name: string): Promise<Pick<DatasetLine, 'sha256' | 'size'>> {
  const { size } = await stat(path)
  let read = 0
  const digests = await digestFile(path, new Set(['SHA2_256']), (done) => {
    read = done
  })
  if (read !== size) throw refused(name, 'it changed while it was read')
  return { sha256: digests.get('SHA2_256') as Uint8Array, size }
}

function nameOf(parts: readonly string[], { name }: Dirent<Buffer>): string {
  try {
    return requireModelPath([...parts, parseUtf8(name)].join('/'))
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    throw refused([...parts, name.toString('latin1')].join('/'), 'no manifest can hold this name')
  }
}

function refused(name: string, why: string): TlogError {
  return new TlogError('MODEL_REFUSED', `${JSON.stringify(name.slice(0, 256))}: ${why}`)
}
