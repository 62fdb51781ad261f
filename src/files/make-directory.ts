/** `mkdir -p`. */

import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { TlogError } from '../kernel/error.ts'

/**
 * Makes a directory and what is missing above it, for their owner alone unless `mode` says more. Returns those it made, the
 * deepest last. Not by Node's own recursive mode: that one never
 * returns below a filesystem which takes no directories (/proc).
 *
 * @throws TlogError STORE_MISSING below such a filesystem, Error as the operating system says it otherwise.
 */
export function makeDirectory(path: string, mode = 0o700): readonly string[] {
  if (existsSync(path) && statSync(path).isDirectory()) return []
  const above = existsSync(dirname(path)) ? [] : makeDirectory(dirname(path), mode)
  try {
    mkdirSync(path, { mode })
    return [...above, path]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(path).isDirectory()) return above // another process was faster
    if (code !== 'ENOENT') throw error
    throw new TlogError('STORE_MISSING', `${path} cannot be made: the filesystem takes no directories there`)
  }
}
