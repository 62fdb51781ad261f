/** What the verdict does not reach, line by line: what is only claimed, and what decides at run time. */

import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Flags } from '../../config/flags.ts'
import type { Problems } from '../../config/problems.ts'
import type { Environment } from '../../config/sources.ts'
import { findShadows, type Shadows } from '../../files/shadows.ts'
import { withSource } from '../../files/slot-file.ts'
import { MAX_CLAIMED, type RunTime, readModelLimits } from '../../formats/model/limits.ts'
import { TlogError } from '../../kernel/error.ts'
import type { VerdictSigned } from '../../verify/verdict.ts'
import type { Subject } from './subject.ts'

export interface Limits {
  /** True or not, it is somebody's word: the signer's, or that of whoever made the file. */
  readonly claimed: readonly { readonly by: 'statement' | 'file'; readonly what: string }[]
  /** Null: the file is no program that we can tell. */
  readonly runTime: {
    /** What is taken from outside the file when it runs. */
    readonly shadowable: readonly { readonly code: string; readonly what: string }[]
    /** What lies where it looks first; null unless a directory was named. */
    readonly shadows: (Shadows & { readonly directory: string }) | null
  } | null
}

export const NO_LIMITS: Limits = { claimed: [], runTime: null }

interface Asked {
  readonly subject: Subject
  /** Of a directory, the files in it that are as signed. */
  readonly covered: readonly string[]
  /** Where the file would be started; null: nobody asked. */
  readonly runDirectory: string | null
  readonly env: Environment
}

/**
 * @throws TlogError MODEL_SHADOWED when the file would load something else there than what is in it, or MODEL_MALFORMED when that
 * was asked and cannot be told; the system's error
 */
export async function limitsOf(signed: VerdictSigned, asked: Asked): Promise<Limits> {
  const { subject, covered, runDirectory, env } = asked
  const stated = signed.kind === 'file' ? [] : [{ by: 'statement', what: signed.predicateType } as const]
  if (subject.kind === 'digest') return { claimed: stated, runTime: null }
  if (subject.kind === 'directory') return await limitsInside(stated, subject.path, covered)
  const limits = await withSource(subject.path, readModelLimits)
  if (limits === null) return { claimed: stated, runTime: null }
  const claimed = [...stated, ...limits.claimed.map((what) => ({ by: 'file', what }) as const)]
  const { runTime } = limits
  if (runTime === null) return { claimed, runTime }
  const shadowable = runTime.findings.map(({ code, what }) => ({ code, what }))
  if (runDirectory === null) return { claimed, runTime: { shadowable, shadows: null } }
  requireArguments(runTime)
  const directory = resolve(runDirectory)
  const shadows = await findShadows(runTime, directory, env)
  refuse(shadows, directory)
  return { claimed, runTime: { shadowable, shadows: { directory, ...shadows } } }
}

/** Of each file by itself, with its name in front. */
async function limitsInside(stated: Limits['claimed'], path: string, covered: readonly string[]): Promise<Limits> {
  const claimed = [...stated]
  const shadowable: { readonly code: string; readonly what: string }[] = []
  let isProgram = false
  for (const name of covered) {
    const limits = await withSource(join(path, name), readModelLimits)
    claimed.push(...(limits?.claimed ?? []).map((what) => ({ by: 'file', what: `${name}: ${what}` }) as const))
    const { runTime = null } = limits ?? {}
    isProgram ||= runTime !== null
    shadowable.push(...(runTime?.findings ?? []).map(({ code, what }) => ({ code, what: `${name}: ${what}` })))
  }
  return { claimed: claimed.slice(0, MAX_CLAIMED), runTime: isProgram ? { shadowable, shadows: null } : null }
}

/** Null: nobody asked, or there is a problem. */
export function runDirectoryOf({ 'run-dir': path }: Flags, subject: Subject | null, problems: Problems): string | null {
  if (path === undefined) return null
  if (subject !== null && subject.kind !== 'file') problems.note('--run-dir', 'is for a file that can be started')
  return problems.take('--run-dir', null, () => {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw new Error(`${path} is no directory`)
    return path
  })
}

const UNTOLD: ReadonlySet<string> = new Set(['ARGS_MALFORMED', 'FILE_MALFORMED', 'MEMBER_REPEATED'])

/** Of words that cannot be told nobody can say what they name. */
function requireArguments({ findings }: RunTime): void {
  const found = findings.find(({ code }) => UNTOLD.has(code))
  if (found !== undefined) throw new TlogError('MODEL_MALFORMED', `what it loads cannot be told: ${found.what}`)
}

/** A loader is what starts the file, as the shell does, and is told; these are read in place of what was signed. */
function refuse({ weights, archive }: Shadows, directory: string): void {
  const found = [
    ...weights.map((path) => JSON.stringify(path)),
    ...(archive === null ? [] : [`the archive ${JSON.stringify(archive)}`]),
  ]
  if (found.length > 0)
    throw new TlogError(
      'MODEL_SHADOWED',
      `started in ${directory} it would not read what is in it: ${found.join(', ')} comes first`,
    )
}
