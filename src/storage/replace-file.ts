/** A small file that is rewritten whole: it is the old one or the new one, whatever happens. */

import { closeSync, existsSync, fsyncSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { TlogError } from '../kernel/error.ts'

/**
 * `change` gets whether the file exists and returns its new bytes; between the two nobody else who comes this way can
 * change it. Readable and writable by its owner alone, and durable once this returns.
 *
 * @throws TlogError STORE_LOCKED when another is at it; whatever `change` throws, and then the file is as it was.
 */
export function replaceFile(path: string, change: (exists: boolean) => Uint8Array): void {
  const draft = `${path}.new`
  const fd = openDraft(draft)
  try {
    try {
      writeFileSync(fd, change(existsSync(path)))
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(draft, path)
  } catch (error) {
    unlinkSync(draft)
    throw error
  }
  syncDirectory(dirname(path))
}

/** It is the lock too. */
function openDraft(draft: string): number {
  try {
    return openSync(draft, 'wx', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new TlogError(
      'STORE_LOCKED',
      `${draft} is there: another change is under way, or one was cut off (then remove it)`,
    )
  }
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
