/** Directories that must be apart: what is shown to everybody, what is secret, and what outlives the other. */

import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

/** Whether one of them is the other, or lies within it, whatever links lead there. Neither needs to exist. */
export function overlap(a: string, b: string): boolean {
  return contains(a, b) || contains(b, a)
}

/** Whether `path` is `dir`, or lies within it. */
export function contains(dir: string, path: string): boolean {
  const way = relative(real(dir), real(path))
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`))
}

/** Without the links, as far as it exists. */
function real(path: string): string {
  if (existsSync(path)) return realpathSync(path)
  const parent = dirname(path)
  return parent === path ? path : join(real(parent), relative(parent, path))
}
