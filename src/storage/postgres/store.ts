/** The store of one log in PostgreSQL. Each write is one call of a function in the database: see migrations/postgres. */

import type { Fence } from '../../log/cluster/ports.ts'
import type { Head, LogStore, Published, SealedBatch } from '../../log/ports.ts'
import { checkAttachment, checkBatch, checkExpected, checkLeaf, HISTORY_STEP_MS, keptSupplement } from '../sealed.ts'
import { packBatch, packSupplements } from './pack.ts'
import { createReader, type ReadParts } from './read.ts'
import type { Server } from './server.ts'
import { passingOver } from './withdrawn.ts'

/** Leaves of one partition of `leaf` and `entry`: see make_room. */
const PARTITION = 2 ** 24
/** So long before one is full the next is made: by then it is used to be there. */
const AHEAD = 2 ** 22

/** @param fence null: whoever writes; else each write is refused with LEASE_LOST once the lease has passed on. */
export function createStore(parts: ReadParts, fence: Fence | null): LogStore {
  const { server, log } = parts
  const reader = createReader(parts)
  const call = async (name: string, ...values: readonly unknown[]) => {
    const places = values.map((_, i) => `$${i + 3}`)
    await server.query(`SELECT colophon.${name}(${['$1', '$2', ...places].join(', ')})`, [log, fence, ...values])
  }
  const makeRoom = createRoom(server, log)
  return {
    ...reader,
    append: async (expected, batch) => {
      const problem = problemOf(expected, batch)
      if (problem !== null || expected === null) {
        await call('enter', true) // first whether the log takes anything, then whether this follows, then what is wrong with it
        checkExpected(await reader.head(), expected)
        throw problem
      }
      await makeRoom(batch.head.size)
      await passingOver(server, batch.entries, (isWithdrawn) =>
        call('append', expected.size, expected.root, ...packBatch(batch, isWithdrawn)),
      )
    },
    attach: async (supplements) => {
      for (const { attachments } of supplements) attachments.forEach(checkAttachment)
      await passingOver(server, supplements, (isWithdrawn) =>
        call('attach', true, ...packSupplements(supplements.map((one) => keptSupplement(one, isWithdrawn)))),
      )
    },
    index: async (rows) =>
      await call('attach', false, ...packSupplements(rows.map((row) => ({ ...row, attachments: [] })))),
    publish: async ({ size, root, time, note }: Published) =>
      await call('publish', size, root, time, note, HISTORY_STEP_MS),
  }
}

/** What a batch contradicts by itself, whatever is stored. */
function problemOf(expected: Head | null, batch: SealedBatch): unknown {
  if (expected === null) return null
  try {
    checkBatch(expected, batch)
    batch.entries.forEach(({ leaf, hash, attachments }, at) => {
      checkLeaf(expected.size + at, leaf, hash)
      attachments.forEach(checkAttachment)
    })
    return null
  } catch (error) {
    return error
  }
}

/** Partitions for a size, and in good time the next ones. */
export function createRoom({ query }: Pick<Server, 'query'>, log: number): (size: number) => Promise<void> {
  let made: number | null = null
  return async (size) => {
    const wanted = Math.floor((size + AHEAD) / PARTITION)
    for (let part = made ?? Math.floor(size / PARTITION); part <= wanted; part++) {
      await query('SELECT colophon.make_room($1, $2)', [log, part * PARTITION])
      made = part + 1
    }
  }
}
