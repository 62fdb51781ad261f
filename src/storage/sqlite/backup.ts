/** A copy of a database beside a live server. */

import { closeSync, existsSync, openSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { TlogError } from '../../kernel/error.ts'
import { storeError } from './failure.ts'

/** Pages (of 4 KiB) copied at a time, between two turns of the event loop. */
const STEP_PAGES = 2048

/**
 * Copies the database at `from`, as it is at one moment, to the new file `to` (mode 0600). The server goes on writing: a
 * read transaction holds the moment, without which every commit would start the copying anew. While it lasts the
 * server's -wal file cannot shrink.
 *
 * @throws TlogError STORE_CORRUPT, STORE_FULL as SQLite meets them; STORE_MISSING when there is no database.
 */
export async function copyDatabase(
  from: string,
  to: string,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  if (!existsSync(from)) throw new TlogError('STORE_MISSING', `${from} does not exist`)
  closeSync(openSync(to, 'wx', 0o600)) // SQLite itself would make it readable to all
  try {
    const db = new Sqlite(from, { readonly: true, fileMustExist: true })
    try {
      db.exec('BEGIN')
      db.prepare('SELECT count(*) FROM sqlite_schema').get() // the moment begins with the first read
      await db.backup(to, {
        progress: ({ totalPages, remainingPages }) => {
          onProgress(totalPages - remainingPages, totalPages)
          return STEP_PAGES
        },
      })
    } finally {
      db.close()
    }
    const copy = new Sqlite(to)
    copy.pragma('journal_mode = DELETE') // one file, whole by itself, that a reader adds nothing to
    copy.close()
  } catch (error) {
    throw storeError(error, from)
  }
}
