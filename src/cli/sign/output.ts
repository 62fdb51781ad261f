/** Where the bundle goes, and what is kept until it is there. */

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AttemptStore } from '../../sign/attempt.ts'

export function pendingOf(out: string): string {
  return `${out}.pending`
}

/** The attempt in a file beside the bundle. */
export function attemptsAt(out: string): AttemptStore {
  const path = pendingOf(out)
  return {
    load: () => (existsSync(path) ? readFileSync(path) : null),
    save(attempt) {
      rmSync(path, { force: true }) // a link that somebody laid there leads elsewhere
      write(path, attempt)
    },
    clear: () => rmSync(path, { force: true }),
  }
}

/** Whole and durable, or not there; never over another. @throws the system's error */
export function writeBundle(out: string, text: string): void {
  write(out, text)
}

function write(path: string, content: string | Uint8Array): void {
  const fd = openSync(path, 'wx')
  try {
    writeFileSync(fd, content)
    fsyncSync(fd)
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
}
