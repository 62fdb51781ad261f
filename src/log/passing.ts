/** What puts publication off and does not end it. */

import { type ErrorCode, TlogError } from '../kernel/error.ts'

const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(['STORE_FULL', 'STORE_UNAVAILABLE', 'LOG_BUSY', 'QUORUM_MISSED', 'WITNESS_REFUSED'] as const),
])

/** No room, no answer of a store, or no quorum: the round is tried again with the head that is newest then. */
export function isPassing(error: unknown): error is TlogError {
  return error instanceof TlogError && PASSING.has(error.code)
}
