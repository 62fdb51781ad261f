/** A pool of connections to one PostgreSQL server. Each statement is a transaction of its own, on whichever connection is free. */

import pg from 'pg'
import { storeError } from './failure.ts'

export interface Server {
  /** In words without a password: `user@host:port/database`. */
  readonly where: string
  /**
   * One statement, and with it one transaction: once it returns, what it wrote is durable.
   * @throws TlogError as storeError says.
   */
  query<R extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<R[]>
  /** Several statements on one connection. Whatever `work` throws, the transaction it began is over. @throws as query */
  session<T>(work: (query: Server['query']) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface ServerOptions {
  /** postgres://user@host:port/database?sslmode=…, as `pg` reads it, without a password. */
  readonly url: string
  /** Undefined: as `pg` finds one, in PGPASSWORD or PGPASSFILE. */
  readonly password?: string | undefined
}

/** Of one node: a statement lasts milliseconds, and a server with as many connections as processors does the most. */
const CONNECTIONS = 10
const CONNECT_MS = 5000
/** A way that was cut answers nothing: what is under way is then given up, its outcome unknown. */
const ANSWER_MS = 30_000

/** Connects when it is first asked. */
export function openServer({ url, password }: ServerOptions): Server {
  const pool = new pg.Pool({
    connectionString: withPassword(url, password),
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    fallback_application_name: 'colophon',
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
  })
  pool.on('error', () => undefined) // of an idle connection, which is then out of the pool; the next query opens another
  const where = describe(url)
  const asking = (client: Pick<pg.PoolClient, 'query'>): Server['query'] => {
    return async <R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) => {
      try {
        const { rows } = await client.query<R>(text, [...values])
        return rows
      } catch (error) {
        throw storeError(error, where)
      }
    }
  }
  return {
    where,
    query: asking(pool as Pick<pg.PoolClient, 'query'>),
    async session(work) {
      const client = await pool.connect().catch((error: unknown) => {
        throw storeError(error, where)
      })
      try {
        const result = await work(asking(client))
        client.release()
        return result
      } catch (error) {
        client.release(true)
        throw error
      }
    },
    close: () => pool.end(),
  }
}

/** In the URL, because what stands there goes before what is given beside it, be it empty. */
function withPassword(url: string, password: string | undefined): string {
  if (password === undefined) return url
  const full = new URL(url)
  full.password = encodeURIComponent(password)
  return full.href
}

function describe(url: string): string {
  const { username, host, pathname, searchParams } = new URL(url)
  const place = searchParams.get('host') ?? host
  return `postgres ${username === '' ? '' : `${username}@`}${place}${pathname}`
}

const INT8 = 20
const BYTEA = 17

/** Numbers here are below 2^53; what is not comes as text. Bytes have a memory of their own. */
function parserOf(oid: number): (text: string) => unknown {
  if (oid === INT8) return Number
  return oid === BYTEA ? bytes : (pg.types.getTypeParser(oid) as (text: string) => unknown)
}

/** `\x` and hexadecimal digits. */
function bytes(text: string): Uint8Array {
  const found = new Uint8Array((text.length - 2) / 2)
  Buffer.from(found.buffer).write(text.slice(2), 'hex')
  return found
}
