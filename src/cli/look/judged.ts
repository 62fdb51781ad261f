/** What comes of showing something of a log: verified by what was stated to be trusted, or shown as it is, and marked as such. */

import type { ErrorCode } from '../../kernel/error.ts'
import { toldOf } from '../verify/outcome.ts'
import type { ExitCode } from '../world.ts'

export type JudgedOutcome = 'verified' | 'not verified' | 'unchecked' | 'undetermined'

export interface Judged<T> {
  readonly outcome: JudgedOutcome
  /** Null where it could not be had, or must not be believed. */
  readonly shown: T | null
  readonly error: { readonly code: string; readonly message: string } | null
}

/** @param isStated whether anything is trusted, so that what `look` returns was verified */
export async function judge<T>(isStated: boolean, look: () => Promise<T>): Promise<Judged<T>> {
  try {
    return { outcome: isStated ? 'verified' : 'unchecked', shown: await look(), error: null }
  } catch (error) {
    const { outcome, code, message } = toldOf(error)
    return { outcome, shown: null, error: { code, message } }
  }
}

export function refused<T>(code: ErrorCode, message: string): Judged<T> {
  return { outcome: 'not verified', shown: null, error: { code, message } }
}

const EXIT = { verified: 0, unchecked: 0, 'not verified': 1, undetermined: 3 } as const satisfies Record<
  JudgedOutcome,
  ExitCode
>

/** Of several: a no counts more than what could not be determined. */
export function exitOf(outcomes: readonly JudgedOutcome[]): ExitCode {
  const codes: readonly ExitCode[] = outcomes.map((outcome) => EXIT[outcome])
  return codes.includes(1) ? 1 : codes.includes(3) ? 3 : 0
}

const HEADINGS = {
  verified: 'VERIFIED',
  unchecked: 'NOT VERIFIED, for nothing was named to trust (--trusted-root, --policy)',
  'not verified': 'NOT VERIFIED',
  undetermined: 'COULD NOT BE DETERMINED',
} as const satisfies Record<JudgedOutcome, string>

/** The first lines about it. */
export function headingOf(name: string, { outcome, error }: Judged<unknown>): string[] {
  const why = error === null ? [] : [`  ${error.code}: ${error.message}`]
  return [`${HEADINGS[outcome]}: ${name}`, ...why]
}
