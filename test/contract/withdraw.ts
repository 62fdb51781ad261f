/** What every store must do with content that is taken back. */

import t from 'tap'
import { leafIndex, unixMillis } from '../../src/kernel/brand.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import type { ContentName, Entry } from '../../src/log/ports.ts'
import { supplement } from './attach.ts'
import { attachment, entry, lookupKey } from './feeder.ts'
import { appendPlain, freshStore, type OpenDatabase } from './fresh.ts'

function nameOf(text: string, algorithm: ContentName['algorithm'] = 'sha256'): ContentName {
  return { algorithm, digest: attachment(text, algorithm).digest }
}

function withdrawing(name: ContentName, text = 'taken back'): Entry {
  return { ...entry(text, [lookupKey('own')], [attachment('why')]), withdraws: name }
}

const bringing = (text: string, content: string) =>
  entry(text, [lookupKey('leaf'), lookupKey(`derived ${text}`, 'attachment')], [attachment(content)])

export function withdrawContract(name: string, open: OpenDatabase): void {
  t.test(`${name}: content that is taken back goes with the entry that says so`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    await store.append(feeder.head, feeder.batch([bringing('a', 'bad'), bringing('b', 'good')], unixMillis(5000)))
    const before = await store.totals()
    t.equal(await store.withdrawn(nameOf('bad')), null)
    await store.append(feeder.head, feeder.batch([withdrawing(nameOf('bad'))], unixMillis(6000)))
    t.equal(await store.attachment('sha256', nameOf('bad').digest), null)
    t.same(await store.attachment('sha256', nameOf('good').digest), utf8('good'))
    t.same(await store.attachment('sha256', nameOf('why').digest), utf8('why'))
    t.same(await store.withdrawn(nameOf('bad')), { index: 2, time: 6000 })
    t.equal(await store.withdrawn(nameOf('good')), null)
    t.equal(await store.withdrawn(nameOf('bad', 'sha512')), null, 'by that digest alone')
    t.same(await store.lookup(lookupKey('derived a').key, null, 9), [0], 'the entry is found as before')
    t.same(await store.entry(leafIndex(0)), utf8('a'), 'and its leaf stays')
    const { lookups, attachments, withdrawals } = await store.totals()
    t.same(
      [lookups - before.lookups, attachments - before.attachments, withdrawals - before.withdrawals],
      [1, 0, 1],
      'one came, and one went',
    )
  })

  t.test(`${name}: and is not kept again, nor found by what it says`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    const batch = [bringing('a', 'bad'), withdrawing(nameOf('bad')), bringing('b', 'bad'), bringing('c', 'good')]
    await store.append(feeder.head, feeder.batch(batch))
    await store.append(feeder.head, feeder.batch([bringing('d', 'bad')]))
    await store.attach([supplement(0, ['derived a', 'late'], ['bad']), supplement(2, ['derived b'], ['new'])])
    t.equal(await store.attachment('sha256', nameOf('bad').digest), null)
    for (const text of ['good', 'new']) t.same(await store.attachment('sha256', nameOf(text).digest), utf8(text))
    t.same(await store.lookup(lookupKey('leaf').key, null, 9), [0, 2, 3, 4], 'the entries are there')
    const under = async (text: string) => await store.lookup(lookupKey(text).key, null, 9)
    t.same([await under('derived a'), await under('late')], [[0], []], 'what had its rows keeps them')
    t.same([await under('derived b'), await under('derived c'), await under('derived d')], [[2], [3], []])
    t.equal((await store.totals()).attachments, 3)
  })

  t.test(`${name}: out of every log, frozen ones too`, async (t) => {
    const database = await open(t)
    const [a, b] = [await freshStore(database, 'a'), await freshStore(database, 'b')]
    for (const { store, feeder } of [a, b]) await store.append(feeder.head, feeder.batch([bringing('x', 'bad')]))
    await database.freezeLog(a.number, unixMillis(9000))
    const entries = [withdrawing(nameOf('bad')), withdrawing(nameOf('none'), 'of what nobody has')]
    await b.store.append(b.feeder.head, b.feeder.batch(entries, unixMillis(9000)))
    for (const { store } of [a, b]) {
      t.equal(await store.attachment('sha256', nameOf('bad').digest), null)
      t.same(await store.withdrawals(0, 9), [nameOf('bad'), nameOf('none')], 'in order')
      t.same(await store.withdrawals(1, 9), [nameOf('none')])
      t.same(await store.withdrawals(0, 1), [nameOf('bad')])
    }
    t.same(await b.store.withdrawn(nameOf('bad')), { index: 1, time: 9000 })
    t.equal(await a.store.withdrawn(nameOf('bad')), null, 'it says nothing of it')
    t.same([(await a.store.totals()).withdrawals, (await b.store.totals()).withdrawals], [0, 2])
  })

  t.test(`${name}: who says it again changes nothing`, async (t) => {
    const database = await open(t)
    const [a, b] = [await freshStore(database, 'a'), await freshStore(database, 'b')]
    await a.store.append(a.feeder.head, a.feeder.batch([withdrawing(nameOf('bad'))]))
    const place = await a.store.withdrawn(nameOf('bad'))
    await a.store.append(a.feeder.head, a.feeder.batch([withdrawing(nameOf('bad'), 'again')]))
    await b.store.append(b.feeder.head, b.feeder.batch([withdrawing(nameOf('bad'))]))
    t.same(await a.store.withdrawn(nameOf('bad')), place)
    t.equal(await b.store.withdrawn(nameOf('bad')), null)
    t.same(await a.store.withdrawals(0, 9), [nameOf('bad')])
  })

  t.test(`${name}: what is not kept withdraws nothing`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    await store.append(feeder.head, feeder.batch([bringing('a', 'bad')]))
    const stale = feeder.head
    await appendPlain(store, feeder, 1)
    const { head } = feeder
    await t.rejects(store.append(stale, feeder.batch([withdrawing(nameOf('bad'))])), { code: 'HEAD_MOVED' })
    t.same(await store.attachment('sha256', nameOf('bad').digest), utf8('bad'))
    t.same([await store.withdrawals(0, 9), await store.head()], [[], head])
  })
}
