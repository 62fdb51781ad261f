/** A data directory: the database, lock and keys of one server, and by default its ratchets. */

import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectory } from '../files/make-directory.ts'
import { TlogError } from '../kernel/error.ts'
import type { SharedLog } from '../log/cluster/ports.ts'
import type { LogStore } from '../log/ports.ts'
import type { LogDatabase, LogRecord } from './database.ts'
import { type DirectoryLock, lockDataDirectory } from './lock.ts'
import { type DataPlace, ratchetIdentity } from './log-keys.ts'
import { openDatabase } from './sqlite/open.ts'
import { startWriterThread, type WriterThread } from './sqlite/thread.ts'

export interface DataDirectory {
  readonly place: DataPlace
  readonly database: LogDatabase
  /** The store of a log, which writes on a thread of its own. @throws TlogError LOG_UNKNOWN */
  store(log: number): LogStore
  /** What this process shares with others that serve the same log; null: it is alone. */
  readonly shared: ((log: number) => SharedLog) | null
  /** Resolves with the reason when no store takes a write any more, though nobody closed it. */
  readonly lost: Promise<TlogError>
  /** When what is being written is done. Again, it does nothing. */
  close(): Promise<void>
  /**
   * Closes it and takes back its creation. Only by who created it, and before anybody else could read what its log signed.
   * @throws TlogError STORE_CORRUPT when there is an entry: then nothing is removed.
   */
  discard(): Promise<void>
}

export function databasePath(place: DataPlace): string {
  return join(place.dir, 'log.db')
}

/** To be read beside a running server, by whoever closes it. @throws TlogError STORE_MISSING, STORE_SCHEMA, STORE_CORRUPT */
export async function readDatabase(place: DataPlace): Promise<LogDatabase> {
  return openDatabase(databasePath(place), { readonly: true })
}

/** Absent, or with nothing in it. A lock alone is what an interrupted creation leaves. */
export function isUnused(place: Pick<DataPlace, 'dir'>): boolean {
  if (!existsSync(place.dir)) return true
  return readdirSync(place.dir).every((name) => ['lock', 'lock-journal', 'lost+found'].includes(name))
}

/**
 * Locks it; makes the directory and an empty database when it is unused.
 * @throws TlogError RATCHET_REFUSED when a log has signed here before; STORE_LOCKED, and as openDataDirectory.
 */
export async function createDataDirectory(place: DataPlace): Promise<DataDirectory> {
  checkStray((await place.ratchets.list())[0])
  makeDirectory(place.dir)
  const lock = lockDataDirectory(place.dir)
  return opened(place, lock, () => openDatabase(databasePath(place), { create: true }))
}

/** @throws TlogError STORE_MISSING, STORE_LOCKED, STORE_SCHEMA */
export async function openDataDirectory(place: DataPlace): Promise<DataDirectory> {
  if (!existsSync(place.dir)) throw new TlogError('STORE_MISSING', `there is no data directory ${place.dir}`)
  const lock = lockDataDirectory(place.dir)
  return opened(place, lock, () => {
    if (!existsSync(databasePath(place)))
      throw new TlogError(
        'STORE_MISSING',
        `${place.dir} has no log.db, yet it is not empty: the database was lost or moved. Bring it back; nothing is created in its place`,
      )
    return openDatabase(databasePath(place), {})
  })
}

function opened(place: DataPlace, lock: DirectoryLock, open: () => LogDatabase): DataDirectory {
  try {
    const database = open()
    let writer: WriterThread | undefined
    const lost = Promise.withResolvers<TlogError>()
    let closed: Promise<void> | undefined
    const release = async (remove: () => void | Promise<void>) => {
      await writer?.close()
      await database.close()
      try {
        await remove()
      } finally {
        lock.release()
      }
    }
    return {
      place,
      database,
      store(log) {
        const local = database.store(log)
        if (writer === undefined) {
          writer = startWriterThread(databasePath(place))
          void writer.died.then(lost.resolve)
        }
        return writer.store(log, local)
      },
      shared: null, // one process holds the file
      lost: lost.promise,
      close: () => {
        closed ??= release(() => undefined)
        return closed
      },
      async discard() {
        const logs = await database.logs()
        for (const { number } of logs) await checkEmpty(database.store(number))
        closed ??= release(() => removeCreated(place, logs))
        await closed
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

async function checkEmpty(store: LogStore): Promise<void> {
  const head = await store.head()
  if (head !== null && head.size > 0)
    throw new TlogError('STORE_CORRUPT', `a log that was just created has ${head.size} entries: nothing is removed`)
}

/** The ratchets first: without its ratchet nothing can be signed. What is not ours stays, and its directory with it. */
async function removeCreated({ dir, ratchets }: DataPlace, logs: readonly LogRecord[]): Promise<void> {
  await ratchets.discard(logs.map(ratchetIdentity))
  for (const name of ['keys', 'trust', 'log.db-wal', 'log.db-shm', 'log.db'])
    rmSync(join(dir, name), { recursive: true, force: true })
}

/**
 * A ratchet that no log of the database owns is the memory of one that was lost. Returns, in words, those that never left the
 * empty tree, as an interrupted `log create` leaves one: nobody has a receipt of such a log, and the others may start.
 * @throws TlogError RATCHET_REFUSED
 */
export async function checkNoStrayRatchet(data: DataDirectory): Promise<readonly string[]> {
  const { ratchets } = data.place
  const owned = new Set((await data.database.logs()).map((log) => ratchets.nameOf(ratchetIdentity(log))))
  const strays = (await ratchets.list()).filter((name) => !owned.has(name))
  for (const stray of strays) if (await ratchets.mayHaveSigned(stray)) checkStray(stray)
  return strays.map(
    (name) =>
      `${name} is of a log that the database does not have, and that never had an entry: \`log create\` was cut off (run it again), or the database is from before it. Without the log it may be removed`,
  )
}

function checkStray(name: string | undefined): void {
  if (name !== undefined)
    throw new TlogError(
      'RATCHET_REFUSED',
      `${name} is the memory of a log that the database does not have: it is an older or another database`,
    )
}
