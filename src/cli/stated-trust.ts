/** Which logs and authorities a command trusts: by its flags, else by the variables of clients. */

import { resolve } from 'node:path'
import { CLIENT_VARIABLES } from '../config/client-variables.ts'
import { parseSmallFile } from '../config/files.ts'
import type { Flags } from '../config/flags.ts'
import type { Problems } from '../config/problems.ts'
import { type Policy, parsePolicy } from '../formats/c2sp/policy.ts'
import { parseTrustedRoot, type TrustedRoot } from '../formats/sigstore/trusted-root.ts'
import type { World } from './world.ts'

const ROOT_MAX_BYTES = 4 * 1024 * 1024
const POLICY_MAX_BYTES = 1024 * 1024

/** Null: nobody named one. */
export interface StatedTrust {
  readonly root: TrustedRoot | null
  readonly policy: Policy | null
}

/** `--trusted-root` and `--policy`. */
export async function readTrust(flags: Flags, env: World['env'], problems: Problems): Promise<StatedTrust> {
  await noteTypingErrors(env, problems)
  return {
    root: said(flags, env, 'trusted-root', problems, readRoot),
    policy: said(flags, env, 'policy', problems, readPolicy),
  }
}

const readRoot = (path: string) => parseSmallFile(path, ROOT_MAX_BYTES, parseTrustedRoot)
const readPolicy = (path: string) => parseSmallFile(path, POLICY_MAX_BYTES, parsePolicy)

/** By the flag, else by the variable. */
function said<T>(
  flags: Flags,
  env: World['env'],
  name: 'trusted-root' | 'policy',
  problems: Problems,
  read: (path: string) => T,
): T | null {
  const variable = CLIENT_VARIABLES[name === 'policy' ? 'policy' : 'root']
  const [place, path] = flags[name] === undefined ? [variable, env[variable]] : [`--${name}`, flags[name]]
  return path === undefined ? null : problems.take(place, null, () => read(resolve(path)))
}

/** A policy that nobody reads would ask for no witnesses. The settings of servers are loaded only to look. */
async function noteTypingErrors(env: World['env'], problems: Problems): Promise<void> {
  const ours: readonly string[] = Object.values(CLIENT_VARIABLES)
  if (!Object.keys(env).some((name) => name.startsWith('COLOPHON_') && !ours.includes(name))) return
  const { noteUnknown } = await import('../config/sources.ts')
  noteUnknown(env, problems)
}
