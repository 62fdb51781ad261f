/** Reads of what is kept beside a tree: lookup rows and attachments. */

import { leafIndex } from '../../kernel/brand.ts'
import type { Attachment, ContentName, LogReader, LookupRow } from '../../log/ports.ts'
import { MAX_LEAVES } from '../database.ts'
import { ATTACHMENT_PAGE_BYTES, checkAttachment } from '../sealed.ts'
import type { Server } from './server.ts'

interface Row {
  readonly key: Uint8Array
  readonly idx: number
  readonly source: number
}

/** LIMIT keeps each search a walk down one index, whatever the planner believes of the table. */
const HAS = `
  SELECT n FROM generate_series(1, cardinality($3::bigint[])) AS n
  CROSS JOIN LATERAL (
    SELECT FROM colophon.lookup
    WHERE log = $1 AND key = substring($2::bytea FROM n * 32 - 31 FOR 32) AND idx = ($3::bigint[])[n] LIMIT 1
  ) AS found`

const FIRSTS = `
  SELECT n::int AS n, found.idx FROM unnest($2::bytea[]) WITH ORDINALITY AS wanted (key, n)
  CROSS JOIN LATERAL (
    SELECT idx FROM colophon.lookup WHERE log = $1 AND key = wanted.key ORDER BY idx LIMIT 1
  ) AS found`

const LOOKUPS = `
  SELECT key, idx, source FROM colophon.lookup
  WHERE log = $1 AND key >= $2 AND (key, idx) > ($2, $3::bigint) ORDER BY key, idx LIMIT $4`

/** Up to the bytes of a page, and the first one whatever its size. */
const ATTACHMENTS = `
  SELECT algorithm, digest, content FROM colophon.attachment JOIN (
    SELECT algorithm, digest, sum(length(content)) OVER (ORDER BY algorithm, digest) AS upto,
      row_number() OVER (ORDER BY algorithm, digest) AS n
    FROM (
      SELECT algorithm, digest, content FROM colophon.attachment
      WHERE log = $1 AND (algorithm, digest) > ($2, $3) ORDER BY algorithm, digest LIMIT $4
    ) AS page
  ) AS counted USING (algorithm, digest) WHERE log = $1 AND (n = 1 OR upto <= $5) ORDER BY n`

/** Up to the bytes of a page and what goes beyond them; `found` says whether there are more. */
const CONTENTS = `
  SELECT n, content, found FROM (
    SELECT n::int AS n, content, count(*) OVER ()::int AS found,
      sum(length(content)) OVER (ORDER BY n) - length(content) AS before
    FROM unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS wanted (algorithm, digest, n)
    CROSS JOIN LATERAL (
      SELECT content FROM colophon.attachment
      WHERE log = $1 AND algorithm = wanted.algorithm AND digest = wanted.digest LIMIT 1
    ) AS there
  ) AS counted WHERE before < $4 ORDER BY n`

interface ContentRow {
  /** Of the name, from 1 on. */
  readonly n: number
  readonly content: Uint8Array
  readonly found: number
}

type BesideReader = Pick<
  LogReader,
  'lookup' | 'firstUnder' | 'hasLookups' | 'lookups' | 'brought' | 'attachment' | 'contents' | 'attachments'
>

export function createBesideReader(query: Server['query'], log: number): BesideReader {
  return {
    lookup: async (key, after, limit) => {
      const text = 'SELECT idx FROM colophon.lookup WHERE log = $1 AND key = $2 AND idx > $3 ORDER BY idx LIMIT $4'
      const rows = await query<{ idx: number }>(text, [log, key, after ?? -1, limit])
      return rows.map(({ idx }) => leafIndex(idx))
    },
    firstUnder: async (keys) => {
      if (keys.length === 0) return []
      const rows = await query<{ n: number; idx: number }>(FIRSTS, [log, keys])
      const firsts = new Map(rows.map(({ n, idx }) => [n, leafIndex(idx)]))
      return keys.map((_, i) => firsts.get(i + 1) ?? null)
    },
    hasLookups: async (rows) => {
      if (rows.length === 0) return []
      const values = [log, Buffer.concat(rows.map(({ key }) => key)), rows.map(({ index }) => index)]
      const there = new Set((await query<{ n: number }>(HAS, values)).map(({ n }) => n))
      return rows.map((_, i) => there.has(i + 1))
    },
    lookups: async (after, limit) =>
      (await query<Row>(LOOKUPS, [log, after?.key ?? new Uint8Array(), after?.index ?? -1, limit])).map(toRow),
    brought: async (first, count) => {
      const text = 'SELECT at FROM colophon.brought WHERE at >= $1 AND at < $2 ORDER BY at'
      const base = log * MAX_LEAVES
      const rows = await query<{ at: number }>(text, [base + first, base + first + count])
      return rows.map(({ at }) => leafIndex(at - base))
    },
    attachment: async (algorithm, digest) => {
      const text = 'SELECT content FROM colophon.attachment WHERE log = $1 AND algorithm = $2 AND digest = $3'
      const [row] = await query<{ content: Uint8Array }>(text, [log, algorithm, digest])
      if (row === undefined) return null
      checkAttachment({ algorithm, digest, content: row.content })
      return row.content
    },
    contents: async (names) => await contents(query, log, names),
    attachments: async (after, limit) => {
      const values = [log, after?.algorithm ?? '', after?.digest ?? new Uint8Array(), limit, ATTACHMENT_PAGE_BYTES]
      const rows = await query<Attachment>(ATTACHMENTS, values)
      rows.forEach(checkAttachment)
      return rows
    },
  }
}

async function contents(
  query: Server['query'],
  log: number,
  names: readonly ContentName[],
): Promise<readonly (Uint8Array | null)[]> {
  if (names.length === 0) return []
  const values = [names.map(({ algorithm }) => algorithm), names.map(({ digest }) => digest), ATTACHMENT_PAGE_BYTES]
  const rows = await query<ContentRow>(CONTENTS, [log, ...values])
  const there = new Map(rows.map(({ n, content }) => [n, content]))
  const last = rows.at(-1)
  const answered = last === undefined || rows.length === last.found ? names : names.slice(0, last.n)
  return answered.map((name, i) => {
    const content = there.get(i + 1)
    if (content === undefined) return null
    checkAttachment({ ...name, content })
    return content
  })
}

function toRow({ key, idx, source }: Row): LookupRow {
  return { key, source: source === 0 ? 'leaf' : 'attachment', index: leafIndex(idx) }
}
