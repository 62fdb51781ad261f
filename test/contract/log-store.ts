/** What every store must do, in the same words for each. */

import t, { type Test } from 'tap'
import { leafIndex, treeSize, unixMillis } from '../../src/kernel/brand.ts'
import { EMPTY_ROOT } from '../../src/kernel/hash.ts'
import type { SealedBatch } from '../../src/log/ports.ts'
import { attachContract } from './attach.ts'
import { attachment, entry, leafHash, lookupKey, minutes, published } from './feeder.ts'
import { appendPlain, freshStore, NEW_LOG, type OpenDatabase } from './fresh.ts'
import { readerContract } from './log-reader.ts'
import { withdrawContract } from './withdraw.ts'

export function storeContract(name: string, open: OpenDatabase): void {
  readerContract(name, open)
  attachContract(name, open)
  withdrawContract(name, open)

  t.test(`${name}: logs`, async (t) => {
    const database = await open(t)
    t.same(await database.logs(), [])
    const record = await database.createLog(NEW_LOG)
    t.same(record, {
      ...NEW_LOG,
      number: 0,
      ecdsaKey: null,
      mlDsaVkey: null,
      state: 'active',
      retiredAt: null,
      compromisedSince: null,
    })
    t.same(await database.logs(), [record])
    t.same(await database.store(0).head(), { size: 0, root: EMPTY_ROOT, time: 1000 }, 'it has a head of size 0')
    t.equal(database.store(0), database.store(0))
    await t.rejects(database.createLog({ ...NEW_LOG, vkey: 'other' }), { code: 'LOG_EXISTS' }, 'the same slug')
    await t.rejects(database.createLog({ ...NEW_LOG, slug: 'other' }), { code: 'LOG_EXISTS' }, 'the same verifier key')
    for (const slug of ['', 'V2', '-v2', 'v_2', 'é', 'a'.repeat(33)])
      await t.rejects(
        database.createLog({ ...NEW_LOG, slug, vkey: slug }),
        { code: 'FIELD_INVALID' },
        JSON.stringify(slug),
      )
    t.match(await database.createLog({ ...NEW_LOG, slug: 'a'.repeat(32), vkey: 'b' }), { number: 1 })
    t.throws(() => database.store(2), { code: 'LOG_UNKNOWN' })
    await t.rejects(database.freezeLog(2, unixMillis(0)), { code: 'LOG_UNKNOWN' })
    await database.checkFile()
  })

  t.test(`${name}: a frozen log takes no entry, and is still read and published`, async (t) => {
    const database = await open(t)
    const { store, feeder, number } = await freshStore(database)
    await store.append(feeder.head, feeder.plain(3))
    const { head } = feeder
    const frozen = { state: 'frozen', retiredAt: 9000, compromisedSince: null }
    t.match(await database.freezeLog(number, unixMillis(9000)), frozen)
    t.match(await database.freezeLog(number, unixMillis(9999)), frozen, 'again: it was once')
    await t.rejects(store.append(head, feeder.plain(1)), { code: 'LOG_FROZEN' })
    await store.publish(published(head))
    t.same(await store.head(), head)
  })

  t.test(`${name}: a compromised log is frozen, and what was said once stays`, async (t) => {
    const database = await open(t)
    const { store, feeder, number } = await freshStore(database)
    const [at, since, later] = [unixMillis(9000), unixMillis(8000), unixMillis(9999)]
    await t.rejects(database.compromiseLog(2, at, since), { code: 'LOG_UNKNOWN' })
    const known = { state: 'frozen', retiredAt: 9000, compromisedSince: 8000 }
    t.match(await database.compromiseLog(number, at, since), known)
    t.match(await database.compromiseLog(number, later, later), known)
    t.match(await database.freezeLog(number, later), known)
    t.match(await database.logs(), [known])
    await t.rejects(store.append(feeder.head, feeder.plain(1)), { code: 'LOG_FROZEN' })
    const other = await database.createLog({
      ...NEW_LOG,
      slug: 'other',
      vkey: 'other',
      ecdsaKey: 'AAAA',
      mlDsaVkey: 'BBBB',
    })
    t.same(
      (await database.logs()).map(({ ecdsaKey, mlDsaVkey }) => [ecdsaKey, mlDsaVkey]),
      [
        [null, null],
        ['AAAA', 'BBBB'],
      ],
      'the further keys, where there are any',
    )
    await database.freezeLog(other.number, at)
    t.match(await database.compromiseLog(other.number, later, since), known, 'after it was retired in good order')
  })

  t.test(`${name}: heads`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    const all = [feeder.head]
    for (const [count, time] of [
      [1, 2000],
      [7, 2000],
      [300, 5000],
    ] as const) {
      await appendPlain(store, feeder, count, time)
      all.push(feeder.head)
      t.same(await store.head(), feeder.head, 'what append returned from is there')
    }
    t.same(await store.heads(null, 10), all)
    t.same(await store.heads(null, 2), all.slice(0, 2))
    t.same(await store.heads(treeSize(1), 1), all.slice(2, 3))
    t.same(await store.heads(treeSize(308), 10), [])
  })

  t.test(`${name}: compare and swap`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    const empty = feeder.head
    await store.append(empty, feeder.plain(2))
    const two = feeder.head
    const next = feeder.plain(1)
    await t.rejects(store.append(empty, next), { code: 'HEAD_MOVED' }, 'an older head')
    await t.rejects(store.append(null, next), { code: 'HEAD_MOVED' }, 'no head')
    await t.rejects(store.append({ ...two, root: EMPTY_ROOT }, next), { code: 'HEAD_MOVED' }, 'another root')
    await t.rejects(store.append(next.head, feeder.plain(1)), { code: 'HEAD_MOVED' }, 'a head yet to come')
    t.same(await store.head(), two, 'and nothing has changed')
    await store.append(two, next)
    t.same(await store.head(), next.head)
  })

  t.test(`${name}: a batch that contradicts itself is not kept`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    const head = await appendPlain(store, feeder, 255)
    const good = feeder.plain(2)
    const [first, second] = good.entries
    if (first === undefined || second === undefined) throw new Error('two entries')
    const flipped = Uint8Array.from(first.leaf, (byte, i) => (i === 3 ? byte ^ 4 : byte))
    const long = new Uint8Array(65_536)
    const tiles = [{ level: 1, index: 0, bytes: new Uint8Array(8192) }]
    const bad: Record<string, [string, Partial<SealedBatch>]> = {
      'too few entries': ['SIZE_OUT_OF_RANGE', { entries: [first] }],
      'no entries': ['SIZE_OUT_OF_RANGE', { entries: [], head }],
      'time goes back': ['TIME_OUT_OF_RANGE', { head: { ...good.head, time: unixMillis(999) } }],
      'a tile too many': ['TILE_MALFORMED', { tiles }],
      'a bit flipped in memory': ['STORE_CORRUPT', { entries: [second, { ...first, leaf: flipped }] }],
      'an entry too long': ['ENTRY_TOO_LARGE', { entries: [first, { ...second, leaf: long, hash: leafHash(long) }] }],
      'the same entry twice': ['ENTRY_EXISTS', { entries: [first, first] }],
      'content of another digest': [
        'STORE_CORRUPT',
        { entries: [first, { ...second, attachments: [{ ...attachment('a'), content: long }] }] },
      ],
    }
    for (const [what, [code, change]] of Object.entries(bad)) {
      await t.rejects(store.append(head, { ...good, ...change }), { code }, what)
      t.same(await store.head(), head, `${what}: the head stays`)
      t.equal(await store.tile(0, 0, 256), null, `${what}: no leaf stays`)
    }
    await store.append(head, good)
    await t.rejects(store.append(good.head, feeder.batch([entry('entry 7')])), { code: 'ENTRY_EXISTS' }, 'an old entry')
    t.same(await store.head(), good.head)
  })

  t.test(`${name}: publish goes forward, and keeps one a minute`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    t.equal(await store.published(), null)
    t.same(await store.history(null, 10), [])
    const heads = [feeder.head]
    for (const time of [1, 1.5, 1.99, 2, 3.5].map(minutes)) heads.push(await appendPlain(store, feeder, 1, time))
    const unknown = feeder.plain(1).head
    for (const head of heads) {
      await store.publish(published(head))
      t.same(await store.published(), published(head))
    }
    const [zero, one, two] = heads
    if (zero === undefined || one === undefined || two === undefined) throw new Error('heads')
    const last = published(heads.at(-1) ?? zero, 'signed anew')
    await store.publish(last)
    t.same(await store.published(), last, 'the same head with fresh cosignatures')
    await t.rejects(store.publish(published(one)), { code: 'HEAD_MOVED' }, 'back')
    await t.rejects(store.publish({ ...last, root: one.root }), { code: 'HEAD_MOVED' }, 'another root')
    await t.rejects(store.publish(published(unknown)), { code: 'HEAD_MOVED' }, 'a head that is not stored')
    t.same(await store.published(), last)
    const kept = await store.history(null, 10)
    t.same(
      kept.map(({ size }) => size),
      [0, 2, 5],
      'a minute apart by their own times',
    )
    t.same(kept[1], published(two))
    t.same(await store.history(treeSize(0), 1), [published(two)])
    t.same(await store.history(treeSize(5), 1), [])
  })

  t.test(`${name}: logs do not see each other`, async (t) => {
    const database = await open(t)
    const [a, b] = [await freshStore(database, 'a'), await freshStore(database, 'b')]
    const shared = entry('shared', [lookupKey('k')], [attachment('x')])
    await a.store.append(a.feeder.head, a.feeder.batch([entry('only in a'), shared]))
    t.same(await b.store.find([leafHash(shared.leaf)]), [null])
    t.same(await b.store.lookup(lookupKey('k').key, null, 9), [])
    t.equal(await b.store.attachment('sha256', attachment('x').digest), null)
    t.equal(await b.store.tile(0, 0, 1), null)
    t.equal(await b.store.entry(leafIndex(0)), null)
    t.equal(await a.store.entry(leafIndex(2 ** 40)), null)
    const { head } = b.feeder
    await b.store.append(head, b.feeder.batch([shared]))
    t.same(await b.store.find([leafHash(shared.leaf)]), [{ index: 0, time: head.time }])
    t.same(await a.store.find([leafHash(shared.leaf)]), [{ index: 1, time: head.time }])
  })

  t.test(`${name}: plain data, whose owner is the caller`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    const { head } = feeder
    const batch = feeder.batch([entry('one', [lookupKey('k')], [attachment('x')])])
    await store.append(head, structuredClone(batch))
    await store.publish(structuredClone(published(batch.head)))
    const read = async () => ({
      head: await store.head(),
      heads: await store.heads(null, 9),
      tile: await store.tile(0, 0, 1),
      bundle: await store.bundle(0, 1),
      entry: await store.entry(leafIndex(0)),
      leafHashes: await store.leafHashes(leafIndex(0), 1),
      attachment: await store.attachment('sha256', attachment('x').digest),
      published: await store.published(),
      history: await store.history(null, 9),
    })
    const before = structuredClone(await read())
    scribble(t, await read())
    t.same(await read(), before, 'what a reader does to its copy stays there')
  })
}

/** Overwrites every byte it finds; a Buffer or a view of shared memory is refused. */
function scribble(t: Test, value: unknown): void {
  if (value instanceof Uint8Array) {
    t.equal(value.constructor, Uint8Array)
    t.equal(value.buffer.byteLength, value.byteLength, 'a memory of its own')
    value.fill(0xaa)
  } else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) scribble(t, part)
}
