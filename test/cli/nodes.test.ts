/** Nodes as the server composes them, over one database in memory, on real time. */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type StartOptions, startLogs } from '../../src/cli/data.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import type { Log } from '../../src/log/log.ts'
import type { Clock } from '../../src/log/ports.ts'
import { quorumNone } from '../../src/log/witnesses.ts'
import { createLogIn } from '../../src/storage/create-log.ts'
import type { DataDirectory } from '../../src/storage/data-directory.ts'
import { memoryDatabase } from '../../src/storage/memory.ts'
import { fenced, memoryIntake, memoryLease } from '../../src/storage/memory-cluster.ts'
import { ratchetDirectory } from '../../src/storage/ratchets.ts'
import { entry, outcome } from '../log/support.ts'

const clock: Clock = {
  now: () => unixMillis(Date.now()),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** Data directories of several nodes: they have their keys, and here their ratchets too, from the same place. */
function shared(t: Test, dir = t.testdir()): (name: string) => DataDirectory {
  const database = memoryDatabase()
  const lease = memoryLease(clock, 3000)
  const intake = memoryIntake(100)
  return (name) => ({
    place: { dir, ratchets: ratchetDirectory(join(dir, 'ratchet')), passphrase: undefined },
    database,
    store: (log) => database.store(log),
    shared: (log) => {
      const reader = database.store(log)
      return { reader, fenced: (fence) => fenced(reader, lease, fence), lease: lease.node(name), intake }
    },
    lost: new Promise(() => undefined),
    close: async () => undefined,
    discard: async () => undefined,
  })
}

interface Started {
  readonly log: Log
  readonly leads: boolean[]
  readonly steps: string[]
  readonly failures: unknown[]
}

async function startNode(data: DataDirectory, own = clock): Promise<Started> {
  const [leads, steps, failures]: [boolean[], string[], unknown[]] = [[], [], []]
  const options: StartOptions = {
    clock: own,
    witnesses: () => quorumNone,
    onStep: () => (step) => void steps.push(step),
    onPublishDelayed: (_, error) => void console.error(error),
    onFailure: (_, error) => void failures.push(error),
    onLead: (_, is) => void leads.push(is),
  }
  const [log] = await startLogs(data, options)
  if (log === undefined) throw new Error('no log')
  return { log, leads, steps, failures }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

const REQUEST = { slug: 'v2', dialect: 'rekor-v2', origin: 'log.example' }

t.test('two nodes: one sequences, both answer; the other goes on when it ends', async (t) => {
  const node = shared(t)
  await createLogIn(node('a'), REQUEST, clock.now())
  const a = await startNode(node('a'))
  const b = await startNode(node('b'))
  const receipts = await Promise.all([a.log.add(entry(0)), b.log.add(entry(1)), b.log.add(entry(0))])
  t.equal(receipts[0].index, receipts[2].index)
  t.same([a.leads, b.leads], [[true], []])
  t.ok(a.steps.includes('published'))
  t.same(b.steps, [], 'steps are of who sequences')
  t.equal(a.log.identity.slug, 'v2')
  t.equal(await b.log.promise({} as never), null)
  await a.log.close()
  t.same(a.leads, [true, false])
  await until(() => b.leads.includes(true))
  t.equal((await b.log.add(entry(2))).index, 2)
  await b.log.close()
  t.same([...a.failures, ...b.failures], [])
})

t.test('a frozen log is read on every node, with and without its keys', async (t) => {
  const node = shared(t)
  const { number } = await createLogIn(node('a'), REQUEST, clock.now())
  const a = await startNode(node('a'))
  const b = await startNode(node('b'))
  await a.log.add(entry(0))
  await a.log.freeze(async () => void (await node('a').database.freezeLog(number, clock.now())))
  for (let passed = 0; passed < 500; passed += 50) {
    t.equal(await outcome(a.log.add(entry(1))), 'LOG_FROZEN', 'from then on, whatever it had heard before')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await until(() => b.log.status().frozen)
  t.equal(await outcome(b.log.add(entry(1))), 'LOG_FROZEN')
  await a.log.close()
  await b.log.close()
  const again = await startNode(node('c'))
  await until(() => again.leads.includes(true))
  await again.log.close()
  const { dir } = node('d').place
  rmSync(join(dir, 'keys'), { recursive: true })
  const bare = await startNode(node('d'))
  t.equal(bare.log.published()?.size, 1)
  t.ok(await bare.log.bundle(0, 1))
  await t.rejects(
    bare.log.freeze(async () => undefined),
    { code: 'LOG_FROZEN' },
  )
  await bare.log.close()
  t.same(bare.leads, [], 'it has nothing to sign with')
  await node('e').database.compromiseLog(number, clock.now(), clock.now())
  const stolen = await startNode(node('e'))
  t.match(stolen.log.status(), { compromised: true, frozen: true })
  await stolen.log.close()
})

t.test('a node whose clock is set back hears of an end all the same', async (t) => {
  const node = shared(t)
  const { number } = await createLogIn(node('a'), REQUEST, clock.now())
  let back = 0
  const a = await startNode(node('a'))
  const b = await startNode(node('b'), { ...clock, now: () => unixMillis(clock.now() - back) })
  await b.log.add(entry(0))
  back = 3_600_000
  await a.log.freeze(async () => void (await node('a').database.freezeLog(number, clock.now())))
  await until(() => b.log.status().frozen)
  await Promise.all([a.log.close(), b.log.close()])
  t.same([...a.failures, ...b.failures], [])
})

t.test('a node without the keys of a log that takes entries does not start', async (t) => {
  const node = shared(t)
  await createLogIn(node('a'), REQUEST, clock.now())
  rmSync(join(node('a').place.dir, 'keys'), { recursive: true })
  await t.rejects(startNode(node('a')), { code: 'KEY_FILE_REFUSED' })
})

t.test('a ratchet that knows more than the database stops the node that would lead', async (t) => {
  const node = shared(t)
  await createLogIn(node('a'), REQUEST, clock.now())
  const a = await startNode(node('a'))
  await a.log.add(entry(0))
  await a.log.close()
  const place = node('a').place
  const record = (await node('a').database.logs())[0]
  if (record === undefined) throw new Error('no log')
  const emptied = { ...shared(t, place.dir)('b'), place }
  await emptied.database.createLog(record)
  const b = await startNode(emptied)
  await until(() => b.failures.length > 0)
  t.match(b.failures, [{ code: 'RATCHET_REFUSED' }])
  t.equal(b.log.published(), null)
  await b.log.close()
})
