/** What lies where a llamafile looks before it looks inside itself: none of it is in what was signed. */

import { stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { ARCHIVE_VARIABLE, type RunTime } from '../formats/model/limits.ts'

export interface Shadows {
  /** Paths of weights that would be loaded; as they are written, names that only the environment completes, and what is fetched. */
  readonly weights: readonly string[]
  /** Paths of programs that would start it: nobody signed them here, as nobody signed the shell. */
  readonly loaders: readonly string[]
  /** What the environment names in place of the archive that is inside. */
  readonly archive: string | null
}

type Environment = Readonly<Record<string, string | undefined>>

/** @param directory in which the file would be started */
export async function findShadows(
  { bareWeights, fetchedWeights, loaders }: Omit<RunTime, 'findings'>,
  directory: string,
  env: Environment,
): Promise<Shadows> {
  const open = bareWeights.filter((name) => name.includes('$'))
  const named = bareWeights.filter((name) => !name.includes('$')).flatMap(placesOf)
  const weights = await present([...new Set(named)].map((name) => resolve(directory, name)))
  return {
    weights: [...open, ...fetchedWeights, ...weights],
    loaders: await present(loaders.flatMap((name) => loadersAt(name, directory, env))),
    archive: env[ARCHIVE_VARIABLE] || null,
  }
}

/** `ARCHIVE@MEMBER` is looked for in that archive. */
function placesOf(name: string): string[] {
  const at = name.indexOf('@')
  return at < 0 ? [name] : [name, name.slice(0, at)]
}

function loadersAt(name: string, directory: string, env: Environment): string[] {
  if (name === 'ape') return (env.PATH ?? '').split(delimiter).map((folder) => resolve(directory, folder, name))
  return [join(resolve(directory, env.TMPDIR || env.HOME || '.'), name)]
}

/** What cannot be looked at counts as there: it may be for whoever starts the file. */
async function present(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map(async (path) => ((await isThere(path)) ? [path] : [])))
  return found.flat()
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code !== 'ENOENT' && code !== 'ENOTDIR'
  }
}
