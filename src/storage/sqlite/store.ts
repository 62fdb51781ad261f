/** The store of one log in SQLite. */

import type { Database } from 'better-sqlite3'
import { TlogError } from '../../kernel/error.ts'
import type { Attachment, ContentName, LogStore, SealedBatch, Supplement } from '../../log/ports.ts'
import { MAX_LEAVES } from '../database.ts'
import {
  checkAttachment,
  checkBatch,
  checkExpected,
  checkLeaf,
  checkPublished,
  checkStored,
  distinctKeys,
  entryExists,
  isKept,
  keptEntry,
  keptSupplement,
} from '../sealed.ts'
import { createReader, createRows } from './read.ts'
import type { Write } from './writer.ts'

export function createStore(db: Database, log: number, write: Write): LogStore {
  const rows = createRows(db, log)
  const state = db.prepare<[number], string>('SELECT state FROM log WHERE number = ?').pluck()
  const checkActive = (): void => {
    if (state.get(log) !== 'active') throw new TlogError('LOG_FROZEN', `log ${log} is frozen`)
  }
  const insertBatch = createBatchInsert(db, log)
  const insertSupplement = createSupplementInsert(db, log)
  const newest = db.prepare(
    `INSERT INTO newest_checkpoint (log, size, root, time_ms, note) VALUES (?, ?, ?, ?, ?) ON CONFLICT (log)
     DO UPDATE SET size = excluded.size, root = excluded.root, time_ms = excluded.time_ms, note = excluded.note`,
  )
  const keep = db.prepare('INSERT INTO checkpoint (log, size, root, time_ms, note) VALUES (?, ?, ?, ?, ?)')
  return {
    ...createReader(db, log, rows),
    append: async (expected, batch) =>
      write(() => {
        checkActive()
        checkExpected(rows.head(), expected)
        checkBatch(expected, batch)
        insertBatch(expected.size, batch)
      }),
    attach: async (supplements) =>
      write(() => {
        checkActive()
        checkStored(supplements, rows.head())
        supplements.forEach(insertSupplement)
      }),
    index: async (derived) =>
      write(() => {
        checkStored(derived, rows.head())
        for (const one of derived) insertSupplement({ ...one, attachments: [] })
      }),
    publish: async (published) =>
      write(() => {
        checkPublished(published, rows.published(), rows.rootAt(published.size))
        const row = [log, published.size, published.root, published.time, published.note]
        newest.run(...row)
        if (isKept(published, rows.lastKept())) keep.run(...row)
      }),
  }
}

function createBatchInsert(db: Database, log: number): (before: number, batch: SealedBatch) => void {
  const leaf = db.prepare('INSERT INTO leaf (at, hash, entry) VALUES (?, ?, ?)')
  const tile = db.prepare('INSERT INTO tile (log, level, idx, bytes) VALUES (?, ?, ?, ?)')
  const head = db.prepare('INSERT INTO head (log, size, root, time_ms) VALUES (?, ?, ?, ?)')
  const insertKeys = createKeyInsert(db, log)
  const insertAttachment = createAttachmentInsert(db, log)
  const { isWithdrawn, withdraw } = createWithdrawals(db, log)
  return (before, { entries, tiles, head: { size, root, time } }) => {
    const base = log * MAX_LEAVES + before
    const kept = entries.map((given, at) => {
      checkLeaf(before + at, given.leaf, given.hash)
      leaf.run(base + at, given.hash, given.leaf)
      const entry = keptEntry(given, isWithdrawn)
      entry.attachments.forEach(insertAttachment)
      if (entry.withdraws !== undefined) withdraw(entry.withdraws, before + at)
      return entry
    })
    insertKeys(before, kept)
    for (const { level, index, bytes } of tiles) tile.run(log, level, index, bytes)
    head.run(log, size, root, time)
  }
}

/** What is there stays: a key that the leaf yields is not marked as an attachment's. */
function createSupplementInsert(db: Database, log: number): (supplement: Supplement) => void {
  const insertAttachment = createAttachmentInsert(db, log)
  const { isWithdrawn } = createWithdrawals(db, log)
  const byKey = db.prepare(
    'INSERT INTO lookup (log, key, idx, source) VALUES (?, ?, ?, 1) ON CONFLICT (log, key, idx) DO NOTHING',
  )
  return (supplement) => {
    const { index, keys, attachments } = keptSupplement(supplement, isWithdrawn)
    attachments.forEach(insertAttachment)
    for (const key of keys) byKey.run(log, key, index)
  }
}

/** Keys are random: in their order, neighbours meet on the same page while it is at hand. */
function createKeyInsert(db: Database, log: number): (before: number, entries: SealedBatch['entries']) => void {
  const byHash = db.prepare(
    'INSERT INTO leaf_hash (log, hash, idx) VALUES (?, ?, ?) ON CONFLICT (log, hash) DO NOTHING',
  )
  const byKey = db.prepare('INSERT INTO lookup (log, key, idx, source) VALUES (?, ?, ?, ?)')
  return (before, entries) => {
    const hashes = entries.map(({ hash }, at) => ({ key: hash, index: before + at }))
    for (const { key, index } of sorted(hashes)) if (byHash.run(log, key, index).changes === 0) throw entryExists(index)
    const keys = entries.flatMap((entry, at) => distinctKeys(entry).map((key) => ({ ...key, index: before + at })))
    for (const { key, index, source } of sorted(keys)) byKey.run(log, key, index, source === 'leaf' ? 0 : 1)
  }
}

/** By the first four bytes: enough for neighbourhood, and a comparison of numbers. */
export function sorted<T extends { readonly key: Uint8Array }>(rows: readonly T[]): T[] {
  const prefix = ({ key: [a = 0, b = 0, c = 0, d = 0] }: T) => a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d
  return rows
    .map((row) => ({ row, order: prefix(row) }))
    .sort((a, b) => a.order - b.order)
    .map(({ row }) => row)
}

interface Withdrawals {
  isWithdrawn(name: ContentName): boolean
  /** Out of every log. What was taken back before stays so, by the entry that said it first. */
  withdraw(name: ContentName, index: number): void
}

export function createWithdrawals(db: Database, log: number): Withdrawals {
  const known = db.prepare<[string, Uint8Array], number>('SELECT 1 FROM withdrawal WHERE algorithm = ? AND digest = ?')
  const insert = db.prepare('INSERT INTO withdrawal SELECT coalesce(max(number) + 1, 0), ?, ?, ?, ? FROM withdrawal')
  const remove = db.prepare(
    'DELETE FROM attachment WHERE log IN (SELECT number FROM log) AND algorithm = ? AND digest = ?',
  )
  const isWithdrawn = ({ algorithm, digest }: ContentName) => known.get(algorithm, digest) !== undefined
  return {
    isWithdrawn,
    withdraw: (name, index) => {
      const { algorithm, digest } = name
      if (!isWithdrawn(name)) insert.run(algorithm, digest, log, index)
      db.pragma('secure_delete = ON') // else its bytes stay in the file until the page is needed
      remove.run(algorithm, digest)
      db.pragma('secure_delete = OFF')
    },
  }
}

/** One digest has one content; what stands under it already is compared, not replaced. */
export function createAttachmentInsert(db: Database, log: number): (attachment: Attachment) => void {
  const insert = db.prepare(
    'INSERT INTO attachment (log, algorithm, digest, content) VALUES (?, ?, ?, ?) ON CONFLICT (log, algorithm, digest) DO NOTHING',
  )
  const same = db
    .prepare<unknown[], number>('SELECT content = ? FROM attachment WHERE log = ? AND algorithm = ? AND digest = ?')
    .pluck()
  return (attachment) => {
    const { algorithm, digest, content } = attachment
    checkAttachment(attachment)
    if (insert.run(log, algorithm, digest, content).changes === 1) return
    if (same.get(content, log, algorithm, digest) !== 1)
      throw new TlogError(
        'STORE_CORRUPT',
        `attachment ${algorithm}: stored content differs from what its digest stands for`,
      )
  }
}
