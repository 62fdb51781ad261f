/** The signer's own memory: one small file per log, best on another filesystem than the database. */

import { closeSync, existsSync, fdatasync, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'
import { concat, hex } from '../kernel/bytes.ts'
import type { Mark, Ratchet } from '../log/ports.ts'
import { checkForward, copyMark, EXISTS, RatchetInTurn, REMEDY, REPLACED, readSlot, refused } from './ratchet-rules.ts'
import { formatSlot, isOfEmptyTree, type RatchetIdentity, SLOT_BYTES, type Slot } from './ratchet-slot.ts'

export type { RatchetIdentity } from './ratchet-slot.ts'

/** Named by the key: a restored or renamed data directory still meets the memory of the key it signs with. */
export function ratchetPath(dir: string, identity: RatchetIdentity): string {
  return join(dir, `${hex(identity.keyId)}.ratchet`)
}

/**
 * Makes the file, durably and whole or not at all, when a log is created.
 * @throws TlogError RATCHET_REFUSED when one is there already, or its directory is missing.
 */
export async function createRatchet(path: string, identity: RatchetIdentity, mark: Mark): Promise<Ratchet> {
  const slots = [0, 1].map((sequence) => formatSlot(identity, { sequence, mark }))
  if (existsSync(path)) throw refused(path, EXISTS)
  const draft = `${path}.new`
  withFile(createFile(draft), (file) => {
    writeAll(file, concat(...slots), 0)
    fsyncSync(file)
  })
  renameSync(draft, path)
  withFile(openSync(dirname(path), 'r'), (dir) => fsyncSync(dir))
  return openRatchet(path, identity)
}

/** @throws TlogError RATCHET_REFUSED when the file is missing, torn, or of another log; the message names the remedy. */
export async function openRatchet(path: string, identity: RatchetIdentity): Promise<Ratchet> {
  const newest = withFile(openFile(path, 'r'), (file) => readNewest(file, path, identity))
  return new FileRatchet(path, identity, newest)
}

/** Whether its key may have signed more than the empty tree, whichever log it is of; in doubt, yes. */
export function mayHaveSigned(path: string): boolean {
  return withFile(openFile(path, 'r'), (file) => {
    const bytes = readWhole(file)
    return bytes === null || !slotsOf(bytes).every(isOfEmptyTree)
  })
}

/** The same rules without a file, for tests. */
export function memoryRatchet(mark: Mark): Ratchet {
  let held = copyMark(mark)
  return {
    read: async () => held,
    advance: async (to) => {
      checkForward('memory', held, to)
      held = copyMark(to)
    },
  }
}

class FileRatchet extends RatchetInTurn {
  readonly #path: string
  readonly #identity: RatchetIdentity
  #newest: Slot
  #failure: unknown

  constructor(path: string, identity: RatchetIdentity, newest: Slot) {
    super()
    this.#path = path
    this.#identity = identity
    this.#newest = newest
  }

  async read(): Promise<Mark> {
    return this.#newest.mark
  }

  protected async step(to: Mark): Promise<void> {
    if (this.#failure !== undefined)
      throw refused(this.#path, 'failed before: what reached the disk is unknown, start again', this.#failure)
    const held = this.#newest.mark
    checkForward(this.#path, held, to)
    if (to.size === held.size) return
    const next = { sequence: this.#newest.sequence + 1, mark: copyMark(to) }
    try {
      await this.#write(next)
    } catch (error) {
      this.#failure = error // an fsync that failed once may report success when tried again
      throw error
    }
    this.#newest = next
  }

  /**
   * Opened anew each time, so that a file replaced, or moved by a second server with our key, is seen. All but the fsync
   * takes microseconds, less than a trip to another thread would.
   */
  async #write(next: Slot): Promise<void> {
    const file = openFile(this.#path, 'r+')
    try {
      const found = readNewest(file, this.#path, this.#identity)
      if (!isDeepStrictEqual(found, this.#newest)) throw refused(this.#path, REPLACED)
      writeAll(file, formatSlot(this.#identity, next), (next.sequence % 2) * SLOT_BYTES)
      await datasync(file)
    } finally {
      closeSync(file)
    }
  }
}

const datasync = promisify(fdatasync)

/** @throws TlogError RATCHET_REFUSED */
function readNewest(file: number, path: string, identity: RatchetIdentity): Slot {
  const bytes = readWhole(file)
  if (bytes === null) throw refused(path, `is torn or corrupt: not ${2 * SLOT_BYTES} bytes long. ${REMEDY}`)
  const [first, second] = slotsOf(bytes).map((slot) => readSlot(path, identity, slot))
  return newer(path, first ?? null, second ?? null)
}

/** Null when it is shorter or longer than a ratchet is. */
function readWhole(file: number): Uint8Array | null {
  const bytes = new Uint8Array(2 * SLOT_BYTES + 1)
  return readSync(file, bytes, 0, bytes.length, 0) === 2 * SLOT_BYTES ? bytes : null
}

function slotsOf(bytes: Uint8Array): readonly Uint8Array[] {
  return [0, 1].map((i) => bytes.subarray(i * SLOT_BYTES, (i + 1) * SLOT_BYTES))
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

function createFile(path: string): number {
  try {
    return openSync(path, 'w', 0o600)
  } catch (error) {
    throw refused(path, 'cannot be created', error)
  }
}

function openFile(path: string, flags: 'r' | 'r+'): number {
  try {
    return openSync(path, flags)
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw refused(path, missing ? `is missing. ${REMEDY}` : 'cannot be opened', error)
  }
}

function withFile<T>(file: number, use: (file: number) => T): T {
  try {
    return use(file)
  } finally {
    closeSync(file)
  }
}

/** One write may be cut short by a signal or a full disk. */
function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, position + at)
}
