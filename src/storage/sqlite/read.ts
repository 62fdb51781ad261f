/** Reads of one log. What comes back is plain: views of Node's buffers, one memory each. */

import type { Database } from 'better-sqlite3'
import { formatBundle } from '../../formats/c2sp/bundle.ts'
import { type Hash, hash, type LeafHash, leafIndex, treeSize, unixMillis } from '../../kernel/brand.ts'
import { equal, hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { TILE_WIDTH } from '../../kernel/tile.ts'
import type { ContentName, Head, LogReader, Place, Published, Totals } from '../../log/ports.ts'
import { MAX_LEAVES } from '../database.ts'
import { checkLeaf } from '../sealed.ts'
import { checkLeaves, checkTile, tileReader } from '../tiles.ts'
import { createBesideReader } from './beside.ts'
import { orNull, plain, reading } from './reading.ts'

interface HeadRow {
  readonly size: number
  readonly root: Uint8Array
  readonly time: number
}

interface PublishedRow extends HeadRow {
  readonly note: Uint8Array
}

interface PlaceRow {
  readonly idx: number
  readonly hash: Uint8Array | null
  readonly time: number | null
}

interface LeafRow {
  readonly hash: Uint8Array
  readonly entry: Uint8Array
}

/** The same reads without a promise, for the writer's transaction. */
export interface Rows {
  head(): Head | null
  rootAt(size: number): Hash | null
  published(): Published | null
  lastKept(): Published | null
}

export function createRows(db: Database, log: number): Rows {
  const newest = 'log = ? ORDER BY size DESC LIMIT 1'
  const head = db.prepare<[number], HeadRow>(`SELECT size, root, time_ms AS time FROM head WHERE ${newest}`)
  const root = db.prepare<[number, number], Uint8Array>('SELECT root FROM head WHERE log = ? AND size = ?').pluck()
  const note = 'SELECT size, root, time_ms AS time, note'
  const published = db.prepare<[number], PublishedRow>(`${note} FROM newest_checkpoint WHERE log = ?`)
  const kept = db.prepare<[number], PublishedRow>(`${note} FROM checkpoint WHERE ${newest}`)
  return {
    head: () => orNull(head.get(log), toHead),
    rootAt: (size) => orNull(root.get(log, size), (bytes) => hash(plain(bytes))),
    published: () => orNull(published.get(log), toPublished),
    lastKept: () => orNull(kept.get(log), toPublished),
  }
}

export function createReader(db: Database, log: number, rows: Rows): LogReader {
  const heads = db.prepare<[number, number, number], HeadRow>(
    'SELECT size, root, time_ms AS time FROM head WHERE log = ? AND size > ? ORDER BY size LIMIT ?',
  )
  const history = db.prepare<[number, number, number], PublishedRow>(
    'SELECT size, root, time_ms AS time, note FROM checkpoint WHERE log = ? AND size > ? ORDER BY size LIMIT ?',
  )
  const totals = db.prepare<{ log: number }, Totals>(
    `SELECT (SELECT count(*) FROM lookup WHERE log = :log AND source = 0) AS lookups,
       (SELECT count(*) FROM attachment WHERE log = :log) AS attachments,
       (SELECT count(*) FROM withdrawal WHERE log = :log) AS withdrawals`,
  )
  const place = createPlaceReader(db, log)
  // Many in one transaction: by itself each statement takes and drops the file's locks, which costs more than the search.
  const places = db.transaction((hashes: readonly LeafHash[]) => hashes.map((hash) => place(hash)))
  return {
    head: reading(db, () => rows.head()),
    heads: reading(db, (after, limit) => heads.all(log, after ?? -1, limit).map(toHead)),
    ...createTreeReader(db, log, rows),
    find: reading(db, (hashes) => (hashes.length === 1 ? hashes.map(place) : places(hashes))),
    ...createBesideReader(db, log),
    published: reading(db, () => rows.published()),
    history: reading(db, (after, limit) => history.all(log, after ?? -1, limit).map(toPublished)),
    totals: reading(db, () => totals.get({ log }) ?? { lookups: 0, attachments: 0, withdrawals: 0 }),
    ...createWithdrawalReader(db, log),
  }
}

interface WithdrawalRow {
  readonly idx: number
  readonly time: number
}

function createWithdrawalReader(db: Database, log: number): Pick<LogReader, 'withdrawn' | 'withdrawals'> {
  const one = db.prepare<[number, string, Uint8Array], WithdrawalRow>(
    `SELECT idx, (SELECT time_ms FROM head WHERE head.log = found.log AND size > idx ORDER BY size LIMIT 1) AS time
     FROM withdrawal AS found WHERE log = ? AND algorithm = ? AND digest = ?`,
  )
  const all = db.prepare<[number, number], ContentName>(
    'SELECT algorithm, digest FROM withdrawal WHERE number >= ? ORDER BY number LIMIT ?',
  )
  return {
    withdrawn: reading(db, ({ algorithm, digest }) =>
      orNull(one.get(log, algorithm, digest), ({ idx, time }) => ({ index: leafIndex(idx), time: unixMillis(time) })),
    ),
    withdrawals: reading(db, (skip, limit) =>
      all.all(skip, limit).map(({ algorithm, digest }) => ({ algorithm, digest: plain(digest) })),
    ),
  }
}

type TreeReader = Pick<LogReader, 'tile' | 'bundle' | 'entry' | 'leafHashes'>

function createTreeReader(db: Database, log: number, rows: Rows): TreeReader {
  const size = () => rows.head()?.size ?? treeSize(0)
  const hashes = createHashReader(db, log * MAX_LEAVES)
  const leafHashes = (first: number, count: number) => hashes(first, count) ?? missing(first, count)
  const full = db
    .prepare<[number, number, number], Uint8Array>('SELECT bytes FROM tile WHERE log = ? AND level = ? AND idx = ?')
    .pluck()
  const fullTile = (level: number, index: number) => orNull(full.get(log, level, index), plain)
  const tile = tileReader({ size, leafHashes, fullTile })
  const entries = createEntryReader(db, log * MAX_LEAVES)
  return {
    tile: reading(db, tile),
    bundle: reading(db, (index, width) => {
      checkTile(0, index, width)
      const first = index * TILE_WIDTH
      return first + width > size() ? null : formatBundle(entries(first, width) ?? missing(first, width))
    }),
    entry: reading(db, (index) => entries(index, 1)?.[0] ?? null),
    leafHashes: reading(db, (first, count) => {
      checkLeaves(first, count)
      return hashes(first, count)
    }),
  }
}

/** Null unless all of them are there. Rows come with the head that covers them: what is there is durable. */
function createHashReader(db: Database, base: number): (first: number, count: number) => Uint8Array | null {
  // One row of text is five times as fast as 256 rows of blobs.
  const hashes = db
    .prepare<[number, number], Uint8Array | null>(
      "SELECT unhex(group_concat(hex(hash), '' ORDER BY at)) FROM leaf WHERE at >= ? AND at < ?",
    )
    .pluck()
  return (first, count) => {
    const found = first < MAX_LEAVES ? hashes.get(base + first, base + first + count) : null
    return found?.length === count * 32 ? plain(found) : null
  }
}

/**
 * Null unless all of them are there. Every entry is hashed again: the file has no checksums, and a bit flipped in it would
 * go out as ours.
 */
function createEntryReader(db: Database, base: number): (first: number, count: number) => Uint8Array[] | null {
  const columns = 'SELECT hash, entry FROM leaf WHERE'
  const leaves = db.prepare<[number, number], LeafRow>(`${columns} at >= ? AND at < ? ORDER BY at`)
  // Half as dear as a range of one.
  const leaf = db.prepare<[number], LeafRow>(`${columns} at = ?`)
  const read = (at: number, count: number) => {
    if (count > 1) return leaves.all(at, at + count)
    const found = leaf.get(at)
    return found === undefined ? [] : [found]
  }
  return (first, count) => {
    const found = first < MAX_LEAVES ? read(base + first, count) : []
    if (found.length !== count) return null
    found.forEach(({ hash, entry }, i) => {
      checkLeaf(first + i, entry, hash)
    })
    return found.map(({ entry }) => plain(entry))
  }
}

/** The hash table is an index: what it says is compared with the leaf it names before it is believed. */
function createPlaceReader(db: Database, log: number): (hash: Uint8Array) => Place | null {
  // Subqueries: a join of the two tables costs three times as much.
  const find = db.prepare<[number, number, Uint8Array], PlaceRow>(
    `SELECT found.idx, (SELECT hash FROM leaf WHERE at = ? + found.idx) AS hash,
       (SELECT time_ms FROM head WHERE head.log = found.log AND size > found.idx ORDER BY size LIMIT 1) AS time
     FROM leaf_hash AS found WHERE found.log = ? AND found.hash = ?`,
  )
  return (hash) => {
    const row = find.get(log * MAX_LEAVES, log, hash)
    if (row === undefined) return null
    if (row.hash === null || row.time === null || !equal(row.hash, hash))
      throw new TlogError('STORE_CORRUPT', `leaf ${row.idx}: the index says its hash is ${hex(hash)}, and it is not`)
    return { index: leafIndex(row.idx), time: unixMillis(row.time) }
  }
}

function toHead(row: HeadRow): Head {
  return { size: treeSize(row.size), root: hash(plain(row.root)), time: unixMillis(row.time) }
}

function toPublished(row: PublishedRow): Published {
  return { ...toHead(row), note: plain(row.note) }
}

function missing(first: number, count: number): never {
  throw new TlogError('STORE_CORRUPT', `leaves ${first} to ${first + count - 1}: not all of them are there`)
}
