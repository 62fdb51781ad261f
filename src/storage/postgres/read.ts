/** Reads of one log. Each is one statement: what it sees was committed, whole batches at a time. */

import { formatBundle } from '../../formats/c2sp/bundle.ts'
import { hash, type LeafHash, leafIndex, treeSize, unixMillis } from '../../kernel/brand.ts'
import { equal, hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { TILE_WIDTH } from '../../kernel/tile.ts'
import type { ContentName, Head, LogReader, Place, Published, Totals } from '../../log/ports.ts'
import type { CopiedBundles } from '../copied-bundles.ts'
import { MAX_LEAVES } from '../database.ts'
import { checkLeaf } from '../sealed.ts'
import { checkLeaves, checkTile, tileReader } from '../tiles.ts'
import { createBesideReader } from './beside.ts'
import type { Server } from './server.ts'

interface HeadRow {
  readonly size: number
  readonly root: Uint8Array
  readonly time: number
}

interface PublishedRow extends HeadRow {
  readonly note: Uint8Array
}

interface FoundRow {
  readonly n: number
  readonly idx: number
}

interface LeafRow {
  readonly idx: number
  readonly hash: Uint8Array
  readonly time: number | null
}

interface EntryRow {
  readonly hash: Uint8Array
  readonly bytes: Uint8Array
}

const HEAD = 'SELECT size, root, time_ms AS time FROM colophon.head WHERE log = $1'
const NOTE = 'SELECT size, root, time_ms AS time, note FROM colophon'

/** LIMIT keeps each search a walk down one index, whatever the planner believes of the tables. */
const FOUND = `
  SELECT n, found.idx FROM unnest($2::bytea[]) WITH ORDINALITY AS wanted (hash, n)
  CROSS JOIN LATERAL (SELECT idx FROM colophon.leaf_hash WHERE log = $1 AND hash = wanted.hash LIMIT 1) AS found`

/** Of one hash, for half of the time: in what it is told, and not in what it reads, the planner sees the partition. */
const FOUND_ONE = 'SELECT 1 AS n, idx FROM colophon.leaf_hash WHERE log = $1 AND hash = $2'

/** Asked by itself, so that the planner knows the indexes, and opens their partitions alone. */
const LEAVES = `
  SELECT at - $2::bigint AS idx, hash,
    (SELECT time_ms FROM colophon.head WHERE log = $1 AND size > at - $2::bigint ORDER BY size LIMIT 1) AS time
  FROM colophon.leaf WHERE at = ANY ($3::bigint[])`

/** What it reads of one log, and where it finds entries that left the database. */
export interface ReadParts {
  readonly server: Server
  readonly log: number
  readonly slug: string
  readonly copied: CopiedBundles
}

export function createReader(parts: ReadParts): LogReader {
  const { log, server } = parts
  const { query } = server
  const head = async () => first(await query<HeadRow>(`${HEAD} ORDER BY size DESC LIMIT 1`, [log]), toHead)
  return {
    head,
    heads: async (after, limit) =>
      (await query<HeadRow>(`${HEAD} AND size > $2 ORDER BY size LIMIT $3`, [log, after ?? -1, limit])).map(toHead),
    ...createTreeReader(parts, head),
    find: async (hashes) => await places(query, log, hashes),
    ...createBesideReader(query, log),
    published: async () =>
      first(await query<PublishedRow>(`${NOTE}.newest_checkpoint WHERE log = $1`, [log]), toPublished),
    history: async (after, limit) => {
      const text = `${NOTE}.checkpoint WHERE log = $1 AND size > $2 ORDER BY size LIMIT $3`
      return (await query<PublishedRow>(text, [log, after ?? -1, limit])).map(toPublished)
    },
    totals: async () => {
      const text = `SELECT (SELECT count(*) FROM colophon.lookup WHERE log = $1 AND source = 0) AS lookups,
        (SELECT count(*) FROM colophon.attachment WHERE log = $1) AS attachments,
        (SELECT count(*) FROM colophon.withdrawal WHERE log = $1) AS withdrawals`
      const [row] = await query<Totals>(text, [log])
      return row ?? { lookups: 0, attachments: 0, withdrawals: 0 }
    },
    withdrawn: async ({ algorithm, digest }) => {
      const text = `SELECT idx, (SELECT time_ms FROM colophon.head WHERE log = $1 AND size > idx ORDER BY size LIMIT 1) AS time
        FROM colophon.withdrawal WHERE log = $1 AND algorithm = $2 AND digest = $3`
      const rows = await query<{ idx: number; time: number }>(text, [log, algorithm, digest])
      return first(rows, ({ idx, time }) => ({ index: leafIndex(idx), time: unixMillis(time) }))
    },
    withdrawals: async (skip, limit) => {
      const text = 'SELECT algorithm, digest FROM colophon.withdrawal WHERE number >= $1 ORDER BY number LIMIT $2'
      return await query<ContentName>(text, [skip, limit])
    },
  }
}

type TreeReader = Pick<LogReader, 'tile' | 'bundle' | 'entry' | 'leafHashes'>

/** Rows come with the head that covers them: what is there is durable. What is not has left, or is lost, so more is asked. */
function createTreeReader({ server, log, slug, copied }: ReadParts, head: LogReader['head']): TreeReader {
  const { query } = server
  const base = log * MAX_LEAVES
  const size = async () => (await head())?.size ?? treeSize(0)
  const hashes = async (first: number, count: number): Promise<Uint8Array | null> => {
    if (first >= MAX_LEAVES) return null
    const text = "SELECT string_agg(hash, ''::bytea ORDER BY at) AS all FROM colophon.leaf WHERE at >= $1 AND at < $2"
    const [row] = await query<{ all: Uint8Array | null }>(text, [base + first, base + first + count])
    return row?.all?.length === count * 32 ? row.all : null
  }
  const entries = async (first: number, count: number): Promise<Uint8Array[] | null> => {
    if (first >= MAX_LEAVES) return null
    const text = `SELECT hash, bytes FROM colophon.leaf JOIN colophon.entry USING (at)
      WHERE leaf.at >= $1 AND leaf.at < $2 AND entry.at >= $1 AND entry.at < $2 ORDER BY at`
    const rows = await query<EntryRow>(text, [base + first, base + first + count])
    return rows.length === count ? rows.map((row, i) => whole(first + i, row)) : null
  }
  const fullTile = async (level: number, index: number) => {
    const text = 'SELECT bytes FROM colophon.tile WHERE log = $1 AND level = $2 AND idx = $3'
    return first(await query<{ bytes: Uint8Array }>(text, [log, level, index]), ({ bytes }) => bytes)
  }
  const leafHashes = async (from: number, count: number) => (await hashes(from, count)) ?? missing(from, count)
  const pruned = createMark(server, log)
  /** Of entries of one bundle that are not in the database. */
  const elsewhere = async (from: number, count: number): Promise<readonly Uint8Array[] | null> => {
    if (from + count > (await size())) return null
    return (await pruned(from)) ? await copied.read({ slug, leafHashes }, from, count) : missing(from, count)
  }
  return {
    tile: tileReader({ size, leafHashes, fullTile }),
    bundle: async (index, width) => {
      checkTile(0, index, width)
      const from = index * TILE_WIDTH
      const found = (await entries(from, width)) ?? (await elsewhere(from, width))
      return found && formatBundle(found)
    },
    entry: async (index) => {
      const found = (await entries(index, 1)) ?? (await elsewhere(index, 1))
      return found?.[0]?.slice() ?? null
    },
    leafHashes: async (from, count) => {
      checkLeaves(from, count)
      return await hashes(from, count)
    },
  }
}

/** Whether an entry may have left. Entries never come back: what was heard once holds. */
function createMark(server: Server, log: number): (index: number) => Promise<boolean> {
  let known = 0
  return async (index) => {
    if (index >= known) known = await readMark(server, log)
    return index < known
  }
}

/** Entries before it have left. */
export async function readMark({ query }: Server, log: number): Promise<number> {
  const [row] = await query<{ size: number }>('SELECT size FROM colophon.pruned WHERE log = $1', [log])
  return row?.size ?? 0
}

/** Hashed again: a bit flipped on its way here would go out as ours. */
function whole(index: number, { hash, bytes }: EntryRow): Uint8Array {
  checkLeaf(index, bytes, hash)
  return bytes
}

/** The hash table is an index: what it says is compared with the leaf it names before it is believed. */
async function places(query: Server['query'], log: number, hashes: readonly LeafHash[]): Promise<(Place | null)[]> {
  const found: (Place | null)[] = hashes.map(() => null)
  const rows = await foundIn(query, log, hashes)
  const leaves = await leavesAt(
    query,
    log,
    rows.map(({ idx }) => idx),
  )
  for (const { n, idx } of rows) {
    const [wanted, leaf] = [hashes[n - 1], leaves.get(idx)]
    if (wanted === undefined || leaf === undefined || leaf.time === null || !equal(leaf.hash, wanted))
      throw new TlogError(
        'STORE_CORRUPT',
        `leaf ${idx}: its hash is not the one the index has for it: ${hex(leaf?.hash ?? new Uint8Array())}`,
      )
    found[n - 1] = { index: leafIndex(idx), time: unixMillis(leaf.time) }
  }
  return found
}

async function foundIn(query: Server['query'], log: number, hashes: readonly LeafHash[]): Promise<readonly FoundRow[]> {
  if (hashes.length === 0) return []
  if (hashes.length === 1) return await query<FoundRow>(FOUND_ONE, [log, hashes[0]])
  return await query<FoundRow>(FOUND, [log, hashes])
}

async function leavesAt(
  query: Server['query'],
  log: number,
  indexes: readonly number[],
): Promise<Map<number, LeafRow>> {
  if (indexes.length === 0) return new Map()
  const base = log * MAX_LEAVES
  const rows = await query<LeafRow>(LEAVES, [log, base, indexes.map((index) => base + index)])
  return new Map(rows.map((row) => [row.idx, row]))
}

function toHead(row: HeadRow): Head {
  return { size: treeSize(row.size), root: hash(row.root), time: unixMillis(row.time) }
}

function toPublished(row: PublishedRow): Published {
  return { ...toHead(row), note: row.note }
}

/** Of the one row that there may be. */
function first<R, T>([row]: readonly R[], make: (row: R) => T): T | null {
  return row === undefined ? null : make(row)
}

function missing(first: number, count: number): never {
  throw new TlogError('STORE_CORRUPT', `leaves ${first} to ${first + count - 1}: not all of them are there`)
}
