/** Entries that some node has admitted, in a table that all share until they are in the tree. */

import { hash, type LeafHash } from '../../kernel/brand.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Intake, Waiting } from '../../log/cluster/ports.ts'
import { formatAttachments, formatKeys, formatName, parseAttachments, parseKeys, parseName } from './pending.ts'
import type { Server } from './server.ts'

interface PendingRow {
  readonly id: string
  readonly hash: Uint8Array
  readonly leaf: Uint8Array
  readonly keys: Uint8Array
  readonly attachments: Uint8Array
  readonly withdraws: Uint8Array
}

const OFFER = `
  INSERT INTO colophon.pending (log, node, bytes, hash, leaf, keys, attachments, withdraws)
  SELECT $1, $2, size, hash, leaf, keys, attachments, withdraws
  FROM unnest($3::int[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[]) WITH ORDINALITY
    AS given (size, hash, leaf, keys, attachments, withdraws, n)
  ORDER BY n RETURNING id::text`

/** Up to the bytes asked for, and the first one whatever its size. */
const TAKE = `
  SELECT id::text, hash, leaf, keys, attachments, withdraws FROM (
    SELECT pending.*, sum(bytes) OVER (ORDER BY id) AS upto, row_number() OVER (ORDER BY id) AS n FROM (
      SELECT * FROM colophon.pending WHERE log = $1 AND id <> ALL ($2::bigint[]) ORDER BY id LIMIT $3
    ) AS pending
  ) AS counted WHERE n = 1 OR upto <= $4 ORDER BY n`

export interface IntakeOptions {
  readonly log: number
  /** Stands in the row, for whoever looks at the table. */
  readonly node: string
  /** Entries that may wait, about: nodes count anew after each eighth of it that they offer. */
  readonly most: number
}

export function createIntake({ query }: Server, { log, node, most }: IntakeOptions): Intake {
  let counted = 0
  let since = Number.POSITIVE_INFINITY // offered here after it was counted
  const checkRoom = async (more: number): Promise<void> => {
    if (since + more > most / 8 || counted + since + more > most) {
      const text = 'SELECT count(*) AS waiting FROM (SELECT FROM colophon.pending WHERE log = $1 LIMIT $2) AS row'
      const [row] = await query<{ waiting: number }>(text, [log, most])
      counted = row?.waiting ?? 0
      since = 0
    }
    if (counted + since + more > most)
      throw new TlogError('LOG_BUSY', `${counted + since} entries wait to be sequenced; try again shortly`)
    since += more
  }
  return {
    offer: async (entries) => {
      if (entries.length === 0) return []
      await checkRoom(entries.length)
      const rows = await query<{ id: string }>(OFFER, [log, node, ...columnsOf(entries)])
      return rows.map(({ id }) => BigInt(id)).sort((a, b) => (a < b ? -1 : 1))
    },
    take: async (limits, except) =>
      (await query<PendingRow>(TAKE, [log, except, limits.entries, limits.bytes])).map(toWaiting),
    waiting: async (tickets) => {
      const text = 'SELECT id::text FROM colophon.pending WHERE id = ANY ($1::bigint[])'
      const rows = tickets.length === 0 ? [] : await query<{ id: string }>(text, [tickets])
      const there = new Set(rows.map(({ id }) => id))
      return tickets.filter((ticket) => there.has(`${ticket}`))
    },
    done: async (tickets) => void (await query('SELECT colophon.settle($1::bigint[])', [tickets])),
  }
}

function columnsOf(entries: readonly Omit<Waiting, 'ticket'>[]): readonly (readonly unknown[])[] {
  return [
    entries.map(({ entry: { leaf, attachments } }) =>
      attachments.reduce((sum, { content }) => sum + content.length, leaf.length),
    ),
    entries.map(({ hash }) => hash),
    entries.map(({ entry }) => entry.leaf),
    entries.map(({ entry }) => formatKeys(entry.keys)),
    entries.map(({ entry }) => formatAttachments(entry.attachments)),
    entries.map(({ entry }) => formatName(entry.withdraws)),
  ]
}

function toWaiting(row: PendingRow): Waiting {
  const withdraws = parseName(row.withdraws)
  const entry = {
    leaf: row.leaf,
    keys: parseKeys(row.keys),
    attachments: parseAttachments(row.attachments),
    ...(withdraws !== undefined && { withdraws }),
  }
  return { ticket: BigInt(row.id), hash: hash(row.hash) as LeafHash, entry }
}
