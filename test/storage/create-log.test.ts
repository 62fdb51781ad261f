/** A log that is added to a data directory, also when that is cut off. */

import { existsSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { type Hash, treeSize, unixMillis } from '../../src/kernel/brand.ts'
import { createLogIn } from '../../src/storage/create-log.ts'
import { checkNoStrayRatchet, createDataDirectory, type DataDirectory } from '../../src/storage/data-directory.ts'
import { ratchetIdentity } from '../../src/storage/log-keys.ts'
import { openRatchet } from '../../src/storage/ratchet.ts'
import { ratchetDirectory } from '../../src/storage/ratchets.ts'
import { scratch } from '../cli/support.ts'

const NOW = unixMillis(1_700_000_000_000)
const tree = (slug: string, more = {}) => ({ slug, dialect: 'rekor-v1', origin: 'log.example', ...more })

async function directory(t: Test): Promise<DataDirectory> {
  const folder = scratch(t)
  const place = {
    dir: join(folder, 'data'),
    ratchets: ratchetDirectory(join(folder, 'ratchet')),
    passphrase: undefined,
  }
  const data = await createDataDirectory(place)
  t.teardown(() => data.close())
  return data
}

/** As a process that ends before the row is written. */
async function cutOff(data: DataDirectory, slug: string): Promise<string> {
  const database = {
    ...data.database,
    createLog: (record: { origin: string; vkey: string }) => {
      throw Object.assign(new Error('cut off'), { record })
    },
  }
  const error = await createLogIn({ ...data, database }, tree(slug, { after: 'v1' }), NOW).catch((error) => error)
  return data.place.ratchets.nameOf(ratchetIdentity(error.record))
}

t.test('cut off before its row: the other logs start, and it is taken up again', async (t) => {
  const data = await directory(t)
  await createLogIn(data, tree('v1'), NOW)
  const ratchet = await cutOff(data, 'next')
  t.ok(existsSync(ratchet))
  t.match(await checkNoStrayRatchet(data), [/never had an entry: `log create` was cut off/])
  const record = await createLogIn(data, tree('next', { after: 'v1' }), NOW)
  t.equal(data.place.ratchets.nameOf(ratchetIdentity(record)), ratchet, 'with the same key')
  t.equal(parseVkey(record.vkey).name.split('/')[0], 'log.example')
  t.same(await checkNoStrayRatchet(data), [])
})

t.test('a ratchet that is not of the empty tree, or not whole, is no interrupted creation', async (t) => {
  const data = await directory(t)
  await createLogIn(data, tree('v1'), NOW)
  const path = await cutOff(data, 'next')
  const refused = () =>
    t.rejects(checkNoStrayRatchet(data), { code: 'RATCHET_REFUSED', message: /a log that the database does not/ })
  truncateSync(path, 5000)
  await refused()
  writeFileSync(path, new Uint8Array(8192))
  await refused()
  const signed = await cutOff(data, 'other')
  writeFileSync(path, '')
  await refused()
  const { slug } = await createLogIn(data, tree('other', { after: 'v1' }), NOW)
  t.equal(slug, 'other')
  const record = (await data.database.logs()).find((log) => log.slug === 'other')
  if (record === undefined) throw new Error('no such log')
  const mark = { size: treeSize(1), root: new Uint8Array(32) as Hash }
  await (await openRatchet(signed, ratchetIdentity(record))).advance(mark)
  const without = {
    ...data,
    database: { ...data.database, logs: async () => (await data.database.logs()).slice(0, 1) },
  }
  await t.rejects(checkNoStrayRatchet(without), { code: 'RATCHET_REFUSED' }, 'it has signed an entry')
})

t.test('a tree behind another one of its host says so', async (t) => {
  const data = await directory(t)
  await createLogIn(data, tree('v1'), NOW)
  await t.rejects(createLogIn(data, tree('next'), NOW), { code: 'LOG_EXISTS', message: /--after v1/ })
  await t.rejects(createLogIn(data, tree('next', { after: 'v0' }), NOW), { code: 'LOG_UNKNOWN' })
  await createLogIn(data, { slug: 'v2', dialect: 'rekor-v2', origin: 'log.example' }, NOW)
  await t.rejects(createLogIn(data, tree('next', { after: 'v2' }), NOW), { code: 'LOG_UNKNOWN', message: /dialect/ })
  t.match(await createLogIn(data, tree('next', { after: 'v1' }), NOW), { number: 2, state: 'active' })
  await data.database.freezeLog(0, NOW)
  await data.database.freezeLog(2, NOW)
  t.match(await createLogIn(data, tree('free'), NOW), { number: 3 }, 'none is before it')
})
