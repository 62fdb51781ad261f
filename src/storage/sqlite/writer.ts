/** The one way to write: guards before, one transaction, and no second try after an outcome nobody knows. */

import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Database } from 'better-sqlite3'
import { TlogError } from '../../kernel/error.ts'
import { keptNothing, storeError } from './failure.ts'

/** Runs `work` in a transaction that is durable once it returns. */
export type Write = <T>(work: () => T) => T

/**
 * @throws what `work` throws, after undoing it; TlogError STORE_REPLACED, STORE_FULL, STORE_LOCKED (nothing kept) or
 *   STORE_CORRUPT (outcome unknown, and every later write is refused: an fsync that failed once may succeed for nothing).
 */
export function createWriter(db: Database): Write {
  const path = db.name
  const opened = fileIds(path)
  let failure: unknown
  return (work) => {
    if (failure !== undefined)
      throw new TlogError('STORE_CORRUPT', `${path}: a write failed before, start again`, { cause: failure })
    checkSameFiles(path, opened)
    try {
      return db.transaction(work).immediate()
    } catch (error) {
      if (!keptNothing(error)) failure = error
      throw storeError(error, path)
    }
  }
}

/** Writing into an unlinked file succeeds and is lost, and a new lock is another server's: the names must still be the files they were. */
function checkSameFiles(path: string, opened: string): void {
  const found = fileIds(path)
  if (found !== opened)
    throw new TlogError(
      'STORE_REPLACED',
      `${path}: the database, its -wal or its lock is no longer the file that was opened (${opened}, now ${found}): stop, find the right one`,
    )
}

/** stat only: opening the file and closing it again would drop SQLite's locks. */
function fileIds(path: string): string {
  return [path, `${path}-wal`, join(dirname(path), 'lock')].map(fileId).join(' ')
}

function fileId(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? 'missing' : `${stat.dev}:${stat.ino}`
}
