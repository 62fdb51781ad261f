import t from 'tap'
import { leafIndex } from '../../../src/kernel/brand.ts'
import { TlogError } from '../../../src/kernel/error.ts'
import { sleep } from '../../../src/log/pace.ts'
import { attachment, lookupKey } from '../../contract/feeder.ts'
import { mark } from '../../contract/ratchet.ts'
import { check, entries, entry, gate, inTime, outcome, problems, settle } from '../support.ts'
import { createCluster, until } from './support.ts'

t.test('a single node leads, and answers with receipts of a published tree', async (t) => {
  const { world, node } = createCluster()
  const { log, isLeading, failures } = await node('a')
  await inTime(world.clock, log.started())
  t.ok(isLeading())
  t.equal(log.published()?.size, 0)
  const receipts = await inTime(world.clock, Promise.all(entries(30).map((each) => log.add(each))))
  for (const [i, receipt] of receipts.entries()) {
    await check(world, entry(i), receipt)
    t.equal(receipt.repeated, false)
  }
  t.same(
    receipts.map(({ index }) => index).sort((a, b) => a - b),
    [...receipts.keys()],
  )
  t.match(log.status(), { durable: 30, published: 30, waiting: 0, state: 'running', frozen: false, delayed: null })
  await inTime(world.clock, log.close())
  t.same(failures, [])
  t.same(await problems(world), [])
})

t.test('two nodes take entries alike; one of them sequences, and an entry is logged once', async (t) => {
  const { world, node, intake } = createCluster()
  const [a, b] = [await node('a'), await node('b')]
  t.same([a.isLeading(), b.isLeading()], [true, false])
  const both = entries(20).flatMap((each) => [a.log.add(each), b.log.add(each)])
  const receipts = await inTime(world.clock, Promise.all(both))
  for (const [i, receipt] of receipts.entries()) await check(world, entry(Math.floor(i / 2)), receipt)
  t.equal(new Set(receipts.map(({ index }) => index)).size, 20)
  t.equal((await world.store.head())?.size, 20)
  const again = await inTime(world.clock, b.log.add(entry(7)))
  t.match(again, { repeated: true, index: receipts[14]?.index })
  await world.clock.advance(500)
  t.same(
    [a.log.published(), b.log.published()].map((each) => each?.size),
    [20, 20],
  )
  t.same(await a.log.tile(0, 0, 20), await b.log.tile(0, 0, 20))
  t.same(await intake.take({ entries: 9, bytes: 9 }, []), [], 'nothing is left behind')
  await inTime(world.clock, Promise.all([a.log.close(), b.log.close()]))
  t.same([...a.failures, ...b.failures], [])
})

t.test('a repeat brings its attachments before it is answered, on whichever node', async (t) => {
  const { world, node } = createCluster()
  const [a, b] = [await node('a'), await node('b')]
  const first = await inTime(world.clock, a.log.add(entry('x')))
  const held = gate()
  world.hooks.beforeAttach = () => held.passed
  const bringing = entry('x', { keys: [lookupKey('k', 'attachment')], attachments: [attachment('more')] })
  let isAnswered = false
  const adding = b.log.add(bringing).then((receipt) => {
    isAnswered = true
    return receipt
  })
  await world.clock.advance(1000)
  t.notOk(isAnswered)
  held.open()
  const second = await inTime(world.clock, adding)
  t.match(second, { index: first.index, repeated: true })
  t.ok(await b.log.attachment('sha256', attachment('more').digest))
  t.same(await a.log.lookup(lookupKey('k').key, null, 9), [0])
})

t.test('when the leader ends in order, another goes on at once; what was taken is not lost', async (t) => {
  const { world, node } = createCluster()
  const [a, b] = [await node('a'), await node('b')]
  const adding = Promise.all(entries(10).map((each) => a.log.add(each)))
  await inTime(world.clock, Promise.all([adding, a.log.close()]))
  t.equal(await outcome(a.log.add(entry('late'))), 'LOG_CLOSED')
  await until(world, b.isLeading)
  const receipt = await inTime(world.clock, b.log.add(entry('next')))
  await check(world, entry('next'), receipt)
  t.equal(receipt.index, 10)
})

t.test('a leader that is paused and wakes up cannot commit; its callers get their receipts all the same', async (t) => {
  const { world, node, lease } = createCluster()
  const paused = gate()
  const claims = { stopped: false }
  const names: string[] = []
  const held = lease.node('a')
  const a = await node('a', {
    lease: { claim: async () => (claims.stopped ? await paused.passed.then(() => held.claim()) : await held.claim()) },
    store: (store) => ({
      ...store,
      append: async (expected, batch) => {
        if (claims.stopped) await paused.passed
        names.push('append')
        await store.append(expected, batch)
      },
    }),
  })
  const b = await node('b')
  await inTime(world.clock, a.log.add(entry(0)))
  claims.stopped = true
  const adding = a.log.add(entry(1))
  await until(world, b.isLeading) // its time is over
  await check(world, entry(1), await inTime(world.clock, b.log.add(entry(1))))
  t.equal((await inTime(world.clock, adding)).index, 1, 'the same place')
  paused.open()
  claims.stopped = false
  await until(world, () => !a.isLeading())
  t.same(names, ['append', 'append'])
  t.match(a.delays.at(-1), { code: 'LEASE_LOST' })
  t.equal(a.log.status().state, 'running')
  const more = await inTime(world.clock, Promise.all([a.log.add(entry(2)), b.log.add(entry(3))]))
  t.same(more.map(({ index }) => index).sort(), [2, 3])
  t.same([...a.failures, ...b.failures], [])
  t.same(await problems(world), [])
})

t.test('nothing is answered before it is public', async (t) => {
  const { world, node } = createCluster()
  const held = gate()
  const a = await node('a', {
    store: (store) => ({
      ...store,
      publish: async (published) => {
        if (published.size > 0) await held.passed
        await store.publish(published)
      },
    }),
    lease: { release: async () => undefined },
  })
  const adding = a.log.add(entry(0))
  await until(world, () => a.log.status().durable === 1)
  await world.clock.advance(200)
  t.equal(a.log.published()?.size, 0)
  held.open()
  await check(world, entry(0), await inTime(world.clock, adding))
})

const UNAVAILABLE = new TlogError('STORE_UNAVAILABLE', 'no connection')

t.test('a store that cannot be reached is waited for: callers are told, and nothing fails for good', async (t) => {
  const { world, node, intake } = createCluster()
  let isDown = false
  const guard =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (isDown) throw UNAVAILABLE
      return await work(...args)
    }
  const { log, delays, failures, isLeading } = await node('a', {
    intake: { offer: guard(intake.offer), take: guard(intake.take), waiting: guard(intake.waiting) },
    reads: { published: guard(world.store.published) },
  })
  await inTime(world.clock, log.add(entry(0)))
  isDown = true
  t.equal(await inTime(world.clock, outcome(log.add(entry(1)))), 'STORE_UNAVAILABLE')
  await until(world, () => !isLeading() && log.status().delayed !== null)
  t.match(delays.at(-1), { code: 'STORE_UNAVAILABLE' })
  t.match(log.status(), { state: 'running', delayed: { reason: 'STORE_UNAVAILABLE: no connection' } })
  isDown = false
  await until(world, () => isLeading() && log.status().delayed === null)
  t.equal((await inTime(world.clock, log.add(entry(1)))).index, 1)
  t.same(failures, [])
})

t.test('an unknown outcome of an append is read anew by the next lead', async (t) => {
  const { world, node } = createCluster()
  let isCut = false
  const { log, failures, delays } = await node('a', {
    store: (store) => ({
      ...store,
      append: async (expected, batch) => {
        await store.append(expected, batch)
        if (isCut) {
          isCut = false
          throw UNAVAILABLE
        }
      },
    }),
  })
  await until(world, () => log.published() !== null)
  isCut = true
  const receipt = await inTime(world.clock, log.add(entry(0)))
  await check(world, entry(0), receipt)
  t.same([receipt.index, (await world.store.head())?.size], [0, 1])
  t.match(delays[0], { code: 'STORE_UNAVAILABLE' })
  t.same(failures, [])
})

t.test('a store that contradicts itself stops the node, and its callers hear of it', async (t) => {
  const { world, node } = createCluster()
  const { log, failures } = await node('a', {
    store: (store) => ({
      ...store,
      append: async () => {
        throw new TlogError('HEAD_MOVED', 'somebody else writes')
      },
    }),
  })
  t.equal(await inTime(world.clock, outcome(log.add(entry(0)))), 'LOG_FAILED')
  t.match(failures, [{ code: 'HEAD_MOVED' }])
  t.equal(log.status().state, 'failed')
  t.equal(await outcome(log.add(entry(1))), 'LOG_FAILED')
  await inTime(world.clock, log.close())
})

t.test('a store that went back stops the node that has seen more', async (t) => {
  const { world, node } = createCluster()
  let older: Awaited<ReturnType<typeof world.store.published>> | undefined
  const { log, failures } = await node('a', {
    reads: { published: async () => (older === undefined ? await world.store.published() : older) },
  })
  await until(world, () => log.published() !== null)
  const before = await world.store.published()
  await inTime(world.clock, log.add(entry(0)))
  older = before
  await until(world, () => failures.length > 0)
  t.match(failures, [{ code: 'RATCHET_REFUSED' }])
})

t.test('a ratchet that cannot be reached puts a lead off', async (t) => {
  const { world, node } = createCluster()
  let isAway = true
  const { log, delays, failures, isLeading } = await node('a', {
    ratchet: async (ratchet) => {
      if (isAway) throw UNAVAILABLE
      return ratchet
    },
  })
  await world.clock.advance(5000)
  t.notOk(isLeading())
  t.ok(delays.length > 1)
  t.match(delays.at(-1), { code: 'STORE_UNAVAILABLE' })
  isAway = false
  t.equal((await inTime(world.clock, log.add(entry(0)))).index, 0)
  t.same(failures, [])
})

t.test('a leader that loses sight of its ratchet makes way for a node that sees it', async (t) => {
  const { world, node } = createCluster()
  let isAway = false
  const a = await node('a', {
    ratchet: async ({ read, advance }) => ({
      read,
      advance: async (to) => {
        if (isAway) throw UNAVAILABLE
        await advance(to)
      },
    }),
  })
  const b = await node('b')
  t.equal((await inTime(world.clock, a.log.add(entry(0)))).index, 0)
  isAway = true
  t.equal((await inTime(world.clock, a.log.add(entry(1)))).index, 1)
  t.same([a.isLeading(), b.isLeading()], [false, true])
  t.match(a.delays.at(-1), { code: 'STORE_UNAVAILABLE' })
  t.same([...a.failures, ...b.failures], [])
})

t.test('a lead that takes longer to begin than a lease lasts is waited for, and not for ever', async (t) => {
  for (const [ms, leads] of [
    [8000, [true, false]],
    [60_000, [false, true]],
  ] as const) {
    const { world, node } = createCluster()
    const a = await node('a', { ratchet: async (ratchet) => sleep(world.clock, ms).then(() => ratchet) })
    const b = await node('b')
    await until(world, () => a.isLeading() || b.isLeading())
    t.same([a.isLeading(), b.isLeading()], leads)
    t.same([...a.failures, ...b.failures], [])
  }
})

const MOVED = new TlogError('RATCHET_REFUSED', 'was changed by someone else')

t.test('a ratchet that moved under a lead is read anew, and its content decides', async (t) => {
  for (const [ahead, failures] of [
    [null, []],
    [mark(9), [{ code: 'RATCHET_REFUSED' }]],
  ] as const) {
    const { world, node } = createCluster()
    let leads = 0
    const started = await node('a', {
      ratchet: async ({ read, advance }) => {
        if (++leads === 1) return { read, advance: () => Promise.reject(MOVED) }
        return ahead === null ? { read, advance } : { read: async () => ahead, advance }
      },
    })
    await until(world, () => leads > 1 && (started.isLeading() || started.failures.length > 0))
    t.match(started.delays, [{ code: 'LEASE_LOST', message: /was changed by someone else/ }])
    t.match(started.failures, failures)
  }
})

t.test('a full store and a full intake put callers off', async (t) => {
  const { world, node } = createCluster(3)
  let isFull = true
  const options = {
    limits: { waitMs: 1500 },
    store: (store: typeof world.store) => ({
      ...store,
      append: async (...args: Parameters<typeof store.append>) => {
        if (isFull) throw new TlogError('STORE_FULL', 'disk')
        await store.append(...args)
      },
    }),
  }
  const { log, failures } = await node('a', options)
  const three = entries(3).map((each) => outcome(log.add(each)))
  await settle()
  t.equal(await inTime(world.clock, outcome(log.add(entry(3)))), 'LOG_BUSY', 'the intake is full')
  t.same(await inTime(world.clock, Promise.all(three)), ['LOG_BUSY', 'LOG_BUSY', 'LOG_BUSY'])
  isFull = false
  await until(world, async () => (await world.store.head())?.size === 3)
  const receipts = await inTime(world.clock, Promise.all(entries(3).map((each) => log.add(each))))
  t.equal(new Set(receipts.map(({ index }) => index)).size, 3)
  t.equal((await world.store.head())?.size, 3, 'once each, though each was offered twice')
  t.same(failures, [])
})

t.test('what a node holds is bounded too', async (t) => {
  const { world, node, intake } = createCluster()
  const held = gate()
  const { log } = await node('a', {
    limits: { pool: { entries: 2, bytes: 1000 } },
    intake: { offer: async (entries) => held.passed.then(() => intake.offer(entries)) },
  })
  const first = [log.add(entry(0)), log.add(entry(1))]
  t.equal(await outcome(log.add(entry(2))), 'LOG_BUSY')
  held.open()
  await inTime(world.clock, Promise.all(first))
  t.equal(await outcome(log.add(entry('x'.repeat(1000)))), 'LOG_BUSY')
  t.equal(await outcome(log.add(entry('x'.repeat(70_000)))), 'ENTRY_TOO_LARGE')
  const many = Array.from({ length: 9 }, (_, i) => log.add(entry(`more ${i}`)).catch(() => null))
  t.equal((await inTime(world.clock, Promise.all(many))).filter((each) => each !== null).length, 2)
})

t.test('a caller that gives up before its group is written leaves nothing', async (t) => {
  const { world, node, intake } = createCluster()
  const held = gate()
  const { log } = await node('a', {
    limits: { waitMs: 100 },
    intake: { offer: async (entries) => held.passed.then(() => intake.offer(entries)) },
  })
  const calls = [outcome(log.add(entry(0))), outcome(log.add(entry(1)))]
  await settle()
  t.same(await inTime(world.clock, Promise.all(calls)), ['LOG_BUSY', 'LOG_BUSY'])
  held.open()
  await until(world, async () => (await world.store.head())?.size === 1) // the one that was on its way
  await world.clock.advance(1000)
  t.equal((await world.store.head())?.size, 1)
})

t.test('what one node has answered any other shows once it has caught up, without waiting for its round', async (t) => {
  const { world, node } = createCluster()
  let isHeld = false
  let asked = 0
  const held = gate()
  const published = async () => {
    asked++
    if (isHeld) await held.passed
    return await world.store.published()
  }
  const [a, b] = [await node('a'), await node('b', { reads: { published } })]
  for (let size = 1; size <= 3; size++) {
    await inTime(world.clock, a.log.add(entry(size)))
    await Promise.all(Array.from({ length: 50 }, () => b.log.catchUp()))
    t.equal(b.log.published()?.size, size)
    t.ok(await b.log.entry(leafIndex(size - 1)))
  }
  t.ok(asked < 50, 'who asks while others ask shares their answer')
  await inTime(world.clock, a.log.add(entry(4)))
  isHeld = true
  await inTime(world.clock, b.log.catchUp())
  t.equal(b.log.published()?.size, 3, 'a store that does not answer is not waited for')
  await b.log.catchUp()
  isHeld = false
  held.open()
  await until(world, () => b.log.published()?.size === 4)
  await a.log.close()
  await a.log.catchUp()
})

t.test('a log is ended by the node that sequences it; all others learn of it', async (t) => {
  const cluster = createCluster()
  const { world, node } = cluster
  const [a, b] = [await node('a'), await node('b')]
  await inTime(world.clock, a.log.add(entry(0)))
  await t.rejects(
    b.log.freeze(async () => undefined),
    { code: 'NODE_FOLLOWS', message: /ask the node a$/ },
  )
  const last = await inTime(
    world.clock,
    a.log.freeze(async () => world.freeze()),
  )
  t.equal(last.size, 1)
  await world.clock.advance(1000)
  t.ok(a.log.status().frozen, 'though what is remembered of its state is older')
  cluster.state = 'frozen'
  t.equal(await outcome(a.log.add(entry(1))), 'LOG_FROZEN')
  await until(world, () => b.log.status().frozen)
  t.equal(await outcome(b.log.add(entry(1))), 'LOG_FROZEN')
  t.match(b.log.status(), { frozen: true, compromised: false })
})

t.test('what still waits when a log ends is sent on to its successor', async (t) => {
  const cluster = createCluster()
  const { world, node } = cluster
  const a = await node('a', {
    store: (store) => ({
      ...store,
      append: async (...args) => {
        cluster.state = 'frozen'
        world.freeze()
        await store.append(...args)
      },
    }),
  })
  t.equal(await inTime(world.clock, outcome(a.log.add(entry(0)))), 'LOG_CLOSED')
  t.same(await cluster.intake.take({ entries: 9, bytes: 9 }, []), [])
})

t.test('nobody leads: a freeze is put off, and an entry waits for its time', async (t) => {
  const { world, node, lease } = createCluster()
  await lease.node('elsewhere').claim()
  const { log, isLeading } = await node('a', { limits: { waitMs: 500 } })
  t.notOk(isLeading())
  t.equal(await inTime(world.clock, outcome(log.add(entry(0)))), 'LOG_BUSY')
  await until(world, isLeading)
  await inTime(world.clock, log.started())
  t.equal((await inTime(world.clock, log.add(entry(0)))).index, 0)
  const third = await node('b', { lease: { claim: async () => null, holder: async () => null } })
  await t.rejects(
    third.log.freeze(async () => undefined),
    { code: 'NODE_FOLLOWS', message: /try again shortly/ },
  )
})

t.test('a compromised log is followed and never led', async (t) => {
  const cluster = createCluster()
  const first = await cluster.node('a')
  await inTime(cluster.world.clock, first.log.add(entry(0)))
  await inTime(cluster.world.clock, first.log.close())
  cluster.state = 'compromised'
  const { log, isLeading } = await cluster.node('b')
  await cluster.world.clock.advance(5000)
  t.notOk(isLeading())
  t.match(log.status(), { frozen: true, compromised: true, published: 1 })
  await inTime(cluster.world.clock, log.close())
})

t.test('publication that is put off shows in the status of the node that leads', async (t) => {
  const { world, node } = createCluster()
  let isMissing = true
  const witnesses = {
    cosign: async ({ note }: { note: Uint8Array }) => {
      if (isMissing) throw new TlogError('QUORUM_MISSED', 'nobody answered')
      return note
    },
    atOnce: 1,
    renewMs: null,
  }
  const { log } = await node('a', { witnesses, limits: { waitMs: 300 } })
  await inTime(world.clock, log.started())
  t.equal(log.published(), null)
  await until(world, () => log.status().delayed?.reason === 'QUORUM_MISSED: nobody answered')
  t.equal(await inTime(world.clock, outcome(log.add(entry(0)))), 'LOG_BUSY')
  isMissing = false
  await until(world, () => log.published()?.size === 1 && log.status().delayed === null)
})
