/** What SQLite says, in our words. */

import Sqlite from 'better-sqlite3'
import { TlogError } from '../../kernel/error.ts'

/**
 * FULL leaves nothing behind and may pass; BUSY means a second writer. Damage and I/O errors leave an unknown outcome.
 * A broken constraint is a bug of ours: it comes back as it is.
 */
export function storeError(error: unknown, path: string): unknown {
  if (!(error instanceof Sqlite.SqliteError)) return error
  const { code } = error
  if (code === 'SQLITE_FULL')
    return new TlogError('STORE_FULL', `${path}: no room left; nothing of this batch was kept. Free some space`, {
      cause: error,
    })
  if (code.startsWith('SQLITE_BUSY'))
    return new TlogError('STORE_LOCKED', `${path}: another process is writing to it: stop that one`, { cause: error })
  if (/^SQLITE_(CORRUPT|NOTADB|IOERR|CANTOPEN|READONLY|PROTOCOL)/.test(code))
    return new TlogError(
      'STORE_CORRUPT',
      `${path}: ${error.message} (${code}). What reached the disk is unknown: stop, check disk and permissions, run \`colophon fsck\``,
      { cause: error },
    )
  return error
}

/** Is it certain that nothing was kept? */
export function keptNothing(error: unknown): boolean {
  if (error instanceof TlogError) return true
  if (!(error instanceof Sqlite.SqliteError)) return false
  return error.code === 'SQLITE_FULL' || /^SQLITE_(BUSY|CONSTRAINT)/.test(error.code)
}
