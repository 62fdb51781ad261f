/** The log that takes the place of another one. */

import { isWaiting, logOfHost, type Reachable } from '../dialects/of-host.ts'
import { hostOfOrigin } from '../formats/sigstore/tree-id.ts'
import { TlogError } from '../kernel/error.ts'
import type { LogRequest } from '../storage/create-log.ts'
import type { LogRecord } from '../storage/database.ts'

/** Whether its turn has not come: the trees of a host take entries one after the other. */
export function isWaitingAmong(record: LogRecord, records: readonly LogRecord[]): boolean {
  return isWaiting(record, spoken(record, records), reachable)
}

/** The log of its host that takes entries once `old` does not; undefined where there is none. */
export function heirOf(old: LogRecord, records: readonly LogRecord[]): LogRecord | undefined {
  const host = hostOfOrigin(old.origin)
  const heir = logOfHost(host, spoken(old, records), reachable)
  return heir !== undefined && heir.state === 'active' && hostOfOrigin(heir.origin) === host ? heir : undefined
}

function spoken({ dialect }: LogRecord, records: readonly LogRecord[]): readonly LogRecord[] {
  return records.filter((other) => other.dialect === dialect)
}

function reachable({ origin, state }: LogRecord): Reachable {
  return { origin, isFrozen: state === 'frozen' }
}

/**
 * @param origin null: under the same host, which Rekor v1 alone allows, as the number of its tree is in its origin.
 * @throws TlogError CONFIG_INVALID
 */
export function successorOf(old: LogRecord, slug: string, origin: string | null): LogRequest {
  const { dialect, slug: after } = old
  if (origin === null && dialect !== 'rekor-v1')
    throw new TlogError(
      'CONFIG_INVALID',
      `the clients of ${after} know it by its host name, ${old.origin}, which stands in its checkpoints: its successor needs another one (--origin HOST)`,
    )
  return { slug, dialect, origin: origin ?? hostOfOrigin(old.origin), after }
}
