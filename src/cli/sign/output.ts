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
    save: (attempt) => write(path, 'w', attempt),
    clear: () => rmSync(path, { force: true }),
  }
}

/** Whole and durable, or not there; never over another. @throws the system's error */
export function writeBundle(out: string, text: string): void {
  write(out, 'wx', text)
}

function write(path: string, flag: 'w' | 'wx', content: string | Uint8Array): void {
  const fd = openSync(path, flag)
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
