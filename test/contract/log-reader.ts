/** What every store must answer: tiles, bundles, places, pages, attachments. */

import t, { type Test } from 'tap'
import { parseBundle } from '../../src/formats/c2sp/bundle.ts'
import { type LeafIndex, leafIndex } from '../../src/kernel/brand.ts'
import { concat, equal } from '../../src/kernel/bytes.ts'
import { tileWidth } from '../../src/kernel/tile.ts'
import type { Attachment, LogStore, LookupRow } from '../../src/log/ports.ts'
import { attachment, entry, type Feeder, leafHash, lookupKey } from './feeder.ts'
import { appendPlain, freshStore, type OpenDatabase } from './fresh.ts'

export function readerContract(name: string, open: OpenDatabase): void {
  t.test(`${name}: tiles and bundles at every edge`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    t.equal(await store.tile(0, 0, 1), null, 'an empty tree')
    t.equal(await store.bundle(0, 1), null, 'an empty tree')
    t.equal(await store.entry(leafIndex(0)), null, 'an empty tree')
    t.equal(await store.leafHashes(leafIndex(0), 1), null, 'an empty tree')
    for (const size of [1, 255, 256, 257, 511, 512, 65_535]) {
      while (feeder.head.size < size) await appendPlain(store, feeder, Math.min(9000, size - feeder.head.size))
      await checkEdges(t, store, feeder)
    }
    const { head } = feeder
    const full = feeder.plain(1)
    const short = full.tiles.map((tile) => ({ ...tile, bytes: tile.bytes.subarray(32) }))
    for (const tiles of [[], short, [...full.tiles, ...full.tiles]])
      await t.rejects(store.append(head, { ...full, tiles }), { code: 'TILE_MALFORMED' })
    await store.append(head, full)
    await checkEdges(t, store, feeder)
    await appendPlain(store, feeder, 1)
    await checkEdges(t, store, feeder)
    t.same(await store.tile(1, 0, 3), feeder.tile(1, 0, 3), 'a prefix of a stored tile')
    t.same(await store.tile(0, 77, 9), feeder.tile(0, 77, 9), 'a prefix of a full one')
    for (const [level, index, width] of [
      [0, 0, 0],
      [0, 0, 257],
      [0, -1, 1],
      [-1, 0, 1],
      [0, 0.5, 1],
      [0, 0, 1.5],
      [Number.NaN, 0, 1],
    ] as const) {
      await t.rejects(store.tile(level, index, width), { code: 'RANGE_INVALID' }, `tile ${level}/${index}.p/${width}`)
      if (level === 0)
        await t.rejects(store.bundle(index, width), { code: 'RANGE_INVALID' }, `bundle ${index}.p/${width}`)
    }
    for (const [first, count] of [
      [0, 0],
      [0, 257],
      [1, 256],
      [255, 2],
      [-1, 1],
      [0.5, 1],
    ] as const)
      await t.rejects(
        store.leafHashes(first as LeafIndex, count),
        { code: 'RANGE_INVALID' },
        `${count} leaves from ${first}`,
      )
    t.equal(await store.tile(63, 0, 1), null)
    for (const far of [2 ** 40, Number.MAX_SAFE_INTEGER - 256].map(leafIndex)) {
      t.equal(await store.entry(far), null)
      t.equal(await store.leafHashes(far, 1), null)
    }
    t.equal(await store.tile(0, Number.MAX_SAFE_INTEGER, 256), null)
  })

  t.test(`${name}: find`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    await appendPlain(store, feeder, 3, 2000)
    await appendPlain(store, feeder, 2, 3000)
    t.same(await store.find([]), [])
    const [h0, h1, h2, h3] = feeder.hashes
    if (h0 === undefined || h1 === undefined || h2 === undefined || h3 === undefined) throw new Error('four leaves')
    const near = leafHash(new Uint8Array(1))
    near.set(h1.subarray(0, 31))
    t.same(await store.find([h2, near, h0, h2, h3]), [
      { index: 2, time: 2000 },
      null,
      { index: 0, time: 2000 },
      { index: 2, time: 2000 },
      { index: 3, time: 3000 },
    ])
  })

  t.test(`${name}: lookup pages`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    const hot = lookupKey('hot')
    const texts = Array.from({ length: 10 }, (_, i) => `entry ${i}`)
    const entries = texts.map((text, i) => entry(text, i % 2 === 0 ? [lookupKey(text), hot] : [lookupKey(text)]))
    await store.append(feeder.head, feeder.batch(entries))
    const seen: LeafIndex[] = []
    for (let page = await store.lookup(hot.key, null, 2); page.length > 0; ) {
      seen.push(...page)
      page = await store.lookup(hot.key, page.at(-1) ?? null, 2)
    }
    t.same(seen, [0, 2, 4, 6, 8])
    t.same(await store.firstUnder([]), [])
    const asked = ['hot', 'unknown', 'entry 3', 'hot', 'entry 9'].map((text) => lookupKey(text).key)
    t.same(await store.firstUnder(asked), [0, null, 3, 0, 9], 'the first under each key')
    t.same(await store.lookup(lookupKey('entry 3').key, null, 10), [3])
    t.same(await store.lookup(lookupKey('entry 3').key, leafIndex(3), 10), [])
    t.same(await store.lookup(lookupKey('unknown').key, null, 10), [])
    const twice = entry('twice', [lookupKey('twice', 'attachment'), lookupKey('twice'), lookupKey('twice')])
    const { head } = feeder
    await store.append(head, feeder.batch([twice]))
    t.same(await store.lookup(lookupKey('twice').key, null, 10), [10], 'an entry stands once under a key')
  })

  t.test(`${name}: all lookup rows, in order, and whether some are there`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    t.same(await store.lookups(null, 9), [])
    t.same(await store.hasLookups([]), [])
    const names = Array.from({ length: 20 }, (_, i) => `key ${i}`)
    const entries = names.map((name, i) =>
      entry(name, [lookupKey(name), lookupKey('hot', i % 2 === 0 ? 'leaf' : 'attachment')]),
    )
    await store.append(feeder.head, feeder.batch(entries))
    await store.index([{ index: leafIndex(3), keys: [lookupKey('key 3').key, lookupKey('late').key] }])
    const rows = [
      ...entries.flatMap(({ keys }, i) => keys.map((key) => ({ ...key, index: leafIndex(i) }))),
      { ...lookupKey('late', 'attachment'), index: leafIndex(3) },
    ].sort((a, b) => Buffer.compare(a.key, b.key) || a.index - b.index)
    for (const limit of [1, 7, 1000]) {
      const seen: LookupRow[] = []
      for (let page = await store.lookups(null, limit); page.length > 0; ) {
        t.ok(page.length <= limit)
        seen.push(...page)
        page = await store.lookups(page.at(-1) ?? null, limit)
      }
      t.same(seen, rows, `${limit} at a time`)
    }
    const asked = rows.flatMap((row) => [row, { ...row, index: leafIndex(row.index + 20) }])
    t.same(
      await store.hasLookups(asked),
      rows.flatMap(() => [true, false]),
    )
    t.same(await store.hasLookups([{ ...lookupKey('unknown'), index: leafIndex(0) }]), [false])
  })

  t.test(`${name}: which entries brought content`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    t.same(await store.brought(leafIndex(0), 256), [])
    const { head } = feeder
    const keys = ['leaf', 'attachment', 'leaf', 'attachment', 'leaf'] as const
    await store.append(
      head,
      feeder.batch(keys.map((source, i) => entry(`entry ${i}`, [lookupKey(`key ${i}`, source)]))),
    )
    await store.attach([{ index: leafIndex(4), keys: [lookupKey('late').key], attachments: [attachment('late')] }])
    await store.index([{ index: leafIndex(0), keys: [lookupKey('key 0').key] }])
    t.same(await store.brought(leafIndex(0), 256), [1, 3, 4], 'a row that is there already is none that was brought')
    t.same(await store.brought(leafIndex(2), 2), [3])
    t.same(await store.brought(leafIndex(5), 1), [])
    await store.index([{ index: leafIndex(0), keys: [lookupKey('other').key] }])
    t.same(await store.brought(leafIndex(0), 2), [0, 1])
  })

  t.test(`${name}: all attachments, in order`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    t.same(await store.attachments(null, 9), [])
    const large = ['x', 'y', 'z'].map((letter) => attachment(letter.repeat(5_000_000)))
    const small = (['sha512', 'sha256', 'sha384'] as const).flatMap((algorithm) =>
      ['a', 'b', ''].map((text) => attachment(text, algorithm)),
    )
    await store.append(feeder.head, feeder.batch([entry('one', [], small), entry('two', [], large)]))
    const all = [...large, ...small].sort(
      (a, b) =>
        (a.algorithm < b.algorithm ? -1 : Number(a.algorithm > b.algorithm)) || Buffer.compare(a.digest, b.digest),
    )
    for (const limit of [1, 2, 100]) {
      const seen: Attachment[] = []
      for (let page = await store.attachments(null, limit); page.length > 0; ) {
        t.ok(page.length <= limit)
        seen.push(...page)
        page = await store.attachments(page.at(-1) ?? null, limit)
      }
      t.same(seen.map(shown), all.map(shown), `${limit} at a time`)
    }
  })

  t.test(`${name}: contents of many names, as many at a time as fit`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    t.same(await store.contents([]), [])
    const large = ['x', 'y', 'z'].map((letter) => attachment(letter.repeat(5_000_000)))
    const small = [attachment('a'), attachment('a', 'sha512'), attachment('')]
    await store.append(feeder.head, feeder.batch([entry('one', [], small), entry('two', [], large)]))
    const none = attachment('never kept')
    const [x = none, y = none, z = none] = large
    for (const names of [
      [none],
      [none, none],
      small,
      [none, ...small, x, none],
      [x, y, none, z, none],
      [x, x, x, none],
    ]) {
      const found: (Uint8Array | null)[] = []
      while (found.length < names.length) {
        const page = await store.contents(names.slice(found.length))
        t.ok(page.length > 0)
        found.push(...page)
      }
      const wanted = names.map(({ content }) => (content === none.content ? null : content))
      t.same(found.map(sizeOf), wanted.map(sizeOf))
      t.ok(found.every((content, i) => content === wanted[i] || (content && wanted[i] && equal(content, wanted[i]))))
    }
  })

  t.test(`${name}: attachments`, async (t) => {
    const { store, feeder } = await freshStore(await open(t))
    const big = attachment('x'.repeat(1_000_000), 'sha512')
    const small = [attachment('a'), attachment('a', 'sha384'), attachment('')]
    const { head } = feeder
    await store.append(head, feeder.batch([entry('one', [], [big, ...small]), entry('two', [], [big])]))
    for (const { algorithm, digest, content } of [big, ...small]) {
      const found = await store.attachment(algorithm, digest)
      t.ok(found && equal(found, content), `${algorithm}, ${content.length} bytes`)
    }
    const after = feeder.head
    await store.append(after, feeder.batch([entry('three', [], small)]))
    t.same(await store.attachment('sha256', attachment('a').digest), attachment('a').content, 'again, in a later batch')
    t.equal(await store.attachment('sha256', attachment('b').digest), null)
    t.equal(await store.attachment('sha512', attachment('a').digest), null)
  })
}

function shown({ algorithm, digest, content }: Attachment): string {
  return `${algorithm}:${Buffer.from(digest).toString('hex')} ${content.length} ${content[0]}`
}

/** Every partial tile that the size implies, the last full one of each level, and nothing beyond. */
async function checkEdges(t: Test, store: LogStore, feeder: Feeder): Promise<void> {
  const { size } = feeder.head
  for (let level = 0; 256 ** level <= size; level++) {
    const last = Math.floor((size - 1) / 256 ** (level + 1))
    for (const index of [last - 1, last].filter((index) => index >= 0)) {
      const width = tileWidth(level, index, size)
      if (width > 0)
        t.same(await store.tile(level, index, width), feeder.tile(level, index, width), `${size}: ${level}/${index}`)
      if (width < 256) t.equal(await store.tile(level, index, width + 1), null, `${size}: beyond ${level}/${index}`)
    }
    t.equal(await store.tile(level, last + 1, 1), null)
  }
  const last = Math.floor((size - 1) / 256)
  const width = size - last * 256
  const bundle = await store.bundle(last, width)
  t.same(bundle && parseBundle(bundle, width), feeder.leaves.slice(last * 256), `${size}: the last bundle`)
  if (width < 256) t.equal(await store.bundle(last, width + 1), null)
  t.equal(await store.bundle(last + 1, 1), null)
  t.equal(await store.entry(leafIndex(size)), null)
  for (const index of [0, last * 256, size - 1].map(leafIndex))
    t.same(await store.entry(index), feeder.leaves[index], `${size}: entry ${index}`)
  for (const count of [1, Math.min(16, size), width]) {
    const first = leafIndex(count > width ? 0 : size - count)
    t.same(
      await store.leafHashes(first, count),
      concat(...feeder.hashes.slice(first, first + count)),
      `${size}: ${count}`,
    )
  }
  if (width < 256) t.equal(await store.leafHashes(leafIndex(size - 1), 2), null)
}

function sizeOf(content: Uint8Array | null): number | null {
  return content?.length ?? null
}
