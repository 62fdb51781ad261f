import t from 'tap'
import { published } from '../../contract/feeder.ts'
import { copiedOf, movableContract } from '../../contract/movable.ts'
import { fileServer, filledDatabase, freshDatabase, rawClient } from './support.ts'

const server = await fileServer()
const HOUR = 3_600_000

async function held(database: Awaited<ReturnType<typeof freshDatabase>>['database']) {
  const copied = await copiedOf(database)
  const fences = await Promise.all(copied.map(({ record }) => database.lease(record.number, 'copy', HOUR).claim()))
  return copied.map((one, i) => ({ ...one, fence: fences[i] ?? undefined }))
}

movableContract('postgres', async (t) => {
  const { database } = await freshDatabase(t, server)
  return { database, copied: () => held(database) }
})

t.test('who has not the lease copies nothing away, nor while entries wait', async (t) => {
  const { url, database, feeder } = await filledDatabase(t, server)
  const raw = await rawClient(t, url)
  const copy = { name: 'c', place: 'p' }
  await t.rejects(database.leave(copy, await copiedOf(database)), { code: 'COPY_REFUSED' })
  const copied = await held(database)
  const wait = `INSERT INTO pending (log, node, bytes, hash, leaf, keys, attachments, withdraws)
    VALUES (0, 'x', 0, decode(repeat('00', 32), 'hex'), '', '', '', '')`
  await raw.query(wait)
  await t.rejects(database.leave(copy, copied), { code: 'LOG_BUSY' })
  await raw.query('DELETE FROM pending')
  await raw.query("UPDATE lease SET node = 'other', token = token + 1")
  await t.rejects(database.leave(copy, copied), { code: 'COPY_REFUSED', message: /log 0 was changed/ })
  await database.leave(
    copy,
    copied.map((one) => ({ ...one, fence: (one.fence ?? 0n) + 1n })),
  )
  await t.rejects(raw.query(wait), { message: /^STORE_MOVED: / }, 'nobody waits there in vain')
  await t.rejects(database.store(0).publish(published(feeder.head)), { code: 'STORE_MOVED', message: /moved to p/ })
})

t.test('a write that is under way is waited for, and is then missed', async (t) => {
  const { url, database } = await filledDatabase(t, server)
  const raw = await rawClient(t, url)
  const copied = await held(database)
  await raw.query('BEGIN')
  await raw.query(`SELECT publish(0::smallint, null, 3, (SELECT root FROM head WHERE size = 3), 9, 'note', 1)`)
  let isOver = false
  const leaving = database.leave({ name: 'c', place: 'p' }, copied).finally(() => {
    isOver = true
  })
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.equal(isOver, false)
  await raw.query('COMMIT')
  await leaving
})

t.test('what was said of a copy is not said otherwise', async (t) => {
  const { url } = await filledDatabase(t, server)
  const raw = await rawClient(t, url)
  const say = (state: string) => raw.query(`INSERT INTO standing (state, copy, place) VALUES ('${state}', 'c', 'p')`)
  await t.rejects(say('open'), { message: /comes whole or not at all/ })
  await t.rejects(say('arriving'), { message: /there are logs already/ })
  await say('left')
  await t.rejects(say('left'), { message: /standing_pkey/ })
  for (const state of ['arriving', 'open', 'left'])
    await t.rejects(raw.query(`UPDATE standing SET state = '${state}'`), { message: /only comes, opens and leaves/ })
  await t.rejects(raw.query('DELETE FROM standing'), { message: /append-only/ })
  await t.rejects(raw.query('TRUNCATE standing'), { message: /append-only/ })
})
