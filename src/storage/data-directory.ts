/** A data directory: the database, lock and keys of one server, and by default its ratchets. */

import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectory } from '../files/make-directory.ts'
import { TlogError } from '../kernel/error.ts'
import type { LogStore } from '../log/ports.ts'
import type { LogRecord } from './database.ts'
import { lockDataDirectory } from './lock.ts'
import { type DataPlace, ratchetIdentity } from './log-keys.ts'
import { hasLogsElsewhere, type OpenLogs, openLogs } from './open-logs.ts'

export { databasePath, readDatabase } from './open-logs.ts'

export interface DataDirectory extends Pick<OpenLogs, 'database' | 'store' | 'shared' | 'lost'> {
  readonly place: DataPlace
  /** When what is being written is done. Again, it does nothing. */
  close(): Promise<void>
  /**
   * Closes it and takes back its creation. Only by who created it, and before anybody else could read what its log signed.
   * @throws TlogError STORE_CORRUPT when there is an entry: then nothing is removed.
   */
  discard(): Promise<void>
}

/** Absent, or with nothing in it. A lock alone is what an interrupted creation leaves. */
export function isUnused(place: Pick<DataPlace, 'dir'>): boolean {
  if (!existsSync(place.dir)) return true
  return readdirSync(place.dir).every((name) => ['lock', 'lock-journal', 'lost+found'].includes(name))
}

/** Whether a first log may be made here: the directory is unused, and so is a database elsewhere. @throws TlogError STORE_UNAVAILABLE */
export async function isNew(place: Pick<DataPlace, 'dir' | 'database'>): Promise<boolean> {
  return isUnused(place) && !(await hasLogsElsewhere(place))
}

/**
 * Locks it; makes the directory and an empty database when it is unused.
 * @throws TlogError RATCHET_REFUSED when a log has signed here before; STORE_LOCKED, and as openDataDirectory.
 */
export async function createDataDirectory(place: DataPlace): Promise<DataDirectory> {
  checkStray((await place.ratchets.list())[0])
  makeDirectory(place.dir)
  return await opened(place, true)
}

/** @throws TlogError STORE_MISSING, STORE_LOCKED, STORE_SCHEMA, STORE_UNAVAILABLE */
export async function openDataDirectory(place: DataPlace): Promise<DataDirectory> {
  if (!existsSync(place.dir)) throw new TlogError('STORE_MISSING', missing(place))
  return await opened(place, false)
}

function missing({ dir, database }: DataPlace): string {
  const keys = ', and the database has logs: bring the directory with their keys from another node, or from a backup'
  return `there is no data directory ${dir}${database == null ? '' : keys}`
}

async function opened(place: DataPlace, create: boolean): Promise<DataDirectory> {
  const lock = lockDataDirectory(place.dir)
  try {
    const logs = await openLogs(place, { create })
    const { database, shared, lost } = logs
    let closed: Promise<void> | undefined
    const release = async (remove: () => void | Promise<void>) => {
      await logs.close()
      try {
        await remove()
      } finally {
        lock.release()
      }
    }
    return {
      place,
      database,
      store: (log) => logs.store(log),
      shared,
      lost,
      close: () => {
        closed ??= release(() => undefined)
        return closed
      },
      async discard() {
        const records = await database.logs()
        for (const { number } of records) await checkEmpty(database.store(number))
        await logs.takeBack()
        closed ??= release(() => removeCreated(place, records))
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
