/** One server for a data directory. */

import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { TlogError } from '../kernel/error.ts'

export interface DirectoryLock {
  release(): void
}

/** A connection that nobody refers to is closed by the garbage collector, and its lock is gone without a word. */
const held = new Set<Sqlite.Database>()

/**
 * Holds `dir` until release(), or until the process ends, however it ends: the lock is the operating system's, on the
 * SQLite file `lock`. Not on the database, which `fsck` and `backup` must be able to read beside a server.
 *
 * @throws TlogError STORE_LOCKED when another process, or this one, holds it; STORE_MISSING when there is no such directory.
 */
export function lockDataDirectory(dir: string): DirectoryLock {
  const db = openLockFile(dir)
  try {
    // Who holds it must be committed to be read by others; in between another process may win, and the second BEGIN fails.
    db.exec('BEGIN IMMEDIATE')
    db.exec('CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL) STRICT; DELETE FROM holder')
    db.prepare('INSERT INTO holder VALUES (?)').run(process.pid)
    db.exec('COMMIT; BEGIN IMMEDIATE')
  } catch (error) {
    const holder = readHolder(db)
    db.close()
    if (!isBusy(error))
      throw new TlogError(
        'STORE_LOCKED',
        `${join(dir, 'lock')} cannot be locked: ${(error as Error).message}. It holds nothing: when no server runs there, and the disk is in order, remove it`,
        { cause: error },
      )
    throw new TlogError(
      'STORE_LOCKED',
      `${dir} is in use by process ${holder ?? 'unknown'}: stop it, or choose another data directory`,
    )
  }
  held.add(db)
  return {
    release: () => {
      held.delete(db)
      db.close()
    },
  }
}

function openLockFile(dir: string): Sqlite.Database {
  try {
    return new Sqlite(join(dir, 'lock'), { timeout: 0 })
  } catch (error) {
    throw new TlogError('STORE_MISSING', `${dir}: no lock file can be opened there`, { cause: error })
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')
}

function readHolder(db: Sqlite.Database): number | undefined {
  try {
    return db.prepare<[], number>('SELECT pid FROM holder').pluck().get()
  } catch {
    return undefined // another process is just creating the file
  }
}
