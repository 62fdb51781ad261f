/**
 * Inputs kept in test/vectors/fuzz/<target>/: `corpus`, a line of base64 each, which together run all that is known to
 * run; and a file for each finding that there ever was.
 */

import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../vectors/fuzz/', import.meta.url))
const CORPUS = 'corpus'
const PREFIX = 'found-'

export interface Kept {
  readonly name: string
  readonly bytes: Uint8Array
}

export function readCorpus(target: string, root = ROOT): Uint8Array[] {
  if (!filesOf(target, root).includes(CORPUS)) return []
  const lines = readFileSync(join(root, target, CORPUS), 'latin1').split('\n')
  return lines.filter((_, i) => i < lines.length - 1).map((line) => new Uint8Array(Buffer.from(line, 'base64')))
}

/** Shortest first, so that a change shows where it is. */
export function writeCorpus(target: string, inputs: readonly Uint8Array[], root = ROOT): void {
  mkdirSync(join(root, target), { recursive: true })
  const lines = inputs.map((bytes) => Buffer.from(bytes).toString('base64'))
  writeFileSync(
    join(root, target, CORPUS),
    lines
      .toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))
      .map((line) => `${line}\n`)
      .join(''),
  )
}

export function readFindings(target: string, root = ROOT): Kept[] {
  const names = filesOf(target, root).filter((name) => name.startsWith(PREFIX))
  return names.map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(root, target, name))) }))
}

/** Returns the file's path. */
export function writeFinding(target: string, bytes: Uint8Array, root = ROOT): string {
  mkdirSync(join(root, target), { recursive: true })
  const path = join(root, target, PREFIX + createHash('sha256').update(bytes).digest('hex').slice(0, 12))
  writeFileSync(path, bytes)
  return path
}

function filesOf(target: string, root: string): string[] {
  try {
    return readdirSync(join(root, target)).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
