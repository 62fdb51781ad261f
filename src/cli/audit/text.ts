/** What an audit came to, as a person reads it and as a program does. */

import type { AuditOutcome, Poll } from '../../audit/report.ts'
import { visible } from '../../formats/visible.ts'
import { quoted, row, utc } from '../verify/text.ts'
import type { ExitCode } from '../world.ts'

export interface Audited {
  readonly place: string
  readonly poll: Poll
}

const HEADINGS = {
  honest: 'HONEST',
  misbehaved: 'MISBEHAVED',
  refused: 'NOT AS ASKED FOR',
  undetermined: 'COULD NOT BE DETERMINED',
} as const satisfies Record<AuditOutcome, string>

const EXIT = { honest: 0, misbehaved: 1, refused: 4, undetermined: 3 } as const satisfies Record<AuditOutcome, ExitCode>
const WORST: readonly ExitCode[] = [1, 4, 3, 0]

/** Of several logs: a lie counts more than what is not as it should be, and that more than what is not known. */
export function exitOf(outcomes: readonly AuditOutcome[]): ExitCode {
  const codes = new Set<ExitCode>(outcomes.map((outcome) => EXIT[outcome]))
  return WORST.find((code) => codes.has(code)) ?? 0
}

/** Lines without their ends. */
export function describePoll({ place, poll }: Audited): string[] {
  const { outcome, origin, size, verified, read, dated, findings, forks, error, remarks } = poll
  const earlier = forks.filter((file) => !findings.some((finding) => finding.file === file))
  return [
    `${HEADINGS[outcome]}: ${place}`,
    ...(error === null ? [] : [`  ${error.code}: ${error.message}`]),
    ...findings.flatMap(({ kind, weight, shows, file }) => [
      row(kind, `${shows} (${weight})`),
      row('', `evidence: ${file}`),
    ]),
    ...earlier.map((file) => row('fork', `it signed two histories before: ${file}`)),
    ...(origin === null ? [] : [row('origin', quoted(origin))]),
    ...(size === null ? [] : [row('size', `${size}; verified are ${verified}, of which ${read} were read now`)]),
    ...(dated === null ? [] : [row('dated', utc(dated * 1000))]),
    ...remarks.map((remark) => row('note', remark)),
  ].map(visible)
}
