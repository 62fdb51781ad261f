/** What came of looking at a log once. */

import type { Found } from '../formats/evidence.ts'
import { type ErrorCode, TlogError } from '../kernel/error.ts'

export type AuditOutcome =
  /** All that was signed and served holds. */
  | 'honest'
  /** The log did what no honest log does; there is evidence. */
  | 'misbehaved'
  /** It is not as the auditor's trust asks: not signed, not cosigned, too old, withheld. No evidence. */
  | 'refused'
  /** It could not be asked, or answered with what is none. */
  | 'undetermined'

export interface Poll {
  readonly outcome: AuditOutcome
  /** Null before the first checkpoint that opened. */
  readonly origin: string | null
  /** Of the newest checkpoint. */
  readonly size: number | null
  /** How many leaves have been read and are those that the log signed. */
  readonly verified: number
  /** How many of them in this poll. */
  readonly read: number
  /** The newest time that a signer of the checkpoint names, seconds since 1970; null where none does. */
  readonly dated: number | null
  readonly findings: readonly Finding[]
  /** Files of earlier evidence that the log signed two histories. */
  readonly forks: readonly string[]
  readonly error: { readonly code: ErrorCode; readonly message: string } | null
  /** What is worth a word and no fault of the log. */
  readonly remarks: readonly string[]
}

export interface Finding {
  readonly kind: Found['kind']
  readonly weight: 'proven' | 'attested'
  /** One sentence. */
  readonly shows: string
  readonly file: string
}

const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CHECK_UNAVAILABLE',
  'LOG_BUSY',
  'LOG_CLOSED',
  'NOT_FOUND',
  'SERVICE_REFUSED',
  'SERVICE_UNREACHABLE',
])

export class Report {
  origin: string | null = null
  size: number | null = null
  verified = 0
  read = 0
  dated: number | null = null
  forks: readonly string[] = []
  readonly remarks: string[] = []
  readonly #findings: Finding[] = []
  #error: TlogError | null = null

  get hasFindings(): boolean {
    return this.#findings.length > 0
  }

  find(finding: Finding): void {
    if (!this.#findings.some(({ file }) => file === finding.file)) this.#findings.push(finding)
  }

  /** The first one that says no is told, before those that decide nothing. @throws what is no TlogError: a bug */
  fail(error: unknown): void {
    if (!(error instanceof TlogError) || error.code.startsWith('STORE_')) throw error
    if (this.#error === null || (PASSING.has(this.#error.code) && !PASSING.has(error.code))) this.#error = error
  }

  end(): Poll {
    const { origin, size, verified, read, dated, forks, remarks } = this
    const error = this.#error === null ? null : { code: this.#error.code, message: this.#error.message }
    return {
      outcome: this.#outcome(),
      origin,
      size,
      verified,
      read,
      dated,
      forks,
      remarks,
      findings: this.#findings,
      error,
    }
  }

  #outcome(): AuditOutcome {
    if (this.#findings.length > 0 || this.forks.length > 0) return 'misbehaved'
    if (this.#error === null) return 'honest'
    return PASSING.has(this.#error.code) ? 'undetermined' : 'refused'
  }
}
