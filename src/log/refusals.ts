/** Why a log does not take what it is offered. */

import { MAX_ENTRY_BYTES } from '../formats/c2sp/bundle.ts'
import { TlogError } from '../kernel/error.ts'
import type { LogStatus } from './log.ts'
import type { Entry } from './ports.ts'

/** @throws TlogError ENTRY_TOO_LARGE */
export function checkLength({ leaf }: Pick<Entry, 'leaf'>): void {
  if (leaf.length > MAX_ENTRY_BYTES)
    throw new TlogError('ENTRY_TOO_LARGE', `a leaf of ${leaf.length} bytes; at most ${MAX_ENTRY_BYTES} fit in a bundle`)
}

/** @param isEnding whether it is about to be frozen */
export function refusalOf(state: LogStatus['state'], isEnding: boolean): TlogError {
  if (state === 'failed') return new TlogError('LOG_FAILED', 'the log has stopped and takes no entries')
  if (state === 'closing') return new TlogError('LOG_CLOSED', 'the log is shutting down; try again shortly')
  return isEnding
    ? new TlogError('LOG_CLOSED', 'the log is coming to its end; try again shortly, for its successor')
    : new TlogError('LOG_FROZEN', 'the log is frozen and takes no entries')
}

export function undrained(delayed: LogStatus['delayed']): TlogError {
  const why = delayed === null ? '' : ` (${delayed.reason})`
  return new TlogError('LOG_BUSY', `what the log had taken was not published in time${why}: it goes on as before`)
}
