import t from 'tap'
import { type Hash, hash, leafIndex, treeSize, unixMillis } from '../../src/kernel/brand.ts'
import { equal, utf8 } from '../../src/kernel/bytes.ts'
import { Edge } from '../../src/kernel/edge.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { attachmentPath } from '../../src/log/copy.ts'
import { exportLog, Sweep } from '../../src/log/export.ts'
import { fsck } from '../../src/log/fsck.ts'
import { loadRetired, loadState } from '../../src/log/load.ts'
import type { Mark } from '../../src/log/ports.ts'
import { type RecoverParts, recover } from '../../src/log/recover.ts'
import { memoryRatchet } from '../../src/storage/ratchet.ts'
import { attached, contentOf, digest, facts, grow, keysOf, memoryTarget, readFiles } from './export-support.ts'
import { createWorld, ORIGIN, outcome, type World } from './support.ts'

const SIZE = 1500
const KEPT = 300

/** The log whose end will be lost, and its copy. */
const whole = createWorld()
await grow(whole, 0, SIZE)
const copy = memoryTarget()
await exportLog({
  origin: ORIGIN,
  reader: whole.store,
  open: whole.signer.open,
  facts,
  target: copy,
  sweep: new Sweep(),
  rest: async () => undefined,
  onProgress: () => undefined,
})
const mark = await whole.ratchet.read()
const roots: Hash[] = []
const edge = new Edge()
for (let i = 0; i < SIZE; i++) {
  roots.push(edge.root())
  edge.append(leafHash(attached(i).leaf))
}

/** What a backup brings back: the same log, as it was at `size`. */
async function older(size: number): Promise<World> {
  const world = createWorld()
  if (size > 0) await grow(world, 0, size)
  return world
}

function run(world: World, parts: Partial<RecoverParts> = {}) {
  return recover({
    origin: ORIGIN,
    store: world.store,
    mark,
    open: world.signer.open,
    read: readFiles(copy.files),
    facts,
    withdraws: () => null,
    digest,
    clock: world.clock,
    onProblem: () => undefined,
    onProgress: () => undefined,
    ...parts,
  })
}

async function problems(world: World): Promise<string[]> {
  const found: string[] = []
  await fsck({
    origin: ORIGIN,
    store: world.store,
    mark,
    open: world.signer.open,
    facts,
    withdraws: () => null,
    digest,
    onProblem: (problem) => void found.push(problem),
    onProgress: () => undefined,
  })
  return found
}

for (const size of [0, 1, 255, 256, 257, KEPT])
  t.test(`a database of ${size} gets the rest`, async (t) => {
    const world = await older(size)
    const heard: number[] = []
    const onProgress = (done: number) => void heard.push(done)
    t.same(await run(world, { onProgress }), { before: size, after: SIZE, copy: SIZE })
    t.same(await problems(world), [], 'a full check finds nothing')
    const state = await loadState({
      origin: ORIGIN,
      store: world.store,
      ratchet: memoryRatchet(mark),
      signer: world.signer,
    })
    t.equal(state.published?.size, SIZE, 'it starts')
    t.ok(
      equal(state.published?.note ?? new Uint8Array(), copy.files.get('checkpoint') as Uint8Array),
      "with the copy's own note",
    )
    t.equal(heard.at(-1), SIZE)
    const { attachments, keys } = facts(utf8('entry 1497'))
    const [named] = attachments
    t.ok(
      named !== undefined && (await world.store.attachment(named.algorithm, named.digest)) !== null,
      'attachments come too',
    )
    for (const key of [...keys, ...keysOf(contentOf(1497))].map(({ key }) => key))
      t.same(await world.store.lookup(key, null, 9), [1497], 'and lookup keys, those of the attachment too')
    const [place] = await world.store.find([leafHash(utf8('entry 1499'))])
    t.equal(place?.index, leafIndex(1499))
    t.same(await run(world), { before: SIZE, after: SIZE, copy: SIZE }, 'once more: nothing to do')
  })

t.test('a clock that went back does not take the heads along', async (t) => {
  const world = await older(300)
  const last = await world.store.head()
  world.clock.set(1000)
  await run(world)
  t.ok(((await world.store.head())?.time ?? 0) >= (last?.time ?? unixMillis(0)))
})

t.test('ended at any write, before or after it, it goes on where it was', async (t) => {
  for (const point of ['beforeAppend', 'afterAppend', 'beforePublish', 'afterPublish'] as const)
    for (const nth of point.endsWith('Append') ? [1, 2] : [1]) {
      const world = await older(KEPT)
      let calls = 0
      world.hooks[point] = () => {
        if (++calls === nth) throw new Error('ended')
      }
      await t.rejects(run(world), { message: 'ended' })
      world.hooks[point] = undefined
      const { after } = await run(world)
      t.equal(after, SIZE, `${point} ${nth}`)
      t.same(await problems(world), [])
    }
})

t.test('no byte of the copy is believed', async (t) => {
  const paths = [...copy.files.keys()].filter((path) => /^(checkpoint|tile)/.test(path))
  // Of whole tiles of hashes, and bundles, only those above what the database has are read, and the frontier.
  const read = new Set<string>()
  await run(await older(KEPT), {
    read: async (path, max) => {
      read.add(path)
      return await readFiles(copy.files)(path, max)
    },
  })
  for (const path of paths.filter((each) => read.has(each)))
    for (const at of path === 'checkpoint' ? [0, 14, 30, 100] : [0, -1]) {
      const bytes = (copy.files.get(path) as Uint8Array).slice()
      const index = at < 0 ? bytes.length + at : at
      bytes[index] = (bytes[index] ?? 0) ^ 1
      const world = await older(KEPT)
      const code = await outcome(run(world, { read: readFiles(new Map(copy.files).set(path, bytes)) }))
      if (!['COPY_REFUSED', 'PROOF_INVALID', 'BUNDLE_MALFORMED'].includes(code)) t.fail(`${path} at ${at}: ${code}`)
      const head = await world.store.head()
      if (head === null || !equal(head.root, roots[head.size] ?? hash(new Uint8Array(32))))
        t.fail(`${path}: something false was stored`)
      if ((await run(world)).after !== SIZE) t.fail(`${path}: a good copy does not bring the rest`)
    }
  t.ok(read.size > 20)
})

t.test('a good copy of something else', async (t) => {
  const { files } = copy
  const without = (path: string) => new Map([...files].filter(([name]) => name !== path))
  const fork = createWorld() // signed by the same key
  await grow(fork, 5000, 5000 + KEPT)
  const sign = async (size: number, root: Hash, origin = ORIGIN) =>
    new Map(files).set('checkpoint', await whole.signer.sign({ origin, size: treeSize(size), root, extensions: [] }, 1))
  const cases: readonly [string, () => Promise<unknown>, RegExp][] = [
    ['no checkpoint', async () => run(await older(KEPT), { read: async () => null }), /COPY_REFUSED.*no checkpoint/],
    [
      'a bundle missing',
      async () => run(await older(KEPT), { read: readFiles(without('tile/entries/004')) }),
      /COPY_REFUSED.*no tile\/entries\/004/,
    ],
    [
      'a tile missing',
      async () => run(await older(KEPT), { read: readFiles(without('tile/0/004')) }),
      /TILE_MALFORMED/,
    ],
    ['the database forked', () => run(fork), /COPY_REFUSED.*at size 300 the database has another root/],
    [
      'the ratchet forked',
      async () => run(await older(KEPT), { mark: { ...mark, root: roots[5] as Hash } }),
      /COPY_REFUSED.*at size 1500 the ratchet has another root/,
    ],
    [
      'an old ratchet',
      async () => run(await older(KEPT), { mark: { size: treeSize(1499), root: roots[1499] as Hash } }),
      /RATCHET_REFUSED.*older than the copy: it says 1499/,
    ],
    [
      'another origin',
      async () => run(await older(KEPT), { read: readFiles(await sign(SIZE, mark.root, 'other.example')) }),
      /COPY_REFUSED.*origin is other\.example/,
    ],
    [
      'another root',
      async () => run(await older(KEPT), { read: readFiles(await sign(SIZE, roots[4] as Hash)) }),
      /PROOF_INVALID/,
    ],
    [
      'another dialect',
      async () =>
        run(await older(KEPT), {
          facts: () => {
            throw new TlogError('ENTRY_MALFORMED', 'what is this?')
          },
        }),
      /COPY_REFUSED.*leaf 300: .*what is this/,
    ],
  ]
  for (const [name, call, wanted] of cases) {
    const said = await call().then(
      () => 'done',
      (error: TlogError) => `${error.code}: ${error.message}`,
    )
    t.match(said, wanted, name)
  }
})

t.test('copies that end elsewhere', async (t) => {
  const shorter = memoryTarget()
  const world = await older(1000)
  await exportLog({
    origin: ORIGIN,
    reader: world.store,
    open: world.signer.open,
    facts,
    target: shorter,
    sweep: new Sweep(),
    rest: async () => undefined,
    onProgress: () => undefined,
  })
  const read = readFiles(shorter.files)
  const behind = await older(KEPT)
  t.same(
    await run(behind, { read }),
    { before: KEPT, after: 1000, copy: 1000 },
    'what it has comes, though the ratchet knows of more',
  )
  t.same(await run(behind, { read }), { before: 1000, after: 1000, copy: 1000 })
  t.match(await run(behind), { after: SIZE }, 'and the rest from a fuller one')
  t.same(await run(behind, { read }), { before: SIZE, after: SIZE, copy: 1000 }, 'an older copy changes nothing')
  t.match(await run(await older(KEPT), { mark: null }), { after: SIZE }, 'entries come without a ratchet too')
})

t.test('partial files may be gone, attachments absent or damaged', async (t) => {
  const world = await older(KEPT)
  const full = createWorld()
  await grow(full, 0, 1536)
  const later = memoryTarget()
  await exportLog({
    origin: ORIGIN,
    reader: full.store,
    open: full.signer.open,
    facts,
    target: later,
    sweep: new Sweep(),
    rest: async () => undefined,
    onProgress: () => undefined,
  })
  const files = new Map(later.files).set('checkpoint', copy.files.get('checkpoint') as Uint8Array)
  const upper = copy.files.get('tile/1/000.p/5') as Uint8Array
  files.set('tile/1/000.p/5', upper)
  const [named] = facts(utf8('entry 1497')).attachments
  files.set(attachmentPath(named as NonNullable<typeof named>), utf8('something else'))
  const found: string[] = []
  t.match(await run(world, { read: readFiles(files), onProblem: (problem) => void found.push(problem) }), {
    after: SIZE,
  })
  t.match(found, [/^leaf 1497: the copy's attachment is left out: it does not hash to its digest/])
  t.same(await world.store.lookup(keysOf(contentOf(1497))[0]?.key as Uint8Array, null, 9), [], 'nor is it found by it')
  const plain = await older(KEPT)
  const asked: string[] = []
  const tlogTiles = [...copy.files].filter(([path]) => !path.startsWith('attachments'))
  await run(plain, {
    read: async (path, max) => {
      asked.push(path)
      return await readFiles(new Map(tlogTiles))(path, max)
    },
  })
  t.equal(asked.filter((path) => path.startsWith('attachments')).length, 1, 'a copy without attachments is asked once')
  t.same(await problems(plain), [])
})

t.test('a frozen log that lost its tail is shown as far as its checkpoint', async (t) => {
  const world = await older(KEPT)
  const parts = { origin: ORIGIN, store: world.store, signer: world.signer }
  t.match(await loadRetired(parts), { head: { size: KEPT }, published: { size: KEPT } })
  t.equal(await loadRetired({ ...parts, store: { ...world.store, published: async () => null } }), null)
  const published = await world.store.published()
  const forged = { ...world.store, published: async () => published && { ...published, root: roots[3] as Hash } }
  t.equal(await outcome(loadRetired({ ...parts, store: forged })), 'STORE_CORRUPT')
  const ahead: Mark = mark
  t.equal(
    await outcome(loadState({ ...parts, ratchet: memoryRatchet(ahead) })),
    'RATCHET_REFUSED',
    'though it cannot sign',
  )
})
