/** The two ends of a copy, as `--from` and `--to` spell them: a data directory, or a PostgreSQL database. */

import { resolve } from 'node:path'
import type { DatabaseConfig } from '../config.ts'
import type { Flags } from './flags.ts'
import { overlap } from './overlap.ts'
import { parseDatabase, parsePath } from './parsers.ts'
import { Problems } from './problems.ts'
import { DATABASE_PASSWORD_VARIABLE } from './settings.ts'
import type { Environment } from './sources.ts'

export type CopyPlace =
  | { readonly kind: 'directory'; readonly dir: string }
  | { readonly kind: 'database'; readonly server: DatabaseConfig }

export interface CopyConfig {
  readonly from: CopyPlace
  readonly to: CopyPlace
}

/** @throws TlogError CONFIG_INVALID naming everything that is wrong. */
export function parseCopy(flags: Flags, env: Environment): CopyConfig {
  const problems = new Problems()
  const password = env[DATABASE_PASSWORD_VARIABLE]
  if (password === '') problems.note(DATABASE_PASSWORD_VARIABLE, 'is set, but empty: give it a value, or unset it')
  const [from, to] = (['from', 'to'] as const).map((name) => {
    const text = flags[name]
    if (text === undefined)
      problems.note(`--${name}`, 'must be said: a data directory, or postgres://USER@HOST:PORT/NAME')
    return problems.take<CopyPlace | null>(`--${name}`, null, () =>
      text === undefined ? null : parseEnd(text, password),
    )
  })
  if (from != null && to != null && isSame(from, to)) problems.note('--to', 'is where --from is')
  problems.check()
  return { from, to } as CopyConfig // a null is a problem that was noted
}

function parseEnd(text: string, password: string | undefined): CopyPlace {
  if (/^postgres(ql)?:/.test(text)) return { kind: 'database', server: { url: parseDatabase(text), password } }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text))
    throw new Error('is neither a data directory nor postgres://USER@HOST:PORT/NAME')
  return { kind: 'directory', dir: resolve(parsePath(text)) }
}

function isSame(a: CopyPlace, b: CopyPlace): boolean {
  if (a.kind === 'directory') return b.kind === 'directory' && overlap(a.dir, b.dir)
  return b.kind === 'database' && a.server.url === b.server.url
}
