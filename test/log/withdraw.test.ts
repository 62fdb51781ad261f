/** Content that an entry takes back: out of the store and its copies, also where both come from before it. */

import t from 'tap'
import { attachmentPath } from '../../src/log/copy.ts'
import { exportLog, Sweep } from '../../src/log/export.ts'
import { type FsckParts, fsck } from '../../src/log/fsck.ts'
import type { LogReader } from '../../src/log/ports.ts'
import { recover } from '../../src/log/recover.ts'
import { reindex } from '../../src/log/reindex.ts'
import {
  attached,
  contentOf,
  digest,
  facts,
  type MemoryTarget,
  memoryTarget,
  readFiles,
  WITHDRAWN,
  withdraws,
} from './export-support.ts'
import { createWorld, inTime, ORIGIN, start, type World } from './support.ts'

/** Ten leaves, of which the seventh takes back what came with the fourth. */
async function grow(world: World, from: number, to: number): Promise<void> {
  const { log } = await start(world)
  for (let i = from; i < to; i++)
    await inTime(world.clock, log.add(i === 6 ? { ...attached(i), withdraws: WITHDRAWN } : attached(i)))
  await inTime(world.clock, log.close())
}

async function copy({ store, signer }: World, target: MemoryTarget, sweep = new Sweep()): Promise<MemoryTarget> {
  const parts = { origin: ORIGIN, reader: store, open: signer.open, facts, target, sweep }
  await exportLog({ ...parts, rest: async () => undefined, onProgress: () => undefined })
  return target
}

async function problems(world: World, store: Partial<LogReader> = {}, parts: Partial<FsckParts> = {}) {
  const found: string[] = []
  await fsck({
    ...{
      origin: ORIGIN,
      store: { ...world.store, ...store },
      mark: await world.ratchet.read(),
      open: world.signer.open,
    },
    ...{ facts, withdraws, digest, onProblem: (problem) => void found.push(problem), onProgress: () => undefined },
    ...parts,
  })
  return found
}

const content = ({ store }: World) => store.attachment(WITHDRAWN.algorithm, WITHDRAWN.digest)

t.test('a log that holds a withdrawal is clean, and one that does not know it is not', async (t) => {
  const world = createWorld()
  await grow(world, 0, 10)
  t.equal(await content(world), null)
  t.match(await world.store.withdrawn(WITHDRAWN), { index: 6 })
  t.same(await problems(world), [])
  const said = /^leaf 6: what it withdraws, sha256:[0-9a-f]{64}, is not known to be withdrawn$/
  t.match(await problems(world, { withdrawn: async () => null }), [said])
  const place = await world.store.withdrawn(WITHDRAWN)
  const at = (index: number) => ({ withdrawn: async () => place && { ...place, index: index as typeof place.index } })
  t.match(await problems(world, at(7)), [said, /^1 withdrawals of which no entry says so$/])
  t.match(
    await problems(world, at(5)),
    [/^1 withdrawals of which no entry says so$/],
    'an earlier one, which says nothing',
  )
  t.match(await problems(world, {}, { withdraws: () => null }), [/^1 withdrawals of which no entry says so$/])
  const parts = { store: world.store, facts, onProblem: t.fail, onProgress: () => undefined }
  t.match(await reindex({ ...parts, isDry: true }), { size: 10, rows: 0 }, 'and no row is missed')
})

t.test('what was withdrawn leaves the copy with the entry that says so', async (t) => {
  const world = createWorld()
  await grow(world, 0, 5)
  const sweep = new Sweep()
  const target = await copy(world, memoryTarget(), sweep)
  const path = attachmentPath(WITHDRAWN)
  t.same(target.files.get(path), contentOf(3))
  await grow(world, 5, 10)
  let isBare: boolean | null = null
  const watched = memoryTarget(target.files, (what) => {
    if (what === 'replace checkpoint') isBare = !target.files.has(path)
  })
  await copy(world, watched, sweep)
  t.equal(isBare, true, 'before its checkpoint covers that entry')
  target.files.set(path, contentOf(3))
  await copy(world, target, sweep)
  t.ok(target.files.has(path), 'what was swept is not looked for again')
  await copy(world, target)
  t.notOk(target.files.has(path), 'but by who opens the copy anew')
})

t.test('more than are read at a time', async (t) => {
  const names = Array.from({ length: 600 }, (_, i) => ({
    algorithm: 'sha256' as const,
    digest: digest('sha256', contentOf(i)),
  }))
  const removed: string[] = []
  const sweep = new Sweep()
  const withdrawals = async (skip: number, limit: number) => names.slice(skip, skip + limit)
  const remove = async (path: string) => void removed.push(path)
  await sweep.run({ withdrawals }, { remove })
  t.same(removed, names.map(attachmentPath))
  await sweep.run({ withdrawals }, { remove })
  t.equal(removed.length, 600)
})

t.test('a backup from before forgets it again as soon as the tail is back', async (t) => {
  const whole = createWorld()
  await grow(whole, 0, 10)
  const target = await copy(whole, memoryTarget())
  const parts = {
    ...{ origin: ORIGIN, open: whole.signer.open, facts, withdraws, digest, mark: await whole.ratchet.read() },
    ...{ onProblem: (problem: string) => t.fail(problem), onProgress: () => undefined },
  }
  for (const before of [0, 3, 5]) {
    const world = createWorld()
    await grow(world, 0, before)
    t.same(await content(world), before > 3 ? contentOf(3) : null)
    await recover({ ...parts, store: world.store, clock: world.clock, read: readFiles(target.files) })
    t.equal(await content(world), null)
    t.match(await world.store.withdrawn(WITHDRAWN), { index: 6 })
    t.same(await problems(world, {}, { mark: parts.mark }), [])
  }
  const old = createWorld()
  const stale = new Map(target.files).set(attachmentPath(WITHDRAWN), contentOf(3))
  await recover({ ...parts, store: old.store, clock: old.clock, read: readFiles(stale) })
  t.equal(await content(old), null, 'a copy that still has it brings it for no longer than that')
})

t.test('a crash leaves the entry and what it does, or neither', async (t) => {
  for (const [hook, isDone] of [
    ['beforeAppend', false],
    ['afterAppend', true],
  ] as const) {
    const world = createWorld()
    await grow(world, 0, 6)
    const { log } = await start(world)
    world.hooks[hook] = () => {
      throw new Error('power cut')
    }
    await t.rejects(inTime(world.clock, log.add({ ...attached(6), withdraws: WITHDRAWN })), { code: 'LOG_FAILED' })
    world.hooks[hook] = undefined
    t.equal((await world.store.head())?.size, isDone ? 7 : 6)
    t.equal((await world.store.withdrawn(WITHDRAWN)) !== null, isDone)
    t.equal((await content(world)) === null, isDone)
    await grow(world, 6, 7)
    t.equal(await content(world), null, 'done again')
    t.same(await problems(world), [])
  }
})
