/** Where a copy comes from and where it goes: held, so that nobody else writes there meanwhile. */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { makeDirectory } from '../files/make-directory.ts'
import { TlogError } from '../kernel/error.ts'
import type { Fence, Lease } from '../log/cluster/ports.ts'
import type { Clock } from '../log/ports.ts'
import type { LogRecord, MovableDatabase } from './database.ts'
import { lockDataDirectory } from './lock.ts'
import type { DatabaseServer } from './log-keys.ts'
import { databasePath } from './open-logs.ts'
import type { PostgresDatabase } from './postgres/logs.ts'
import { openDatabase as openSqlite } from './sqlite/open.ts'

export type CopyEnd =
  | { readonly kind: 'directory'; readonly dir: string }
  | { readonly kind: 'database'; readonly server: DatabaseServer }

export interface HeldEnd {
  /** In words, without a password. */
  readonly place: string
  readonly database: MovableDatabase
  /** Of the lease of a log, by number; undefined where no nodes share it. */
  fence(number: number): Fence | undefined
  close(): Promise<void>
}

/** A lease that is not renewed for so long is over. */
const LEASE_MS = 3000
const RENEW_MS = 1000

/**
 * Nobody sequences its logs until it is closed; should somebody all the same, `leave` finds out.
 * @throws TlogError STORE_LOCKED when a server runs there, LOG_BUSY when entries wait; and as openDatabase does.
 */
export async function openSource(end: CopyEnd, clock: Clock): Promise<HeldEnd> {
  if (end.kind === 'directory') return openDirectory(end.dir, false)
  const { openDatabase } = await import('./postgres/open.ts')
  const database = await openDatabase(end.server)
  try {
    return await holdLeases(end.server.url, database, clock)
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Made when there is nothing. Whether a copy may come in is another question: see its standing. @throws TlogError as openDatabase does */
export async function openTarget(end: CopyEnd): Promise<HeldEnd> {
  if (end.kind === 'directory') {
    makeDirectory(end.dir)
    const path = databasePath(end)
    if (!existsSync(path) && existsSync(`${path}-wal`))
      throw new TlogError(
        'COPY_REFUSED',
        `${path} is gone, but its ${path}-wal is there: the database was lost. Find it first`,
      )
    return openDirectory(end.dir, !existsSync(path))
  }
  const { openDatabase } = await import('./postgres/open.ts')
  const database = await openDatabase({ ...end.server, create: true })
  return { place: end.server.url, database, fence: () => undefined, close: () => database.close() }
}

function openDirectory(dir: string, create: boolean): HeldEnd {
  const lock = lockDataDirectory(dir)
  try {
    const database = openSqlite(databasePath({ dir }), { create })
    const close = async () => {
      await database.close()
      lock.release()
    }
    return { place: dir, database, fence: () => undefined, close }
  } catch (error) {
    lock.release()
    throw error
  }
}

async function holdLeases(place: string, database: PostgresDatabase, clock: Clock): Promise<HeldEnd> {
  const node = `copy-${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`
  const logs = await database.logs()
  const leases = logs.map(({ number }) => database.lease(number, node, LEASE_MS))
  const fences: Fence[] = []
  const release = () => Promise.all(fences.map((fence, log) => leases[log]?.release(fence).catch(() => undefined)))
  try {
    for (const [log, lease] of leases.entries()) fences.push(await claim(lease, logs[log] as LogRecord, place))
    for (const { number, slug } of logs) await checkNoneWait(database, number, slug, node)
  } catch (error) {
    await release()
    throw error
  }
  const stop = every(clock, RENEW_MS, () => Promise.all(leases.map((lease) => lease.claim())))
  const close = async () => {
    await stop()
    await release()
    await database.close()
  }
  return { place, database, fence: (log) => fences[log], close }
}

async function claim(lease: Lease, { slug }: LogRecord, place: string): Promise<Fence> {
  const fence = await lease.claim()
  if (fence === null)
    throw new TlogError(
      'STORE_LOCKED',
      `${place}: the node ${(await lease.holder()) ?? 'that led it a moment ago'} sequences log ${slug}: stop all nodes first`,
    )
  return fence
}

async function checkNoneWait(database: PostgresDatabase, log: number, slug: string, node: string): Promise<void> {
  const waiting = await database.intake({ log, node, most: 1 }).take({ entries: 1, bytes: 1 }, [])
  if (waiting.length > 0)
    throw new TlogError(
      'LOG_BUSY',
      `log ${slug}: entries wait to be sequenced: let a node run until none do, then stop it`,
    )
}

/** What fails once is tried again at the next turn. Returns how to end it, once the turn under way is over. */
function every(clock: Clock, ms: number, work: () => Promise<unknown>): () => Promise<void> {
  let turn: Promise<unknown> = Promise.resolve()
  let cancel = () => {}
  let isOver = false
  const next = () => {
    cancel = clock.after(ms, () => {
      turn = work()
        .catch(() => undefined)
        .then(() => {
          if (!isOver) next()
        })
    })
  }
  next()
  return async () => {
    isOver = true
    cancel()
    await turn
  }
}
