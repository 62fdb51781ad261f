/** The logs of a PostgreSQL database. */

import { TlogError } from '../../kernel/error.ts'
import { EMPTY_ROOT } from '../../kernel/hash.ts'
import type { Fence, Intake, Lease } from '../../log/cluster/ports.ts'
import type { LogStore } from '../../log/ports.ts'
import { checkSlug, type LogDatabase, type LogRecord, type NewLog } from '../database.ts'
import { createIntake, type IntakeOptions } from './intake.ts'
import { createLease } from './lease.ts'
import type { Server } from './server.ts'
import { createStore } from './store.ts'

export interface PostgresDatabase extends LogDatabase {
  /** With a fence, another store for each: see createStore. */
  store(number: number, fence?: Fence): LogStore
  /** As the node of that name sees it. */
  lease(number: number, node: string, timeMs: number): Lease
  intake(options: IntakeOptions): Intake
}

const RECORDS = `
  SELECT number, slug, dialect, origin, vkey, ecdsa_key AS "ecdsaKey", ml_dsa_vkey AS "mlDsaVkey", created_ms AS "createdAt",
    CASE WHEN retired_ms IS NULL THEN 'active' ELSE 'frozen' END AS state,
    retired_ms AS "retiredAt", compromised_ms AS "compromisedSince"
  FROM colophon.log`

/** The server is closed with what this returns. */
export async function createLogDatabase(server: Server): Promise<PostgresDatabase> {
  const { query, where } = server
  const stores = new Map<number, LogStore>()
  const unknown = (number: number) => new TlogError('LOG_UNKNOWN', `${where}: there is no log number ${number}`)
  let known = 0 // logs are never removed

  const logs = async () => {
    const records = await query<LogRecord>(`${RECORDS} ORDER BY number`)
    known = Math.max(known, records.length)
    return records
  }
  const one = async (number: number): Promise<LogRecord> => {
    const record = (await logs())[number]
    if (record === undefined) throw unknown(number)
    return record
  }
  await logs()

  return {
    logs,
    createLog: async (record) => await one(await insertLog(server, record)),
    freezeLog: async (number, at) => {
      await query('UPDATE colophon.log SET retired_ms = $2 WHERE number = $1 AND retired_ms IS NULL', [number, at])
      return await one(number)
    },
    compromiseLog: async (number, at, since) => {
      await query(
        `UPDATE colophon.log SET retired_ms = coalesce(retired_ms, $2), compromised_ms = $3
         WHERE number = $1 AND compromised_ms IS NULL`,
        [number, at, since],
      )
      return await one(number)
    },
    store: (number, fence) => {
      if (number >= known) throw unknown(number)
      if (fence !== undefined) return createStore(server, number, fence)
      const store = stores.get(number) ?? createStore(server, number, null)
      stores.set(number, store)
      return store
    },
    lease: (number, node, timeMs) => createLease(server, number, node, timeMs),
    intake: (options) => createIntake(server, options),
    checkFile: async () => await checkTables(server),
    close: () => server.close(),
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
