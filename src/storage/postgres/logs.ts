/** The logs of a PostgreSQL database. */

import { TlogError } from '../../kernel/error.ts'
import { EMPTY_ROOT } from '../../kernel/hash.ts'
import type { Fence, Intake, Lease, Pruning } from '../../log/cluster/ports.ts'
import type { LogStore } from '../../log/ports.ts'
import type { CopiedBundles } from '../copied-bundles.ts'
import { checkSlug, type LogDatabase, type LogRecord, type MovableDatabase, type NewLog } from '../database.ts'
import { createIntake, type IntakeOptions } from './intake.ts'
import { createLease } from './lease.ts'
import { createPruning } from './pruning.ts'
import type { Server } from './server.ts'
import { createStandings } from './standing.ts'
import { createStore } from './store.ts'
import { createTarget } from './target.ts'

export interface PostgresDatabase extends MovableDatabase {
  /** With a fence, another store for each: see createStore. */
  store(number: number, fence?: Fence): LogStore
  /** As the node of that name sees it. */
  lease(number: number, node: string, timeMs: number): Lease
  intake(options: IntakeOptions): Intake
  pruning(number: number): Pruning
  /** Takes back all that was made in it. @throws TlogError STORE_CORRUPT when a log was not made here, or has an entry */
  drop(): Promise<void>
}

const RECORDS = `
  SELECT number, slug, dialect, origin, vkey, ecdsa_key AS "ecdsaKey", ml_dsa_vkey AS "mlDsaVkey", created_ms AS "createdAt",
    CASE WHEN retired_ms IS NULL THEN 'active' ELSE 'frozen' END AS state,
    retired_ms AS "retiredAt", compromised_ms AS "compromisedSince"
  FROM colophon.log`

/** The server is closed with what this returns. */
export async function createLogDatabase(server: Server, copied: CopiedBundles): Promise<PostgresDatabase> {
  const { one, check, ...records } = createRecords(server)
  await records.logs()
  const made: number[] = []
  const stores = new Map<number, LogStore>()
  const partsOf = (number: number) => ({ server, log: number, slug: check(number).slug, copied })
  const unfenced = (number: number): LogStore => {
    const store = stores.get(number) ?? createStore(partsOf(number), null)
    stores.set(number, store)
    return store
  }
  return {
    ...records,
    ...createStandings(server),
    createLog: async (record) => {
      const number = await insertLog(server, record)
      made.push(number)
      return await one(number)
    },
    store: (number, fence) => (fence === undefined ? unfenced(number) : createStore(partsOf(number), fence)),
    target: (number) => createTarget(server, number, unfenced(number)),
    lease: (number, node, timeMs) => createLease(server, number, node, timeMs),
    intake: (options) => createIntake(server, options),
    pruning: (number) => createPruning(server, number),
    drop: () => drop(server, made),
    checkFile: () => checkTables(server),
    close: () => server.close(),
  }
}

interface Records extends Pick<LogDatabase, 'logs' | 'freezeLog' | 'compromiseLog'> {
  one(number: number): Promise<LogRecord>
  /** By what was last read: logs are never removed. @throws TlogError LOG_UNKNOWN */
  check(number: number): LogRecord
}

function createRecords({ query, where }: Server): Records {
  let known: readonly LogRecord[] = []
  const check = (number: number) => {
    const record = known[number]
    if (record === undefined) throw new TlogError('LOG_UNKNOWN', `${where}: there is no log number ${number}`)
    return record
  }
  const logs = async () => {
    const records = await query<LogRecord>(`${RECORDS} ORDER BY number`)
    if (records.length >= known.length) known = records
    return records
  }
  const one = async (number: number) => {
    await logs()
    return check(number)
  }
  return {
    logs,
    one,
    check,
    freezeLog: async (number, at) => {
      await query('UPDATE colophon.log SET retired_ms = $2 WHERE number = $1 AND retired_ms IS NULL', [number, at])
      return await one(number)
    },
    compromiseLog: async (number, at, since) => {
      const text = `UPDATE colophon.log SET retired_ms = coalesce(retired_ms, $2), compromised_ms = $3
        WHERE number = $1 AND compromised_ms IS NULL`
      await query(text, [number, at, since])
      return await one(number)
    },
  }
}

async function insertLog({ query }: Server, record: NewLog): Promise<number> {
  const { slug, dialect, origin, vkey, createdAt, ecdsaKey = null, mlDsaVkey = null } = record
  checkSlug(slug)
  const values = [slug, dialect, origin, vkey, createdAt, ecdsaKey, mlDsaVkey, EMPTY_ROOT]
  const [row] = await query<{ number: number }>(
    'SELECT colophon.create_log($1, $2, $3, $4, $5, $6, $7, $8) AS number',
    values,
  )
  return row?.number ?? 0
}

/** Of what other nodes have made or written meanwhile nothing is touched. */
async function drop({ session, where }: Server, made: readonly number[]): Promise<void> {
  await session(async (query) => {
    await query('BEGIN')
    await query('LOCK TABLE colophon.log, colophon.head IN ACCESS EXCLUSIVE MODE')
    const text = `SELECT FROM colophon.log WHERE number <> ALL ($1) UNION ALL SELECT FROM colophon.head WHERE size > 0
      UNION ALL SELECT FROM colophon.pending LIMIT 1`
    if ((await query(text, [made])).length > 0)
      throw new TlogError('STORE_CORRUPT', `${where}: there is more than was made just now: nothing is removed`)
    await query('DROP SCHEMA colophon CASCADE')
    await query('COMMIT')
  })
}

/** PostgreSQL has checksums of its own pages; what could be done unseen is to switch a trigger off. @throws TlogError STORE_CORRUPT */
async function checkTables({ query, where }: Server): Promise<void> {
  const off = await query<{ name: string }>(
    `SELECT relname || '.' || tgname AS name FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
     WHERE relnamespace = 'colophon'::regnamespace AND tgenabled <> 'O' ORDER BY 1 LIMIT 5`,
  )
  if (off.length > 0)
    throw new TlogError(
      'STORE_CORRUPT',
      `${where}: switched off: ${off.map(({ name }) => name).join(', ')}. Rows could be changed since: find out why, and ALTER TABLE … ENABLE TRIGGER`,
    )
}
