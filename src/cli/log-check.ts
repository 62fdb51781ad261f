/** What the full check of a log needs of its database and its dialect. */

import { createHash } from 'node:crypto'
import { factsOf } from '../dialects/facts.ts'
import { withdrawalsOf } from '../dialects/withdrawals.ts'
import type { FsckParts } from '../log/fsck.ts'
import type { LogDatabase, LogRecord } from '../storage/database.ts'
import { openerOfAll } from './own-lines.ts'

export function checkPartsOf(
  database: LogDatabase,
  record: LogRecord,
): Omit<FsckParts, 'mark' | 'onProblem' | 'onProgress'> {
  return {
    origin: record.origin,
    store: database.store(record.number),
    open: openerOfAll(record),
    facts: factsOf(record.dialect),
    withdraws: withdrawalsOf(record),
    digest: (algorithm, content) => createHash(algorithm).update(content).digest(),
  }
}
