/** What `verify` came to, as `--json` prints it. Its fields are described in docs/verify.md. */

import { TlogError } from '../../kernel/error.ts'
import type { ExitCode } from '../world.ts'
import type { Shown } from './check.ts'
import type { Evidence } from './evidence.ts'
import type { Request } from './request.ts'

export interface Outcome {
  readonly outcome: 'verified' | 'not verified' | 'undetermined'
  /** As it was named. */
  readonly subject: string
  readonly evidence: Evidence
  /** Null unless verified. */
  readonly verdict: Shown['verdict'] | null
  readonly proof: Shown['proof']
  /** Null when verified. */
  readonly error: { readonly code: string; readonly message: string } | null
}

export const EXIT = { verified: 0, 'not verified': 1, undetermined: 3 } as const satisfies Record<
  Outcome['outcome'],
  ExitCode
>

/** Nothing was decided: what is needed could not be read, reached or checked here. */
const UNDETERMINED: ReadonlySet<string> = new Set([
  'CHECK_UNAVAILABLE',
  'LOG_BUSY',
  'LOG_CLOSED',
  'COPY_REFUSED',
  'NOT_FOUND',
])

/** Waits for the check. @throws what is neither a TlogError nor the system's: a bug. */
export async function outcomeOf({ subject, evidence }: Request, check: () => Promise<Shown>): Promise<Outcome> {
  const about = { subject: subject.name, evidence }
  try {
    return { outcome: 'verified', ...about, ...(await check()), error: null }
  } catch (error) {
    const code = codeOf(error)
    if (code === null) throw error
    const isNo = error instanceof TlogError && !UNDETERMINED.has(code)
    const message = (error as Error).message
    const outcome = isNo ? 'not verified' : 'undetermined'
    return { outcome, ...about, verdict: null, proof: null, error: { code, message } }
  }
}

function codeOf(error: unknown): string | null {
  if (error instanceof TlogError) return error.code
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : null
}
