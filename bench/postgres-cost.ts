/** What a PostgreSQL server has cost so far, and what its tables take. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { TestServer } from '../test/storage/postgres/server.ts'

const CLOCK_TICKS = 100 // of /proc, on every Linux that Node runs on

/** Processor seconds of all its processes, those that have ended too. */
export function serverSeconds({ data }: TestServer): number {
  const pid = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n', 1)[0]
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  const ticks = children.map((child) => ticksOf(child, 2)).reduce((sum, each) => sum + each, ticksOf(`${pid}`, 4))
  return ticks / CLOCK_TICKS
}

/** utime, stime, and with `count` 4 those of children that were waited for. */
function ticksOf(pid: string, count: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return stat.slice(11, 11 + count).reduce((sum, ticks) => sum + Number(ticks), 0)
  } catch {
    return 0 // it has just ended
  }
}

/** Bytes of WAL since the server was made. */
export async function walBytes(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS bytes")
  return Number(rows[0]?.bytes)
}

export interface TableSize {
  readonly table: string
  readonly heap: number
  readonly indexes: number
}

/** Partitions count as their table. The largest first. */
export async function tableSizes(client: pg.Client): Promise<TableSize[]> {
  const text = `SELECT coalesce(parent.relname, one.relname) AS table,
      sum(pg_table_size(one.oid))::float8 AS heap, sum(pg_indexes_size(one.oid))::float8 AS indexes
    FROM pg_class AS one LEFT JOIN pg_inherits ON inhrelid = one.oid LEFT JOIN pg_class AS parent ON parent.oid = inhparent
    WHERE one.relkind = 'r' AND one.relnamespace = 'colophon'::regnamespace
    GROUP BY 1 ORDER BY sum(pg_total_relation_size(one.oid)) DESC`
  return (await client.query<TableSize>(text)).rows
}

export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  await client.connect()
  return client
}
