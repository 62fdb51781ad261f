/** What `verify` came to, as `--json` prints it. Its fields are described in docs/verify.md. */

import type { ModelFindings } from '../../files/compare-model.ts'
import type { SlotCarrier } from '../../formats/model/slot.ts'
import { type ErrorCode, TlogError } from '../../kernel/error.ts'
import type { UnloggedVerdict } from '../../verify/unlogged.ts'
import type { ExitCode } from '../world.ts'
import type { Shown } from './check.ts'
import type { Evidence } from './evidence.ts'
import { type Limits, NO_LIMITS } from './limits.ts'
import type { Request } from './request.ts'
import type { ShownUnlogged, UnloggedRequest } from './unlogged.ts'

export interface Outcome {
  readonly outcome: 'verified' | 'signed' | 'not verified' | 'undetermined'
  /** As it was named. */
  readonly subject: string
  readonly evidence: Evidence
  /** Inside the file, and not verified: the verdict is about the file without it. Null: it has none. */
  readonly slot: { readonly carrier: SlotCarrier; readonly bytes: number } | null
  /** Null unless verified. */
  readonly verdict: Shown['verdict'] | null
  /** In place of it, of a signature that is in no log; null unless that was asked for, and is good. */
  readonly unlogged: UnloggedVerdict | null
  readonly proof: Shown['proof']
  /** What a log that was asked showed; null unless verified by it. */
  readonly lookup: Shown['lookup']
  /** Null unless a directory was compared, with whatever outcome. */
  readonly directory: ModelFindings | null
  /** What is somebody's word alone, true or not; empty unless verified or signed. */
  readonly claimed: Limits['claimed']
  /** What decides what runs and is not in the file; null for no program, and unless verified or signed. */
  readonly runTime: Limits['runTime']
  /** Null when verified or signed. */
  readonly error: { readonly code: string; readonly message: string } | null
}

export const EXIT = { verified: 0, signed: 0, 'not verified': 1, undetermined: 3 } as const satisfies Record<
  Outcome['outcome'],
  ExitCode
>

/** Nothing was decided: what is needed could not be read, reached or checked here. */
const UNDETERMINED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CHECK_UNAVAILABLE',
  'LOG_BUSY',
  'LOG_CLOSED',
  'MODEL_REFUSED',
  'NOT_FOUND',
  'SERVICE_REFUSED',
  'SERVICE_UNREACHABLE',
])

const NOTHING = { verdict: null, unlogged: null, proof: null, lookup: null, ...NO_LIMITS } as const

type Limited<T> = T & Limits

/** Waits for the check. @throws what is neither a TlogError nor the system's: a bug. */
export async function outcomeOf(
  { subject, evidence, slot }: Request,
  check: () => Promise<Limited<Shown>>,
): Promise<Outcome> {
  const shownSlot = slot === null ? null : { carrier: slot.carrier, bytes: slot.payload.length }
  const about = { subject: subject.name, evidence, slot: shownSlot }
  try {
    const { directory, ...shown } = await check()
    const fault = directory === null ? null : faultOf(directory)
    if (fault === null) return { outcome: 'verified', ...about, unlogged: null, ...shown, directory, error: null }
    const error = { code: 'ARTIFACT_MISMATCH', message: fault }
    return { outcome: 'not verified', ...about, ...NOTHING, directory, error }
  } catch (error) {
    const { outcome, ...why } = toldOf(error)
    return { outcome, ...about, ...NOTHING, directory: null, error: why }
  }
}

/** As outcomeOf, where no log was asked for. */
export async function unloggedOutcomeOf(
  request: UnloggedRequest,
  check: () => Promise<Limited<ShownUnlogged>>,
): Promise<Outcome> {
  const about = { subject: request.subject.name, evidence: request.evidence, slot: null, ...NOTHING }
  try {
    const { directory, ...shown } = await check()
    const fault = faultOf(directory)
    if (fault === null) return { outcome: 'signed', ...about, ...shown, directory, error: null }
    return { outcome: 'not verified', ...about, directory, error: { code: 'ARTIFACT_MISMATCH', message: fault } }
  } catch (error) {
    const { outcome, ...why } = toldOf(error)
    return { outcome, ...about, directory: null, error: why }
  }
}

/** What an error comes to. @throws what is neither a TlogError nor the system's: a bug */
export function toldOf(error: unknown): {
  readonly outcome: 'not verified' | 'undetermined'
  readonly code: string
  readonly message: string
} {
  const code = codeOf(error)
  if (code === null) throw error
  const isNo = error instanceof TlogError && !UNDETERMINED.has(error.code)
  // The system's words begin with its code.
  const message = (error as Error).message.replace(`${code}: `, '')
  return { outcome: isNo ? 'not verified' : 'undetermined', code, message }
}

function faultOf({ unsigned, missing, mismatched }: ModelFindings): string | null {
  const parts = [
    [mismatched.length, 'not as signed'],
    [missing.length, 'missing'],
    [unsigned.length, 'not signed'],
  ] as const
  const found = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  return found.length === 0
    ? null
    : `the signature is good, and the files are not those it is about: ${found.join(', ')}`
}

function codeOf(error: unknown): string | null {
  if (error instanceof TlogError) return error.code
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : null
}
