/** The database of a data directory: the SQLite file in it, or one on a PostgreSQL server, which several nodes may share. */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { TlogError } from '../kernel/error.ts'
import type { SharedLog } from '../log/cluster/ports.ts'
import type { LogStore } from '../log/ports.ts'
import type { LogDatabase, MovableDatabase } from './database.ts'
import type { DataPlace } from './log-keys.ts'
import type { PostgresDatabase } from './postgres/logs.ts'
import type { PostgresOptions } from './postgres/open.ts'
import { openDatabase as openSqlite } from './sqlite/open.ts'
import { startWriterThread, type WriterThread } from './sqlite/thread.ts'

/** Whoever does not renew it for so long is dead or cut off: the next node goes on. */
const LEASE_MS = 3000
/** Of one log, in all nodes: some seconds of what a database can take. */
const MOST_WAITING = 16_384

export interface OpenLogs {
  readonly database: LogDatabase
  /** The store of a log, as it is written to. @throws TlogError LOG_UNKNOWN */
  store(log: number): LogStore
  /** What this process shares with others that serve the same log; null: it is alone. */
  readonly shared: ((log: number) => SharedLog) | null
  /** Resolves with the reason when no store takes a write any more, though nobody closed it. */
  readonly lost: Promise<TlogError>
  /** When what is being written is done. */
  close(): Promise<void>
  /** Of what was made here, what is not in the data directory. @throws TlogError when there is more than was made here */
  takeBack(): Promise<void>
}

type Unchecked = OpenLogs & { readonly database: MovableDatabase }

export function databasePath(place: Pick<DataPlace, 'dir'>): string {
  return join(place.dir, 'log.db')
}

/** @throws TlogError STORE_MOVED when the logs are not here any more, or not yet; and as the two databases do. */
export async function openLogs(place: DataPlace, { create }: { readonly create: boolean }): Promise<OpenLogs> {
  const opened = place.database == null ? openFile(place, create) : await openShared(place.database, create)
  try {
    await checkServed(opened.database, place.database?.url ?? place.dir)
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** Of two databases that have the same logs one is served, or there would soon be two histories. */
async function checkServed(database: MovableDatabase, here: string): Promise<void> {
  const { state, copy } = await database.standing()
  if (state === 'left')
    throw new TlogError(
      'STORE_MOVED',
      `the logs of ${here} were moved to ${copy?.place}, and go on there: use that database`,
    )
  if (state === 'arriving')
    throw new TlogError(
      'STORE_MOVED',
      `the logs are still being copied to ${here} from ${copy?.place}, or the copy was cut off: run the same \`colophon copy\` again`,
    )
}

/** To be read beside a running server, by whoever closes it. @throws TlogError STORE_MISSING, STORE_SCHEMA, STORE_CORRUPT, STORE_UNAVAILABLE */
export async function readDatabase(place: DataPlace): Promise<LogDatabase> {
  if (place.database == null) return openSqlite(databasePath(place), { readonly: true })
  return await openPostgres({ ...place.database, readonly: true })
}

/** Whether there are logs already in what a data directory names as its database, and does not hold. */
export async function hasLogsElsewhere(place: Pick<DataPlace, 'database'>): Promise<boolean> {
  if (place.database == null) return false
  try {
    const database = await openPostgres({ ...place.database, readonly: true })
    try {
      return (await database.logs()).length > 0
    } finally {
      await database.close()
    }
  } catch (error) {
    if (error instanceof TlogError && error.code === 'STORE_MISSING') return false
    throw error
  }
}

/** A module that nobody waits for without need. */
async function openPostgres(options: PostgresOptions): Promise<PostgresDatabase> {
  const { openDatabase } = await import('./postgres/open.ts')
  return await openDatabase(options)
}

/** Writes on a thread of its own. */
function openFile(place: DataPlace, create: boolean): Unchecked {
  const path = databasePath(place)
  if (!create && !existsSync(path))
    throw new TlogError(
      'STORE_MISSING',
      `${place.dir} has no log.db, yet it is not empty: the database was lost or moved. Bring it back; nothing is created in its place`,
    )
  const database = openSqlite(path, { create })
  const lost = Promise.withResolvers<TlogError>()
  let writer: WriterThread | undefined
  return {
    database,
    store(log) {
      const local = database.store(log)
      if (writer === undefined) {
        writer = startWriterThread(path)
        void writer.died.then(lost.resolve)
      }
      return writer.store(log, local)
    },
    shared: null, // one process holds the file
    lost: lost.promise,
    async close() {
      await writer?.close()
      await database.close()
    },
    takeBack: async () => undefined,
  }
}

async function openShared(server: NonNullable<DataPlace['database']>, create: boolean): Promise<Unchecked> {
  const database = await openPostgres({ ...server, create })
  // Of this opening, and never again: who finds its own name in a lease keeps it.
  const node = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`
  return {
    database,
    store: (log) => database.store(log),
    shared: (log) => ({
      reader: database.store(log),
      fenced: (fence) => database.store(log, fence),
      lease: database.lease(log, node, LEASE_MS),
      intake: database.intake({ log, node, most: MOST_WAITING }),
      pruning: database.pruning(log),
    }),
    lost: new Promise(() => undefined), // a connection that is lost fails what needed it, and the next is a new one
    close: () => database.close(),
    takeBack: () => database.drop(),
  }
}
