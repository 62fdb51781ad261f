/** A log that comes in from another database. */

import type { Database } from 'better-sqlite3'
import { TlogError } from '../../kernel/error.ts'
import type { Head, LogReader, Published } from '../../log/ports.ts'
import type { Beside, LogTarget, TreeBatch } from '../../log/transfer/ports.ts'
import { MAX_LEAVES } from '../database.ts'
import { checkBatch, checkExpected, checkLeaf, entryExists } from '../sealed.ts'
import { createRows } from './read.ts'
import { createAttachmentInsert, createWithdrawals, sorted } from './store.ts'
import type { Write } from './writer.ts'

export function createTarget(db: Database, log: number, write: Write, reader: LogReader): LogTarget {
  const rows = createRows(db, log)
  const arriving = db.prepare("SELECT 1 FROM standing WHERE state = 'arriving'")
  const insertTree = createTreeInsert(db, log)
  const insertBeside = createBesideInsert(db, log)
  const newest = db.prepare(
    `INSERT INTO newest_checkpoint (log, size, root, time_ms, note) VALUES (?, ?, ?, ?, ?) ON CONFLICT (log)
     DO UPDATE SET size = excluded.size, root = excluded.root, time_ms = excluded.time_ms, note = excluded.note`,
  )
  const taking = async (work: () => void): Promise<void> =>
    write(() => {
      if (arriving.get() === undefined) throw new TlogError('COPY_REFUSED', `${db.name}: no copy is coming in here`)
      work()
    })
  return {
    reader,
    appendAll: (expected, batches) =>
      taking(() => {
        checkExpected(rows.head(), expected)
        insertTree(expected, batches)
      }),
    keep: (beside) => taking(() => insertBeside(beside)),
    keepNewest: ({ size, root, time, note }) => taking(() => void newest.run(log, size, root, time, note)),
  }
}

function createTreeInsert(db: Database, log: number): (expected: Head, batches: readonly TreeBatch[]) => void {
  const leaf = db.prepare('INSERT INTO leaf (at, hash, entry) VALUES (?, ?, ?)')
  const tile = db.prepare('INSERT INTO tile (log, level, idx, bytes) VALUES (?, ?, ?, ?)')
  const head = db.prepare('INSERT INTO head (log, size, root, time_ms) VALUES (?, ?, ?, ?)')
  const byHash = db.prepare(
    'INSERT INTO leaf_hash (log, hash, idx) VALUES (?, ?, ?) ON CONFLICT (log, hash) DO NOTHING',
  )
  return (expected, batches) => {
    let before = expected
    for (const batch of batches) {
      checkBatch(before, batch)
      for (const [at, entry] of batch.entries.entries()) {
        checkLeaf(before.size + at, entry.leaf, entry.hash)
        leaf.run(log * MAX_LEAVES + before.size + at, entry.hash, entry.leaf)
      }
      for (const { level, index, bytes } of batch.tiles) tile.run(log, level, index, bytes)
      head.run(log, batch.head.size, batch.head.root, batch.head.time)
      before = batch.head
    }
    const hashes = batches.flatMap(({ entries }) => entries).map(({ hash }, at) => ({ key: hash, at }))
    for (const { key, at } of sorted(hashes))
      if (byHash.run(log, key, expected.size + at).changes === 0) throw entryExists(expected.size + at)
  }
}

function createBesideInsert(db: Database, log: number): (beside: Partial<Beside>) => void {
  const byKey = db.prepare(
    'INSERT INTO lookup (log, key, idx, source) VALUES (?, ?, ?, ?) ON CONFLICT (log, key, idx) DO NOTHING',
  )
  const kept = db.prepare('SELECT 1 FROM checkpoint WHERE log = ? AND size = ?')
  const keep = db.prepare('INSERT INTO checkpoint (log, size, root, time_ms, note) VALUES (?, ?, ?, ?, ?)')
  const insertAttachment = createAttachmentInsert(db, log)
  const { withdraw } = createWithdrawals(db, log)
  const insertCheckpoint = ({ size, root, time, note }: Published) => {
    if (kept.get(log, size) === undefined) keep.run(log, size, root, time, note)
  }
  return ({ lookups = [], attachments = [], withdrawals = [], checkpoints = [] }) => {
    for (const { key, index, source } of lookups) byKey.run(log, key, index, source === 'leaf' ? 0 : 1)
    attachments.forEach(insertAttachment)
    for (const { index, ...name } of withdrawals) withdraw(name, index)
    checkpoints.forEach(insertCheckpoint)
  }
}
