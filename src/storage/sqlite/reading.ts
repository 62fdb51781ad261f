/** What all reads share. What comes back is plain: views of Node's buffers, one memory each. */

import type { Database } from 'better-sqlite3'
import { storeError } from './failure.ts'

/** The port is asynchronous, SQLite is not. */
export function reading<A extends unknown[], R>(
  db: Database,
  read: (...args: A) => R | Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await read(...args)
    } catch (error) {
      throw storeError(error, db.name)
    }
  }
}

export function orNull<R, T>(row: R | undefined, make: (row: R) => T): T | null {
  return row === undefined ? null : make(row)
}

/** better-sqlite3 gives Buffers; a Uint8Array is what the port promises. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
