/** The manifest of a directory, written for the commands that commit to it. */

import { rmSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { snapshotDirectory } from '../../files/dataset-directory.ts'
import { TlogError } from '../../kernel/error.ts'
import type { World } from '../world.ts'

export interface ManifestOrder {
  readonly path: string
  /** Must not exist. */
  readonly out: string
  readonly ignore: readonly string[]
  readonly isSalted: boolean
}

/** The manifest may lie in the directory, and is no document of it. Returns what was left out. */
export async function writeManifest({ path, out, ignore, isSalted }: ManifestOrder, world: World): Promise<string[]> {
  const own = relative(resolve(path), resolve(out)).split(sep).join('/')
  const ignored = await snapshotDirectory(path, out, {
    ignore: [...ignore, own],
    salt: isSalted ? () => world.random(32) : null,
    onDocuments: counter(world, 'hashed'),
  })
  const absent = ignore.find((name) => !ignored.has(name))
  if (absent !== undefined) {
    rmSync(out)
    throw new TlogError('CONFIG_INVALID', `--ignore: there is no ${JSON.stringify(absent)} in ${path}`)
  }
  return [...ignored].filter((name) => name !== own)
}

/** How many there are is not known before the end. */
export function counter(world: World, what: string): (done: number) => void {
  let shown = 0
  return (done) => {
    const now = world.clock.now()
    if (now - shown < 200) return
    shown = now
    world.progress(`${what} ${done} documents`)
  }
}
