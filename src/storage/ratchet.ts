/** The signer's own memory: one small file per log, best on another filesystem than the database. */

import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { hash } from '../kernel/brand.ts'
import { concat, equal, hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Mark, Ratchet } from '../log/ports.ts'
import { formatSlot, parseSlot, type RatchetIdentity, SLOT_BYTES, type Slot } from './ratchet-slot.ts'

export type { RatchetIdentity } from './ratchet-slot.ts'

/** Named by the key: a restored or renamed data directory still meets the memory of the key it signs with. */
export function ratchetPath(dir: string, identity: RatchetIdentity): string {
  return join(dir, `${hex(identity.keyId)}.ratchet`)
}

/**
 * Makes the file, durably, when a log is created.
 * @throws TlogError RATCHET_REFUSED when one is there already, or its directory is missing.
 */
export async function createRatchet(path: string, identity: RatchetIdentity, mark: Mark): Promise<Ratchet> {
  const slots = [0, 1].map((sequence) => formatSlot(identity, { sequence, mark }))
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw refused(
      path,
      error.code === 'EEXIST' ? 'exists already: this key has signed before' : 'cannot be created',
      error,
    )
  })
  await withFile(file, async () => {
    await writeAll(file, concat(...slots), 0)
    await file.sync()
  })
  const dir = await open(dirname(path))
  await withFile(dir, () => dir.sync())
  return openRatchet(path, identity)
}

/** @throws TlogError RATCHET_REFUSED when the file is missing, torn, or of another log; the message names the remedy. */
export async function openRatchet(path: string, identity: RatchetIdentity): Promise<Ratchet> {
  const file = await openFile(path, 'r')
  const newest = await withFile(file, () => readNewest(file, path, identity))
  return new FileRatchet(path, identity, newest)
}

/** The same rules without a file, for tests. */
export function memoryRatchet(mark: Mark): Ratchet {
  let held = copy(mark)
  return {
    read: async () => held,
    advance: async (to) => {
      checkForward('memory', held, to)
      held = copy(to)
    },
  }
}

class FileRatchet implements Ratchet {
  readonly #path: string
  readonly #identity: RatchetIdentity
  #newest: Slot
  #queue: Promise<void> = Promise.resolve()
  #failure: unknown

  constructor(path: string, identity: RatchetIdentity, newest: Slot) {
    this.#path = path
    this.#identity = identity
    this.#newest = newest
  }

  async read(): Promise<Mark> {
    return this.#newest.mark
  }

  advance(to: Mark): Promise<void> {
    const turn = this.#queue.then(() => this.#advance(to))
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  async #advance(to: Mark): Promise<void> {
    if (this.#failure !== undefined)
      throw refused(this.#path, 'failed before: what reached the disk is unknown, start again', this.#failure)
    const held = this.#newest.mark
    checkForward(this.#path, held, to)
    if (to.size === held.size) return
    const next = { sequence: this.#newest.sequence + 1, mark: copy(to) }
    try {
      await this.#write(next)
    } catch (error) {
      this.#failure = error // an fsync that failed once may report success when tried again
      throw error
    }
    this.#newest = next
  }

  /** Opened anew each time, so that a file replaced, or moved by a second server with our key, is seen. */
  async #write(next: Slot): Promise<void> {
    const file = await openFile(this.#path, 'r+')
    await withFile(file, async () => {
      const found = await readNewest(file, this.#path, this.#identity)
      if (!isDeepStrictEqual(found, this.#newest))
        throw refused(this.#path, 'was changed by someone else: is another server signing with this key?')
      await writeAll(file, formatSlot(this.#identity, next), (next.sequence % 2) * SLOT_BYTES)
      await file.datasync()
    })
  }
}

/** @throws TlogError RATCHET_REFUSED */
async function readNewest(file: FileHandle, path: string, identity: RatchetIdentity): Promise<Slot> {
  const bytes = new Uint8Array(2 * SLOT_BYTES + 1)
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
  if (bytesRead !== 2 * SLOT_BYTES)
    throw refused(path, `is torn or corrupt: not ${2 * SLOT_BYTES} bytes long. ${REMEDY}`)
  const [first, second] = [0, 1].map((i) =>
    readSlot(path, identity, bytes.subarray(i * SLOT_BYTES, (i + 1) * SLOT_BYTES)),
  )
  return newer(path, first ?? null, second ?? null)
}

function readSlot(path: string, identity: RatchetIdentity, bytes: Uint8Array): Slot | null {
  try {
    return parseSlot(identity, bytes)
  } catch (error) {
    throw refused(path, error instanceof Error ? error.message : String(error), error)
  }
}

/** Even sequence numbers stand in the first slot, odd ones in the second, and the two are neighbours. */
function newer(path: string, first: Slot | null, second: Slot | null): Slot {
  const inPlace = (first?.sequence ?? 0) % 2 === 0 && (second?.sequence ?? 1) % 2 === 1
  const [old, young] = (first?.sequence ?? -1) < (second?.sequence ?? -1) ? [first, second] : [second, first]
  if (young === null || !inPlace) throw refused(path, `is torn or corrupt: no slot of it can be trusted. ${REMEDY}`)
  if (old === null) return young
  if (young.sequence !== old.sequence + 1 || young.mark.size < old.mark.size)
    throw refused(path, `is torn or corrupt: its two slots do not follow each other. ${REMEDY}`)
  return young
}

/** Size and root alone, whatever else the caller's object carries or becomes. */
function copy({ size, root }: Mark): Mark {
  return { size, root: hash(Uint8Array.from(root)) }
}

function checkForward(path: string, held: Mark, to: Mark): void {
  if (to.size < held.size) throw refused(path, `holds size ${held.size}, and never goes back to ${to.size}`)
  if (to.size === held.size && !equal(to.root, held.root))
    throw refused(path, `holds another root at size ${held.size}: ${hex(held.root)}, not ${hex(to.root)}`)
}

const REMEDY =
  'It is the memory of the last head this key signed, and without it an old copy of the database cannot be told from the ' +
  'newest one. Mount or restore the directory it was in; without it the log cannot sign again'

async function openFile(path: string, flags: 'r' | 'r+'): Promise<FileHandle> {
  try {
    return await open(path, flags)
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw refused(path, missing ? `is missing. ${REMEDY}` : 'cannot be opened', error)
  }
}

async function withFile<T>(file: FileHandle, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } finally {
    await file.close()
  }
}

/** One write may be cut short by a signal or a full disk. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at)
    at += bytesWritten
  }
}

function refused(path: string, why: string, cause?: unknown): TlogError {
  return new TlogError('RATCHET_REFUSED', `ratchet ${path}: ${why}`, { cause })
}
