/** What every database must do whose logs can be copied to another, or come from one. */

import t, { type Test } from 'tap'
import { leafIndex, unixMillis } from '../../src/kernel/brand.ts'
import type { Beside, LogTarget } from '../../src/log/transfer/ports.ts'
import type { Copied, MovableDatabase } from '../../src/storage/database.ts'
import { attachment, entry, Feeder, lookupKey, minutes, published } from './feeder.ts'
import { freshStore, NEW_LOG } from './fresh.ts'

const COPY = { name: 'a copy', place: 'elsewhere' }
const REFUSED = { code: 'COPY_REFUSED' }

export interface Movable {
  readonly database: MovableDatabase
  /** Holds the lease of each log, where there is one. */
  readonly copied: () => Promise<readonly Copied[]>
}

export type OpenMovable = (t: Test) => Promise<Movable>

export function movableContract(name: string, open: OpenMovable): void {
  const arriving = async (t: Test) => {
    const { database } = await open(t)
    await database.arrive(COPY)
    await database.createLog(NEW_LOG)
    const target = database.target(0)
    return { database, target, feeder: await Feeder.after(target.reader) }
  }

  t.test(`${name}: a copy comes, is whole, and leaves`, async (t) => {
    const { database, copied } = await open(t)
    t.same(await database.standing(), { state: 'open', copy: null })
    await t.rejects(database.arrived(COPY), REFUSED)
    await database.arrive(COPY)
    t.same(await database.standing(), { state: 'arriving', copy: COPY })
    await t.rejects(database.arrive(COPY), REFUSED, 'one at a time')
    await t.rejects(database.arrived({ ...COPY, name: 'another' }), REFUSED)
    await t.rejects(database.leave({ ...COPY, name: 'on' }, await copied()), 'from where it is not whole')
    await database.createLog(NEW_LOG)
    await database.arrived(COPY)
    t.same(await database.standing(), { state: 'open', copy: COPY })
    await t.rejects(database.arrive(COPY), REFUSED, 'where there are logs')
    await t.rejects(database.target(0).keep({}), REFUSED, 'nothing comes in any more')
    const on = { name: 'on', place: 'further' }
    await database.leave(on, await copied())
    t.same(await database.standing(), { state: 'left', copy: on })
    await t.rejects(database.leave(on, await copied()))
    await t.rejects(database.arrived(on), REFUSED)
  })

  t.test(`${name}: no copy comes to where there is a log, and what was never copied leaves`, async (t) => {
    const { database, copied } = await open(t)
    const { store, feeder } = await freshStore(database)
    await t.rejects(database.arrive(COPY), REFUSED)
    const { head } = feeder
    await store.append(head, feeder.plain(1))
    const seen = await copied()
    for (const changed of [
      [],
      seen.map((one) => ({ ...one, size: head.size })),
      seen.map((one) => ({ ...one, record: { ...one.record, retiredAt: unixMillis(5) } })),
      [...seen, ...seen],
    ])
      await t.rejects(database.leave(COPY, changed), REFUSED)
    await database.freezeLog(0, unixMillis(9000))
    await t.rejects(database.leave(COPY, seen), REFUSED, 'it ended meanwhile')
    await database.compromiseLog(0, unixMillis(9000), unixMillis(8000))
    t.same(await database.standing(), { state: 'open', copy: null })
    await database.leave(COPY, await copied())
  })

  t.test(`${name}: what left is read as before, and written no more`, async (t) => {
    const { database, copied } = await open(t)
    const { store, feeder } = await freshStore(database)
    await store.append(feeder.head, feeder.plain(3))
    await store.publish(published(feeder.head))
    await database.leave(COPY, await copied())
    const { head } = feeder
    await t.rejects(store.append(head, feeder.plain(1)))
    await t.rejects(store.publish(published(head, 'another')))
    t.same([await store.head(), await store.published()], [head, published(head)])
    t.same(await store.entry(leafIndex(2)), feeder.leaves[2])
  })

  t.test(`${name}: several heads at once`, async (t) => {
    const { target, feeder } = await arriving(t)
    const first = feeder.head
    const batches = [1, 254, 1, 1, 65_535 - 257, 1, 2].map((count, i) => feeder.plain(count, unixMillis(2000 + i)))
    await target.appendAll(first, batches.slice(0, 3))
    await target.appendAll(batches[2]?.head ?? first, batches.slice(3))
    t.same(await target.reader.heads(null, 99), [first, ...batches.map(({ head }) => head)])
    for (const [level, index, width] of [
      [0, 0, 256],
      [0, 255, 256],
      [0, 256, 2],
      [1, 0, 256],
      [2, 0, 1],
    ] as const)
      t.same(await target.reader.tile(level, index, width), feeder.tile(level, index, width), `${level}/${index}`)
    t.same(await target.reader.entry(leafIndex(65_000)), feeder.leaves[65_000])
    const some = [0, 255, 256, 65_537].map((index) => feeder.hashes[index] ?? ([] as never))
    t.same(
      (await target.reader.find(some)).map((place) => place && [place.index, place.time]),
      [
        [0, 2000],
        [255, 2002],
        [256, 2003],
        [65_537, 2006],
      ],
    )
    t.same(await target.reader.totals(), { lookups: 0, attachments: 0, withdrawals: 0 })
  })

  t.test(`${name}: batches that do not follow are refused, and none of them is kept`, async (t) => {
    const { target, feeder } = await arriving(t)
    const { head } = feeder
    const [a, b, c] = [feeder.plain(2, unixMillis(3000)), feeder.plain(2, unixMillis(3001)), feeder.plain(2)]
    const late = { ...b, head: { ...b.head, time: unixMillis(1) } }
    const [first, ...rest] = b.entries
    const wrong = { ...b, entries: [{ leaf: new Uint8Array(3), hash: first?.hash ?? ([] as never) }, ...rest] }
    const twice = { ...b, entries: a.entries }
    for (const [batches, code] of [
      [[a, c], 'SIZE_OUT_OF_RANGE'],
      [[a, late], 'TIME_OUT_OF_RANGE'],
      [[a, wrong], 'STORE_CORRUPT'],
      [[{ ...a, tiles: [{ level: 1, index: 0, bytes: new Uint8Array(8192) }] }], 'TILE_MALFORMED'],
    ] as const)
      await t.rejects(target.appendAll(head, batches), { code })
    await t.rejects(target.appendAll(head, [a, twice]))
    await t.rejects(target.appendAll(a.head, [b]), { code: 'HEAD_MOVED' })
    t.same(await target.reader.head(), head)
    await target.appendAll(head, [a, b, c])
  })

  t.test(`${name}: what is beside a tree, as it was, twice`, async (t) => {
    const { database, target, feeder } = await arriving(t)
    await target.appendAll(feeder.head, [feeder.plain(3), feeder.plain(3, minutes(2)), feeder.plain(3, minutes(3))])
    const heads = await target.reader.heads(null, 9)
    const rows = ['a', 'b', 'c'].flatMap((name, i) => [
      { ...lookupKey(name), index: leafIndex(i) },
      { ...lookupKey(name, 'attachment'), index: leafIndex(i + 1) },
    ])
    const beside: Beside = {
      lookups: rows.sort((a, b) => Buffer.compare(a.key, b.key) || a.index - b.index),
      attachments: [attachment('x'), attachment('y'), attachment('z', 'sha512')],
      withdrawals: [
        { algorithm: 'sha256', digest: attachment('gone').digest, index: leafIndex(7) },
        { algorithm: 'sha384', digest: attachment('never there', 'sha384').digest, index: leafIndex(2) },
      ],
      checkpoints: heads.slice(1, 3).map((head) => published(head)),
    }
    const newest = heads[3] ?? ([] as never)
    for (const note of ['newest', 'signed anew']) {
      await target.keep({ attachments: [attachment('gone')].slice(note.length === 6 ? 0 : 1) })
      for (const [what, rows] of Object.entries(beside)) await target.keep({ [what]: rows })
      await target.keepNewest(published(newest, note))
      const { reader } = target
      t.same(await reader.lookups(null, 99), beside.lookups)
      t.same(
        new Set((await reader.attachments(null, 99)).map(({ digest }) => Buffer.from(digest).toString('hex'))),
        new Set(beside.attachments.map(({ digest }) => Buffer.from(digest).toString('hex'))),
      )
      t.same(
        await reader.withdrawals(0, 9),
        beside.withdrawals.map(({ algorithm, digest }) => ({ algorithm, digest })),
      )
      t.equal((await reader.withdrawn(beside.withdrawals[0] ?? ([] as never)))?.index, 7)
      t.same(await reader.history(null, 9), beside.checkpoints, 'and the newest is in none')
      t.same(await reader.published(), published(newest, note))
    }
    await t.rejects(target.keep({ lookups: [{ ...lookupKey('d'), index: leafIndex(9) }] }), 'of no entry')
    await database.arrived(COPY)
    const { head } = feeder
    await database.store(0).append(head, feeder.batch([entry('goes on', [lookupKey('a')])]))
    t.same(await database.store(0).lookup(lookupKey('a').key, null, 9), [0, 1, 9])
  })

  t.test(`${name}: a log is a target by its number`, async (t) => {
    const { database } = await arriving(t)
    t.throws((): LogTarget => database.target(1), { code: 'LOG_UNKNOWN' })
  })
}

/** As `copied` wants it of a database without leases. */
export async function copiedOf(database: MovableDatabase): Promise<readonly Copied[]> {
  const records = await database.logs()
  return await Promise.all(
    records.map(async (record) => {
      const head = await database.store(record.number).head()
      if (head === null) throw new Error('every log has a head')
      return { record, size: head.size }
    }),
  )
}
