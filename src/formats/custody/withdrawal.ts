/**
 * That the operator of a log took content out of its store: an advisory of status `withdrawn` about that content alone, which
 * the log signs itself. Anybody can say the same in his own name; it then is an advisory like any other.
 */

import { TlogError } from '../../kernel/error.ts'
import { formatAdvisory, parseAdvisory } from './advisory.ts'

const ALGORITHMS = ['sha256', 'sha384', 'sha512'] as const

export interface Withdrawal {
  readonly base: string
  /** By which the content was kept. */
  readonly algorithm: (typeof ALGORITHMS)[number]
  readonly digest: Uint8Array
  /** For people. */
  readonly reason: string
  /** RFC 3339 in UTC. */
  readonly effectiveFrom: string
}

/** @throws TlogError as formatAdvisory does */
export function formatWithdrawal({ base, algorithm, digest, reason, effectiveFrom }: Withdrawal): Uint8Array {
  const subjects = [{ digests: new Map([[algorithm, digest]]) }]
  return formatAdvisory({ base, subjects, status: 'withdrawn', reason, affects: [], evidence: [], effectiveFrom })
}

/** @throws TlogError FIELD_INVALID for an advisory of another kind, and as parseAdvisory does */
export function parseWithdrawal(payload: Uint8Array): Withdrawal {
  const { base, subjects, status, reason, effectiveFrom } = parseAdvisory(payload)
  const [[algorithm, digest] = [], ...more] = [...(subjects[0]?.digests ?? [])]
  const known = ALGORITHMS.find((one) => one === algorithm)
  if (status !== 'withdrawn' || subjects.length > 1 || more.length > 0 || known === undefined || digest === undefined)
    throw new TlogError('FIELD_INVALID', 'not a withdrawal of one content')
  return { base, algorithm: known, digest, reason, effectiveFrom }
}
