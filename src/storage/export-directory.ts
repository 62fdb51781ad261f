/** A copy of one log in a directory, laid out so that any file server can serve it as it stands. */

import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeDirectory } from '../files/make-directory.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { ReadResource } from '../log/copy.ts'
import type { OpenedTarget } from '../log/export.ts'
import { InFlight } from './in-flight.ts'
import { lockDataDirectory } from './lock.ts'

/** Half-written files, and the lock. Not served by tlog-tiles, and empty of content between runs. */
const WORK = '.work'
/** Of a folder, less what the umask keeps back. */
const PUBLIC = 0o777
/** An fsync each: many at once share the disk's turn. */
const AT_ONCE = 16

/**
 * Opens `dir`, made where it is missing, for one writer.
 * @throws TlogError STORE_LOCKED when another export writes there.
 */
export async function openExportDirectory(dir: string): Promise<OpenedTarget> {
  const work = join(dir, WORK)
  const files = new Files(dir, join(work, 'new'))
  files.makeFolder(work)
  const lock = lockExport(work, dir)
  try {
    await rm(join(work, 'new'), { recursive: true, force: true })
    await mkdir(join(work, 'new'))
  } catch (error) {
    lock.release()
    throw error
  }
  return {
    read: readDirectory(dir),
    add: (path, bytes) => files.add(path, bytes),
    flush: () => files.flush(),
    async replace(path, bytes) {
      await files.write(path, bytes)
      await files.flush()
    },
    remove: (path) => rm(join(dir, path), { force: true }),
    removePartials: (path) => rm(join(dir, `${path}.p`), { recursive: true, force: true }),
    async close() {
      await files.flush().catch(() => undefined)
      lock.release()
    },
  }
}

/** A copy in a directory, to read. @throws TlogError COPY_REFUSED when a file is above `maxBytes`. */
export function readDirectory(dir: string): ReadResource {
  return async (path, maxBytes) => {
    const file = join(dir, path)
    try {
      const { size } = await stat(file)
      if (size > maxBytes) throw new TlogError('COPY_REFUSED', `${file} has ${size} bytes, at most ${maxBytes}`)
      return new Uint8Array(await readFile(file))
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }
}

function lockExport(work: string, dir: string): { release(): void } {
  try {
    return lockDataDirectory(work)
  } catch (error) {
    if (!(error instanceof TlogError && error.code === 'STORE_LOCKED')) throw error
    throw new TlogError('STORE_LOCKED', `${dir}: another export is writing there, maybe the server's own (--publish)`, {
      cause: error,
    })
  }
}

/** The folders whose names are not durable yet, and the writes in flight. */
class Files {
  readonly #dir: string
  readonly #work: string
  readonly #writing = new InFlight(AT_ONCE)
  readonly #folders = new Set<string>()
  readonly #made = new Set<string>()
  #written = 0

  constructor(dir: string, work: string) {
    this.#dir = dir
    this.#work = work
  }

  add(path: string, bytes: Uint8Array): Promise<void> {
    return this.#writing.start(() => this.#add(path, bytes))
  }

  async flush(): Promise<void> {
    await this.#writing.settle()
    for (const folder of this.#folders) await syncFolder(folder)
    this.#folders.clear()
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = join(this.#work, String(this.#written++))
    const file = await open(temporary, 'wx', 0o644)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    const target = join(this.#dir, path)
    this.makeFolder(dirname(target))
    await rename(temporary, target)
    this.#folders.add(dirname(target))
  }

  async #add(path: string, bytes: Uint8Array): Promise<void> {
    const file = join(this.#dir, path)
    const held = await readFile(file).catch((error: unknown) => {
      if (isMissing(error)) return null
      throw error
    })
    if (held === null) await this.write(path, bytes)
    else if (!equal(held, bytes))
      throw new TlogError('COPY_REFUSED', `${file} has other content than this log: it is never written over`)
    else this.#folders.add(dirname(file)) // an interrupted run may have left its name unsynced
  }

  makeFolder(folder: string): void {
    if (this.#made.has(folder)) return
    for (const made of makeDirectory(folder, PUBLIC)) this.#folders.add(dirname(made))
    this.#made.add(folder)
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}
