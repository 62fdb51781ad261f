import { createHash } from 'node:crypto'
import t from 'tap'
import { type Hash, type TreeSize, treeSize, unixMillis } from '../../src/kernel/brand.ts'
import { concat, equal, utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { type FsckParts, fsck } from '../../src/log/fsck.ts'
import type { Entry, LogStore, LookupKey, Published } from '../../src/log/ports.ts'
import { createWorld, entry, inTime, ORIGIN, START, start } from './support.ts'

const SIZE = 600
const world = createWorld()

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(
    createHash('sha256')
      .update(concat(...parts))
      .digest(),
  )
}

/** Content of every hundredth entry is kept; the leaf names it. */
function facts(leaf: Uint8Array): ReturnType<FsckParts['facts']> {
  const [digest, key] = [sha256(utf8('content of '), leaf), sha256(leaf)]
  const keysOf = (content: Uint8Array): LookupKey[] => [{ key: sha256(utf8('about '), content), source: 'attachment' }]
  return {
    keys: [{ key, source: 'leaf' }],
    attachments: [{ algorithm: 'sha256', digest, key, keysOf, statementOf: () => null }],
  }
}

function full(name: number): Entry {
  const { leaf } = entry(name)
  const content = concat(utf8('content of '), leaf)
  const attachments = name % 100 === 0 ? [{ algorithm: 'sha256' as const, digest: sha256(content), content }] : []
  const { keys, attachments: named } = facts(leaf)
  const derived = attachments.flatMap(() => named.flatMap(({ keysOf }) => keysOf(content)))
  return entry(name, { keys: [...keys, ...derived], attachments })
}

const { log } = await start(world, { limits: { batch: 100 } })
for (let i = 0; i < SIZE; i += 200) {
  await inTime(world.clock, Promise.all(Array.from({ length: 200 }, (_, at) => log.add(full(i + at)))))
  await world.clock.advance(60_000)
}
await inTime(world.clock, log.close())
const newest = (await world.store.published()) as Published

async function check(parts: Partial<FsckParts> = {}, store: Partial<LogStore> = {}) {
  const problems: string[] = []
  const progress: number[] = []
  const size = await fsck({
    origin: ORIGIN,
    store: { ...world.store, ...store },
    mark: await world.ratchet.read(),
    open: world.signer.open,
    facts,
    withdraws: () => null,
    digest: (_, content) => sha256(content),
    onProblem: (problem) => void problems.push(problem),
    onProgress: (done) => void progress.push(done),
    ...parts,
  })
  return { size, problems, progress }
}

t.test('a whole log is clean, with and without a ratchet at hand', async (t) => {
  t.same(await check(), { size: SIZE, problems: [], progress: [256, 512, 600] })
  t.same((await check({ mark: null })).problems, [])
})

function flippedAt(bytes: Uint8Array | null, at: number): Uint8Array | null {
  if (bytes === null || at >= bytes.length) return bytes
  const copy = concat(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

function badTile(level: number, index: number, at: number): Partial<LogStore> {
  return {
    tile: async (l, i, width) => {
      const bytes = await world.store.tile(l, i, width)
      return l === level && i === index ? flippedAt(bytes, at) : bytes
    },
  }
}

async function noted(size: number, root: Hash): Promise<Published> {
  const checkpoint = { origin: ORIGIN, size: treeSize(size), root, extensions: [] }
  return { size: treeSize(size), root, time: unixMillis(START), note: await world.signer.sign(checkpoint, 1) }
}

const wrong = new Uint8Array(32).fill(7) as Hash

const ABOUT_400 = sha256(utf8('about '), utf8('content of '), entry(400).leaf)

const damages: readonly { name: string; parts?: Partial<FsckParts>; store?: Partial<LogStore>; says: RegExp }[] = [
  { name: 'no head', store: { head: async () => null }, says: /no head, not even of size 0/ },
  {
    name: 'an entry changed',
    store: { bundle: async (i, w) => flippedAt(await world.store.bundle(i, w), i === 1 ? 5 : Number.MAX_VALUE) },
    says: /leaf 256: its entry does not hash to the stored leaf hash/,
  },
  {
    name: 'a bundle cut short',
    store: { bundle: async (i, w) => (await world.store.bundle(i, w))?.subarray(i === 1 ? 1 : 0) ?? null },
    says: /bundle 1: not an entry bundle/,
  },
  {
    name: 'a bundle missing',
    store: { bundle: async (i, w) => (i === 2 ? null : world.store.bundle(i, w)) },
    says: /bundle 2: it is missing or has gaps/,
  },
  { name: 'a leaf hash changed', store: badTile(0, 2, 40), says: /leaf 513: its entry does not hash/ },
  { name: 'an unfinished tile changed', store: badTile(1, 0, 33), says: /unfinished tile 1\/0 does not follow/ },
  {
    name: 'a deduplication row lost',
    store: { find: async (hashes) => hashes.map(() => null) },
    says: /leaf 0: deduplication finds it at no place/,
  },
  {
    name: 'a lookup row lost',
    store: { hasLookups: async (rows) => rows.map(({ index }) => index !== 42) },
    says: /leaf 42: a lookup row is missing/,
  },
  {
    name: 'a lookup row of an attachment lost',
    store: {
      hasLookups: async (rows) => rows.map(({ key }) => !equal(key, ABOUT_400)),
    },
    says: /^leaf 400: a lookup row of its attachment is missing \(`colophon reindex` adds it\)$/,
  },
  {
    name: 'a lookup row of another leaf',
    store: { hasLookups: async (rows) => rows.map(({ index }) => index === 3) },
    says: /leaf 4: a lookup row is missing/,
  },
  {
    name: 'a page of the index that cannot be read',
    store: {
      hasLookups: async (rows) => {
        if (rows.some(({ index }) => index === 300)) throw new TlogError('STORE_CORRUPT', 'a bad page')
        return rows.map(({ index }) => index !== 301)
      },
    },
    says: /leaf 301: a lookup row is missing/,
  },
  {
    name: 'a lookup row too many',
    store: { totals: async () => ({ lookups: SIZE + 1, attachments: SIZE / 100, withdrawals: 0 }) },
    says: /^1 lookup rows lead to entries that do not have their key$/,
  },
  {
    name: 'an attachment that nobody names',
    store: { totals: async () => ({ lookups: SIZE, attachments: SIZE / 100 + 2, withdrawals: 0 }) },
    says: /^2 attachments are kept that no entry names$/,
  },
  {
    name: 'an attachment changed',
    store: { contents: async (names) => (await world.store.contents(names)).map((content) => flippedAt(content, 0)) },
    says: /leaf 300: its attachment does not hash to the digest/,
  },
  {
    name: 'an attachment changed, where the others are read one by one',
    store: {
      contents: () => Promise.reject(new TlogError('STORE_CORRUPT', 'one of them is bad')),
      attachment: async (...of) => flippedAt(await world.store.attachment(...of), 0),
    },
    says: /leaf 300: its attachment does not hash to the digest/,
  },
  {
    name: 'an attachment that cannot be read',
    store: {
      contents: () => Promise.reject(new TlogError('STORE_CORRUPT', 'one of them is bad')),
      attachment: () => Promise.reject(new TlogError('STORE_CORRUPT', 'a bad page')),
    },
    says: /leaf 500: a bad page/,
  },
  {
    name: 'a leaf of another dialect',
    parts: {
      facts: (leaf) => {
        if (leaf.at(-1) === 0x37) throw new TlogError('ENTRY_MALFORMED', 'not ours')
        return facts(leaf)
      },
    },
    says: /leaf 7: not ours/,
  },
  {
    name: 'a head with another root',
    store: {
      heads: async (...page) =>
        (await world.store.heads(...page)).map((h) => (h.size === 200 ? { ...h, root: wrong } : h)),
    },
    says: /the head of size 200 has another root than the entries/,
  },
  {
    name: 'an empty head with another root',
    store: {
      heads: async (...page) =>
        (await world.store.heads(...page)).map((h) => (h.size === 0 ? { ...h, root: wrong } : h)),
    },
    says: /the head of size 0 has another root than the entries/,
  },
  {
    name: 'time going back',
    store: {
      heads: async (...page) =>
        (await world.store.heads(...page)).map((h) => (h.size === 400 ? { ...h, time: unixMillis(START - 1) } : h)),
    },
    says: /the head of size 400 is older than the one before/,
  },
  {
    name: 'a ratchet of another tree',
    parts: { mark: { size: treeSize(SIZE), root: wrong } },
    says: /the ratchet of size 600 has another root than the entries/,
  },
  {
    name: 'a ratchet beyond the database',
    parts: { mark: { size: treeSize(700), root: wrong } },
    says: /ends at 600, but a head of 700 was signed: it was rolled back/,
  },
  {
    name: 'a kept note of another tree',
    store: { history: async () => [await noted(150, wrong)] } as unknown as Partial<LogStore>,
    says: /a published checkpoint of size 150 has another root than the entries/,
  },
  {
    name: 'a note that is not what it is filed under',
    store: { published: async () => ({ ...newest, note: (await noted(150, wrong)).note }) },
    says: /size 600 is not what this log signed/,
  },
  {
    name: 'a note that the key did not sign',
    store: {
      published: async () => ({ ...newest, note: flippedAt(newest.note, newest.note.length - 8) as Uint8Array }),
    },
    says: /size 600 is not what this log signed/,
  },
]

for (const { name, parts, store, says } of damages)
  t.test(`reported: ${name}`, async (t) => {
    const { problems } = await check(parts, store)
    t.ok(
      problems.some((problem) => says.test(problem)),
      problems.slice(0, 3).join('; ') || 'nothing was reported',
    )
  })

t.test('notes and heads are read to the end, page after page', async (t) => {
  const kept = await Promise.all([...Array(5).keys()].map((i) => noted(i * 100 + 100, wrong)))
  const pages: (TreeSize | null)[] = []
  const history = async (after: TreeSize | null) => {
    pages.push(after)
    return after === null ? Array.from({ length: 1000 }, () => kept[0] as Published) : kept.slice(1)
  }
  const { problems } = await check({}, { history })
  t.same(pages, [null, 100])
  t.ok(problems.some((problem) => problem.startsWith('a published checkpoint of size 500 has another root')))
})

t.test('the questions are for many entries at once, in pages as small as the store likes', async (t) => {
  const asked = { contents: 0, firstUnder: 0, hasLookups: 0, attachment: 0, lookup: 0 }
  const counting = Object.fromEntries(
    (Object.keys(asked) as (keyof typeof asked)[]).map((name) => [
      name,
      (...args: never[]) => {
        asked[name]++
        return (world.store[name] as (...args: never[]) => unknown)(...args)
      },
    ]),
  )
  t.same((await check({}, counting)).problems, [])
  t.same(asked, { contents: 3, firstUnder: 3, hasLookups: 6, attachment: 0, lookup: 0 })
  const contents: LogStore['contents'] = async (names) => (await world.store.contents(names)).slice(0, 7)
  t.same((await check({}, { contents })).problems, [])
  const firstUnder = () => Promise.reject(new TlogError('STORE_CORRUPT', 'a bad page'))
  t.same((await check({}, { firstUnder })).problems, [], 'each is asked by itself')
})

t.test('an error that is no finding goes through', async (t) => {
  const error = new Error('EIO')
  const bundle = () => Promise.reject(error)
  await t.rejects(check({}, { bundle }), error)
})
