/** What every store must do with content that comes after its entry. */

import t from 'tap'
import { leafIndex, unixMillis } from '../../src/kernel/brand.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import type { Supplement } from '../../src/log/ports.ts'
import { attachment, entry, lookupKey } from './feeder.ts'
import { appendPlain, freshStore, type OpenDatabase } from './fresh.ts'

export function supplement(index: number, keys: readonly string[], contents: readonly string[]): Supplement {
  return {
    index: leafIndex(index),
    keys: keys.map((name) => lookupKey(name).key),
    attachments: contents.map((text) => attachment(text)),
  }
}

const digest = (text: string) => attachment(text).digest

export function attachContract(name: string, open: OpenDatabase): void {
  t.test(`${name}: attachments and their lookup rows come after their entries`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    const head = await appendPlain(store, feeder, 6)
    await store.attach([supplement(4, ['k', 'k4'], ['four']), supplement(1, ['k'], ['one', '']), supplement(0, [], [])])
    await store.attach([])
    for (const text of ['four', 'one', '']) t.same(await store.attachment('sha256', digest(text)), utf8(text))
    t.same(await store.lookup(lookupKey('k').key, null, 9), [1, 4], 'ascending, in whatever order they came')
    t.same(await store.lookup(lookupKey('k4').key, null, 9), [4])
    t.same(await store.head(), head, 'the tree is the same')
    t.same(await store.heads(null, 9), [{ ...head, size: 0, root: (await store.heads(null, 1))[0]?.root }, head])
    await appendPlain(store, feeder, 1)
    t.same(await store.head(), feeder.head, 'and the next batch follows')
  })

  t.test(`${name}: what is there already stays as it is`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    const whole = entry('whole', [lookupKey('leaf'), lookupKey('derived', 'attachment')], [attachment('content')])
    await store.append(feeder.head, feeder.batch([whole, entry('bare')]))
    const again = [supplement(0, ['leaf', 'derived'], ['content']), supplement(1, ['leaf', 'leaf'], ['content'])]
    for (let i = 0; i < 3; i++) await store.attach(again)
    t.same(await store.lookup(lookupKey('leaf').key, null, 9), [0, 1])
    t.same(await store.lookup(lookupKey('derived').key, null, 9), [0])
    t.same(await store.attachment('sha256', digest('content')), utf8('content'))
  })

  t.test(`${name}: supplements that cannot be true are refused, and none of the call is kept`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    await appendPlain(store, feeder, 2)
    const good = supplement(0, ['good'], ['good'])
    const flipped = { ...attachment('flipped'), content: utf8('Flipped') }
    const bad: Record<string, [string, Supplement]> = {
      'the index after the last': ['INDEX_OUT_OF_RANGE', supplement(2, ['bad'], ['bad'])],
      'an index far away': ['INDEX_OUT_OF_RANGE', supplement(2 ** 52, ['bad'], [])],
      'content of another digest': ['STORE_CORRUPT', { ...supplement(1, ['bad'], []), attachments: [flipped] }],
    }
    for (const [what, [code, wrong]] of Object.entries(bad)) {
      await t.rejects(store.attach([good, wrong]), { code }, what)
      t.equal(await store.attachment('sha256', digest('good')), null, `${what}: no content stays`)
      for (const key of ['good', 'bad']) t.same(await store.lookup(lookupKey(key).key, null, 9), [], `${what}: no row`)
    }
    const before = await store.totals()
    await store.attach([good])
    await store.attach([good])
    t.same(await store.lookup(lookupKey('good').key, null, 9), [0])
    const { lookups, attachments } = await store.totals()
    t.same([lookups - before.lookups, attachments - before.attachments], [0, 1], 'content once, its rows not at all')
  })

  t.test(`${name}: a frozen log grows no more, not even beside its tree`, async (t) => {
    const database = await open(t)
    const { store, feeder, number } = await freshStore(database)
    await appendPlain(store, feeder, 1)
    await database.freezeLog(number, unixMillis(9000))
    await t.rejects(store.attach([supplement(0, ['k'], ['x'])]), { code: 'LOG_FROZEN' })
    t.equal(await store.attachment('sha256', digest('x')), null)
    const { key } = lookupKey('derived later')
    await store.index([{ index: leafIndex(0), keys: [key, key] }])
    await store.index([{ index: leafIndex(0), keys: [key] }])
    t.same(await store.lookup(key, null, 10), [0], 'rows of what it holds are made all the same')
    await t.rejects(store.index([{ index: leafIndex(1_000_000), keys: [key] }]), { code: 'INDEX_OUT_OF_RANGE' })
    t.same(await store.lookup(lookupKey('k').key, null, 9), [])
  })

  t.test(`${name}: attached content is the log's own, and a copy`, async (t) => {
    const database = await open(t)
    const [a, b] = [await freshStore(database, 'a'), await freshStore(database, 'b')]
    for (const { store, feeder } of [a, b]) await appendPlain(store, feeder, 1)
    const given = structuredClone(supplement(0, ['k'], ['x']))
    await a.store.attach([given])
    for (const bytes of [...given.keys, ...given.attachments.map(({ content }) => content)]) bytes.fill(0xaa)
    t.same(await a.store.attachment('sha256', digest('x')), utf8('x'))
    t.same(await a.store.lookup(lookupKey('k').key, null, 9), [0])
    t.equal(await b.store.attachment('sha256', digest('x')), null)
    t.same(await b.store.lookup(lookupKey('k').key, null, 9), [])
  })
}
