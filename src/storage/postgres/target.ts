/** A log that comes in from another database. */

import type { LogReader, Published } from '../../log/ports.ts'
import type { LogTarget, TreeBatch } from '../../log/transfer/ports.ts'
import { checkAttachment, checkBatch, checkLeaf } from '../sealed.ts'
import { packAttachments } from './pack.ts'
import type { Server } from './server.ts'
import { createRoom } from './store.ts'

export function createTarget(server: Server, log: number, reader: LogReader): LogTarget {
  const call = async (name: string, ...values: readonly unknown[]) => {
    const places = values.map((_, i) => `$${i + 2}`)
    await server.query(`SELECT colophon.${name}(${['$1', ...places].join(', ')})`, [log, ...values])
  }
  const makeRoom = createRoom(server, log)
  return {
    reader,
    appendAll: async (expected, batches) => {
      let before = expected
      for (const batch of batches) {
        const { size } = before
        checkBatch(before, batch)
        batch.entries.forEach(({ leaf, hash }, at) => {
          checkLeaf(size + at, leaf, hash)
        })
        before = batch.head
      }
      await makeRoom(before.size)
      await call('append_all', expected.size, expected.root, ...packTree(batches))
    },
    keep: async ({ lookups = [], attachments = [], withdrawals = [], checkpoints = [] }) => {
      attachments.forEach(checkAttachment)
      await call(
        'keep_beside',
        Buffer.concat(lookups.map(({ key }) => key)),
        lookups.map(({ index }) => index),
        lookups.map(({ source }) => (source === 'leaf' ? 0 : 1)),
        ...packAttachments(attachments),
        withdrawals.map(({ index }) => index),
        withdrawals.map(({ algorithm }) => algorithm),
        withdrawals.map(({ digest }) => digest),
        ...packHeads(checkpoints),
        checkpoints.map(({ note }) => note),
      )
    },
    keepNewest: async ({ size, root, time, note }) => await call('keep_newest', size, root, time, note),
  }
}

function packHeads(heads: readonly Pick<Published, 'size' | 'root' | 'time'>[]): readonly unknown[] {
  return [heads.map(({ size }) => size), Buffer.concat(heads.map(({ root }) => root)), heads.map(({ time }) => time)]
}

function packTree(batches: readonly TreeBatch[]): readonly unknown[] {
  const entries = batches.flatMap((batch) => batch.entries)
  const tiles = batches.flatMap((batch) => batch.tiles)
  return [
    ...packHeads(batches.map(({ head }) => head)),
    Buffer.concat(entries.map(({ hash }) => hash)),
    Buffer.concat(entries.map(({ leaf }) => leaf)),
    entries.map(({ leaf }) => leaf.length),
    tiles.map(({ level }) => level),
    tiles.map(({ index }) => index),
    Buffer.concat(tiles.map(({ bytes }) => bytes)),
  ]
}
