/** Whose keys count for a log: those that are stated, else those that the first run found. */

import type { LogKey } from '../../formats/log-key.ts'
import { TlogError } from '../../kernel/error.ts'
import { NO_WITNESSES } from '../../verify/checkpoint.ts'
import { statedBy } from '../../verify/log-keys.ts'
import type { StatedLogs } from '../../verify/stated-logs.ts'
import { verifyMlDsa44 } from '../../verify-node/ml-dsa.ts'
import type { AuditRequest } from './request.ts'

export interface AuditTrust {
  readonly logs: StatedLogs
  /** Those that nobody stated. */
  readonly pinned: readonly LogKey[]
}

/**
 * @param found keys that the server of the log calls its own
 * @throws TlogError LOG_NOT_TRUSTED when there is no key at all
 */
export function trustOf({ root, policy, keys }: AuditRequest, place: string, found: readonly LogKey[]): AuditTrust {
  const witnesses = policy ?? NO_WITNESSES
  if (root !== null || witnesses.logs.length > 0) return { logs: { root, policy, mlDsa44: verifyMlDsa44 }, pinned: [] }
  const known = keys.length > 0 ? keys : found
  if (known.length === 0)
    throw new TlogError(
      'LOG_NOT_TRUSTED',
      `${place}: its server names no key: state it by --log-key, --policy or --trusted-root`,
    )
  const stated = statedBy(known, verifyMlDsa44)
  const logs = { ...stated, policy: { ...witnesses, logs: stated.policy?.logs ?? [] } }
  return { logs, pinned: keys.length > 0 ? [] : known }
}
