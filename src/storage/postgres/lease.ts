/** Which node sequences a log: a row, a time by the server's clock, and a token that grows with each change of holder. */

import type { Lease } from '../../log/cluster/ports.ts'
import type { Server } from './server.ts'

/** What `until` is compared with is read when the row is locked, not when the statement began: it may have waited. */
const CLAIM = `
  INSERT INTO colophon.lease AS held (log, node, token, until)
  VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')
  ON CONFLICT (log) DO UPDATE SET
    node = excluded.node,
    token = held.token + CASE WHEN held.node IS NOT DISTINCT FROM excluded.node THEN 0 ELSE 1 END,
    until = clock_timestamp() + $3 * interval '1 millisecond'
  WHERE held.node IS NULL OR held.node = excluded.node OR held.until <= clock_timestamp()
  RETURNING token::text`

/** @param node a name that no other node has, nor a process that had it before: who has it keeps the lease, and its fence */
export function createLease({ query }: Server, log: number, node: string, timeMs: number): Lease {
  return {
    claim: async () => {
      const [row] = await query<{ token: string }>(CLAIM, [log, node, timeMs])
      return row === undefined ? null : BigInt(row.token)
    },
    release: async (fence) => {
      const text = 'UPDATE colophon.lease SET node = NULL WHERE log = $1 AND node = $2 AND token = $3'
      await query(text, [log, node, fence])
    },
    holder: async () => {
      const text = 'SELECT node FROM colophon.lease WHERE log = $1 AND until > clock_timestamp()'
      const [row] = await query<{ node: string | null }>(text, [log])
      return row?.node ?? null
    },
  }
}
