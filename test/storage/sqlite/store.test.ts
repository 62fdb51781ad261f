import { readFileSync, statSync } from 'node:fs'
import t from 'tap'
import { leafIndex } from '../../../src/kernel/brand.ts'
import { openDatabase } from '../../../src/storage/sqlite/open.ts'
import { supplement } from '../../contract/attach.ts'
import { attachment, entry, lookupKey } from '../../contract/feeder.ts'
import { storeContract } from '../../contract/log-store.ts'
import { filledDatabase, rawDatabase } from './support.ts'

storeContract('sqlite', async (t) => {
  const database = openDatabase(`${t.testdir({})}/log.db`, { create: true })
  t.teardown(() => database.close())
  return database
})

t.test('a lookup row says what it came from, and what is there already costs no write', async (t) => {
  const { path, store } = await filledDatabase(t)
  const repeat = [supplement(0, ['key', 'derived'], ['content']), supplement(1, [], ['more'])]
  await store.attach(repeat)
  const rows = rawDatabase(t, path).prepare<[Uint8Array], number>('SELECT source FROM lookup WHERE key = ?').pluck()
  t.same(rows.all(lookupKey('key').key), [0], 'a key of the leaf stays one')
  t.same(rows.all(lookupKey('derived').key), [1])
  const { size } = statSync(`${path}-wal`)
  for (let i = 0; i < 5; i++) await store.attach(repeat)
  t.equal(statSync(`${path}-wal`).size, size)
  await store.attach([supplement(2, ['new'], [])])
  t.ok(statSync(`${path}-wal`).size > size, 'which a new row does')
})

t.test('content under a digest that it does not have stops whoever brings the right one', async (t) => {
  const { path, store } = await filledDatabase(t)
  const raw = rawDatabase(t, path, { triggers: false })
  raw.prepare('UPDATE attachment SET content = ?').run(new Uint8Array(7))
  const right = { index: leafIndex(1), keys: [lookupKey('k').key], attachments: [attachment('content')] }
  await t.rejects(store.attach([right]), { code: 'STORE_CORRUPT' })
  t.same(await store.lookup(lookupKey('k').key, null, 9), [])
})

t.test('the bytes of what is taken back are no longer in the file', async (t) => {
  const { path, store, feeder } = await filledDatabase(t)
  const raw = rawDatabase(t, path)
  const words = 'not fit to be kept'
  const isThere = () => {
    raw.pragma('wal_checkpoint(TRUNCATE)')
    return readFileSync(path).includes(words)
  }
  for (const length of [1, 1000]) {
    const { algorithm, digest, content } = attachment(words.repeat(length))
    await store.attach([{ index: leafIndex(1), keys: [], attachments: [{ algorithm, digest, content }] }])
    t.ok(isThere())
    const { head } = feeder
    await store.append(head, feeder.batch([{ ...entry(`taken back ${length}`), withdraws: { algorithm, digest } }]))
    t.notOk(isThere(), `${content.length} bytes`)
  }
})
