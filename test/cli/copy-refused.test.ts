/** A copy that is not the same, and a source that is written meanwhile: nothing moves, and the source goes on. */

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { closeCrypto } from '../../src/crypto/node.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import type { HeldEnd } from '../../src/storage/copy-ends.ts'
import { openDatabase } from '../../src/storage/postgres/open.ts'
import { Feeder } from '../contract/feeder.ts'
import { edit } from '../fault/refusals-cases.ts'
import { fileServer, rawClient } from '../storage/postgres/support.ts'
import {
  at,
  contentOf,
  fillDirectory,
  inDirectory,
  inPostgres,
  type LogShape,
  move,
  on,
  rekord,
} from './copy-support.ts'
import { command, scratch } from './support.ts'

const postgres = await fileServer()
t.teardown(closeCrypto)

const SHAPES: readonly LogShape[] = [{ slug: 'a', heads: [3, 300], keeps: 40 }]

/** What happens to the target after the last of the log was written there, and how the refusal says so. */
const DAMAGES: readonly (readonly [sql: string, says: RegExp])[] = [
  ["UPDATE leaf SET entry = x'00' WHERE at = 7", /a: leaf 7: its bytes hash to/],
  ['UPDATE leaf SET hash = zeroblob(32) WHERE at = 260', /a: leaf 260: its bytes hash to/],
  ['DELETE FROM leaf WHERE at = 260', /a: leaves 256 to 299: not all of them are there/],
  ['DELETE FROM leaf_hash WHERE idx = 5', /a: .* entry 5 is not found by its hash/],
  ['UPDATE leaf_hash SET idx = 6 WHERE idx = 5', /a: leaf 6: the index says/],
  ['UPDATE head SET root = zeroblob(32) WHERE size = 3', /a: .* head 3 \(root .* of the source is 3 \(root 0000/],
  ['UPDATE head SET time_ms = 1 WHERE size = 300', /a: .* head 300 \(root .* at 180000\) of the source is .* at 1\)/],
  ['DELETE FROM head WHERE size = 3', /a: .* head 3 .* of the source is 300/],
  ['DELETE FROM lookup WHERE idx = 9', /a: .* lookup row .* of entry 9 .* of the source is/],
  ['INSERT INTO lookup VALUES (0, zeroblob(32), 4, 0)', /a: .* lookup row .* of the source is 0000/],
  ["INSERT INTO lookup VALUES (0, unhex(printf('%064d', 0)), 4, 1)", /a: .* lookup row/],
  ["UPDATE attachment SET content = x'00'", /a: attachment sha256:.* does not hash to that/],
  [
    'DELETE FROM attachment WHERE digest = (SELECT max(digest) FROM attachment)',
    /a: .* attachment sha256:.* is missing/,
  ],
  ['UPDATE checkpoint SET note = zeroblob(9)', /a: .* checkpoint 3 .* with a note of 9 bytes/],
  ['DELETE FROM newest_checkpoint', /a: .* newest checkpoint 3 .* is missing/],
]

/** Does it once the newest checkpoint, the last of a log, has been written. */
function afterwards(work: () => Promise<void> | void): (end: HeldEnd) => HeldEnd {
  return (end) => {
    const target = (number: number) => {
      const inner = end.database.target(number)
      return {
        ...inner,
        keepNewest: async (...args: Parameters<typeof inner.keepNewest>) => {
          await inner.keepNewest(...args)
          await work()
        },
      }
    }
    return {
      ...end,
      database: new Proxy(end.database, {
        get: (from, name) => (name === 'target' ? target : Reflect.get(from, name)),
      }),
    }
  }
}

t.test('a copy that is not the same is not opened, and the source goes on', async (t) => {
  const folder = scratch(t)
  const from = join(folder, 'from')
  await fillDirectory(from, SHAPES)
  for (const [i, [sql, says]] of DAMAGES.entries()) {
    const to = join(folder, `to${i}`)
    const damaged = move(
      at(from),
      at(to),
      afterwards(() => edit(to, sql)),
    )
    await t.rejects(damaged, { code: 'STORE_CORRUPT', message: says }, sql)
    t.equal((await inDirectory(from, (database) => database.standing())).state, 'open')
    t.equal((await inDirectory(to, (database) => database.standing())).state, 'arriving')
  }
})

/** A log that has come to PostgreSQL, and another node's way there. */
async function copied(t: Test, name: string) {
  const folder = scratch(t)
  await fillDirectory(join(folder, 'from'), SHAPES)
  const url = await postgres.create(name)
  t.match(await command(['copy', '--from', join(folder, 'from'), '--to', url]), { code: 0 })
  const node = await openDatabase({ url })
  t.teardown(() => node.close())
  return { folder, url, node }
}

t.test('entries that wait in PostgreSQL, and a node that writes meanwhile', async (t) => {
  const { folder, url, node } = await copied(t, 'copy_busy')
  const before = await inPostgres(url, contentOf)
  const refuses = async (error: { code: string; message: RegExp }, what: string) => {
    const to = join(folder, what)
    await t.rejects(move(on(url), at(to)), error, what)
    t.same(await inPostgres(url, (database) => database.standing().then(({ state }) => state)), 'open')
  }
  const { leaf, ...rest } = rekord('waits')
  const intake = node.intake({ log: 0, node: 'other', most: 9 })
  const tickets = await intake.offer([{ hash: leafHash(leaf), entry: { leaf, ...rest } }])
  await refuses({ code: 'LOG_BUSY', message: /log a: entries wait to be sequenced/ }, 'an entry waits')
  await intake.done(tickets)
  const lease = node.lease(0, 'other', 60_000)
  const fence = await lease.claim()
  if (fence === null) throw new Error('nobody else leads')
  await refuses({ code: 'STORE_LOCKED', message: /the node other sequences log a/ }, 'a node leads')
  await lease.release(fence)
  t.same(await inPostgres(url, contentOf), before)
})

t.test('what comes in between the copy and the mark refuses the move', async (t) => {
  const { folder, url, node } = await copied(t, 'copy_between')
  const raw = await rawClient(t, url)
  const { leaf, ...rest } = rekord('late')
  const offers = async () => {
    await node.intake({ log: 0, node: 'other', most: 9 }).offer([{ hash: leafHash(leaf), entry: { leaf, ...rest } }])
  }
  await t.rejects(move(on(url), at(join(folder, 'offered')), afterwards(offers)), { code: 'LOG_BUSY' })
  await raw.query('DELETE FROM pending')
  const freezes = async () => void (await node.freezeLog(0, unixMillis(1e12)))
  await t.rejects(move(on(url), at(join(folder, 'ended')), afterwards(freezes)), {
    message: /the copy is not the same/,
  })
  const steals = async () => void (await raw.query("UPDATE lease SET token = token + 1, node = 'other'"))
  await t.rejects(move(on(url), at(join(folder, 'led')), afterwards(steals)), { code: 'COPY_REFUSED' })
  t.equal((await inPostgres(url, (database) => database.standing())).state, 'open')
  const feeder = await inPostgres(url, async (database) => await Feeder.after(database.store(0)))
  t.equal(feeder.head.size, 300)
})
