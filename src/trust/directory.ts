/** The trust files on disk: what a static file server may serve in our place. */

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { makeDirectory } from '../files/make-directory.ts'
import { equal } from '../kernel/bytes.ts'

/** A TUF repository's own names; anything else in its directory is not ours, and neither read nor served. */
const TUF_PATH =
  /^(?:timestamp|[1-9][0-9]{0,14}\.(?:root|snapshot|targets))\.json$|^targets\/[0-9a-f]{64}\.[A-Za-z0-9._-]{1,128}$/

/** No file that we write comes near. */
const MAX_BYTES = 1024 * 1024

/** Whether clients may know a root of ours already: a new key would be a stranger's to them. */
export function hasRepository(trustDir: string): boolean {
  return [...readRepository(join(trustDir, 'tuf')).keys()].some((path) => path.endsWith('.root.json'))
}

/** By path below `dir`; empty when there is no such directory. */
export function readRepository(dir: string): Map<string, Uint8Array> {
  if (!existsSync(dir)) return new Map()
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((path) => TUF_PATH.test(path))
  return new Map(
    paths
      .sort()
      .filter((path) => isSmallFile(join(dir, path)))
      .map((path) => [path, new Uint8Array(readFileSync(join(dir, path)))]),
  )
}

/**
 * Each file in one step and durably, in the order of the map: a crash leaves a beginning of it, never half a file.
 * A file that is there already is left alone.
 */
export function writeTrust(dir: string, files: ReadonlyMap<string, Uint8Array>): void {
  const changed = [...files].filter(([path, bytes]) => !isWritten(join(dir, path), bytes))
  for (const [path, bytes] of changed) writeFile(join(dir, path), bytes)
}

/** For good, so that a static file server stops handing them out too. */
export function removeTrust(dir: string, names: readonly string[]): void {
  const there = names.filter((name) => existsSync(join(dir, name)))
  for (const name of there) rmSync(join(dir, name))
  if (there.length > 0) withFile(dir, 'r', () => undefined)
}

function isSmallFile(path: string): boolean {
  const stat = statSync(path)
  return stat.isFile() && stat.size <= MAX_BYTES
}

function isWritten(path: string, bytes: Uint8Array): boolean {
  return existsSync(path) && isSmallFile(path) && equal(readFileSync(path), bytes)
}

function writeFile(path: string, bytes: Uint8Array): void {
  makeDirectory(dirname(path), 0o755)
  const fresh = `${path}.new`
  withFile(fresh, 'w', (fd) => {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
  })
  renameSync(fresh, path)
  withFile(dirname(path), 'r', () => undefined)
}

/** Synced before it is closed. */
function withFile(path: string, flags: 'r' | 'w', use: (fd: number) => void): void {
  const fd = openSync(path, flags, 0o644)
  try {
    use(fd)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
