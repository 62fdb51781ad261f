/** The store of one log in PostgreSQL. Each write is one call of a function in the database: see migrations/postgres. */

import { hex } from '../../kernel/bytes.ts'
import type { Fence } from '../../log/cluster/ports.ts'
import type { Attachment, ContentName, Head, LogStore, Published, SealedBatch, Supplement } from '../../log/ports.ts'
import {
  checkAttachment,
  checkBatch,
  checkExpected,
  checkLeaf,
  distinctKeys,
  HISTORY_STEP_MS,
  keptEntry,
  keptSupplement,
} from '../sealed.ts'
import { createReader } from './read.ts'
import type { Server } from './server.ts'

/** Leaves of one partition of `leaf` and `entry`: see make_room. */
const PARTITION = 2 ** 24
/** So long before one is full the next is made: by then it is used to be there. */
const AHEAD = 2 ** 22

/** @param fence null: whoever writes; else each write is refused with LEASE_LOST once the lease has passed on. */
export function createStore(server: Server, log: number, fence: Fence | null): LogStore {
  const reader = createReader(server, log)
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
      await call('append', expected.size, expected.root, ...packBatch(await withoutWithdrawn(server, batch)))
    },
    attach: async (supplements) => {
      for (const { attachments } of supplements) attachments.forEach(checkAttachment)
      const isWithdrawn = await askWithdrawn(server, supplements)
      await call('attach', true, ...packSupplements(supplements.map((each) => keptSupplement(each, isWithdrawn))))
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
function createRoom({ query }: Server, log: number): (size: number) => Promise<void> {
  let made: number | null = null
  return async (size) => {
    const wanted = Math.floor((size + AHEAD) / PARTITION)
    for (let part = made ?? Math.floor(size / PARTITION); part <= wanted; part++) {
      await query('SELECT colophon.make_room($1, $2)', [log, part * PARTITION])
      made = part + 1
    }
  }
}

type IsWithdrawn = (name: ContentName) => boolean

/** What another log withdraws between this and the write, the write refuses. */
async function askWithdrawn(
  { query }: Server,
  entries: readonly { readonly attachments: readonly Attachment[] }[],
): Promise<IsWithdrawn> {
  const names = entries.flatMap(({ attachments }) => attachments)
  if (names.length === 0) return () => false
  const text = `SELECT algorithm, digest FROM colophon.withdrawal
    JOIN unnest($1::text[], $2::bytea[]) AS asked (algorithm, digest) USING (algorithm, digest)`
  const asked = [names.map(({ algorithm }) => algorithm), names.map(({ digest }) => digest)]
  const gone = new Set((await query<ContentName>(text, asked)).map(nameOf))
  return (name) => gone.has(nameOf(name))
}

/** In the order of its entries: what one of them withdraws, those after it do not bring. */
async function withoutWithdrawn(server: Server, batch: SealedBatch): Promise<SealedBatch> {
  const before = await askWithdrawn(server, batch.entries)
  const here = new Set<string>()
  const entries = batch.entries.map((given) => {
    const entry = keptEntry(given, (name) => here.has(nameOf(name)) || before(name))
    if (entry.withdraws !== undefined) here.add(nameOf(entry.withdraws))
    return entry
  })
  return { ...batch, entries }
}

function nameOf({ algorithm, digest }: ContentName): string {
  return `${algorithm}:${hex(digest)}`
}

/** One buffer of each kind: it goes over the wire as it is, where an array would be text in hexadecimal digits. */
function packBatch({ entries, tiles, head }: SealedBatch): readonly unknown[] {
  const keys = entries.flatMap((entry, at) => distinctKeys(entry).map((key) => ({ ...key, at })))
  const gone = entries.flatMap(({ withdraws }, at) => (withdraws === undefined ? [] : [{ ...withdraws, at }]))
  return [
    head.size,
    head.root,
    head.time,
    Buffer.concat(entries.map(({ hash }) => hash)),
    Buffer.concat(entries.map(({ leaf }) => leaf)),
    entries.map(({ leaf }) => leaf.length),
    Buffer.concat(keys.map(({ key }) => key)),
    keys.map(({ at }) => at),
    keys.map(({ source }) => (source === 'leaf' ? 0 : 1)),
    ...packAttachments(entries.flatMap(({ attachments }) => attachments)),
    tiles.map(({ level }) => level),
    tiles.map(({ index }) => index),
    Buffer.concat(tiles.map(({ bytes }) => bytes)),
    gone.map(({ algorithm }) => algorithm),
    gone.map(({ digest }) => digest),
    gone.map(({ at }) => at),
  ]
}

function packSupplements(supplements: readonly Supplement[]): readonly unknown[] {
  const keys = supplements.flatMap(({ index, keys }) => keys.map((key) => ({ key, index })))
  return [
    supplements.length === 0 ? null : Math.max(...supplements.map(({ index }) => index)),
    Buffer.concat(keys.map(({ key }) => key)),
    keys.map(({ index }) => index),
    ...packAttachments(supplements.flatMap(({ attachments }) => attachments)),
  ]
}

/** Each once, though many entries have it. */
function packAttachments(attachments: readonly Attachment[]): readonly unknown[] {
  const distinct = [...new Map(attachments.map((each) => [nameOf(each), each])).values()]
  return [
    distinct.map(({ algorithm }) => algorithm),
    distinct.map(({ digest }) => digest),
    distinct.map(({ content }) => content.length),
    Buffer.concat(distinct.map(({ content }) => content)),
  ]
}
