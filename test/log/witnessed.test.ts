/** A log that is cosigned: what its witnesses are given, and when they are asked. */

import t from 'tap'
import type { TreeSize } from '../../src/kernel/brand.ts'
import { treeSize } from '../../src/kernel/brand.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { type TreeHead, verifyConsistency } from '../../src/kernel/proof.ts'
import type { UnshownHead, Witnesses } from '../../src/log/ports.ts'
import { createWorld, entries, entry, inTime, outcome, start } from './support.ts'

const RENEW_MS = 600_000

/** Takes every head, and remembers them. */
function witnesses(onHead: (head: UnshownHead) => void = () => undefined) {
  const heads: UnshownHead[] = []
  const port: Witnesses = {
    atOnce: 2,
    renewMs: RENEW_MS,
    async cosign(head) {
      onHead(head)
      heads.push(head)
      return head.note
    },
  }
  return { heads, port }
}

t.test('every head grew out of each before it, though nobody has seen it yet', async (t) => {
  const world = createWorld()
  const { heads, port } = witnesses()
  const { log } = await start(world, { witnesses: port, limits: { batch: 7 } })
  for (let round = 0; round < 12; round++)
    await inTime(world.clock, Promise.all(entries(100).map((_, i) => log.add(entry(`${round} ${i}`)))))
  t.equal(heads.at(-1)?.size, 1200)
  let proofs = 0
  for (const newer of heads.slice(-3))
    for (const older of heads.filter(({ size }) => size <= newer.size)) {
      const path = await newer.growth(older.size)
      verifyConsistency(treeHead(older), treeHead(newer), path)
      proofs += path.length > 0 ? 1 : 0
    }
  t.ok(proofs > 30, `${proofs} proofs`)
  t.same(await (heads.at(-1) as UnshownHead).growth(treeSize(0)), [], 'of nothing')
})

function treeHead({ size, root }: UnshownHead): TreeHead {
  return { size: size as TreeSize, root }
}

t.test('an idle log is cosigned anew, and a start asks at once', async (t) => {
  const world = createWorld()
  const { heads, port } = witnesses()
  const { log } = await start(world, { witnesses: port })
  await inTime(world.clock, log.add(entry('a')))
  const before = heads.length
  await world.clock.advance(RENEW_MS - 1000)
  t.equal(heads.length, before, 'not yet')
  await world.clock.advance(2000)
  t.equal(heads.length, before + 1)
  await world.clock.advance(RENEW_MS)
  t.equal(heads.length, before + 2)
  t.same(
    heads.slice(-3).map(({ size }) => size),
    [1, 1, 1],
  )
  await inTime(world.clock, log.close())
  const again = witnesses()
  const second = await start(world, { witnesses: again.port })
  await world.clock.advance(100)
  t.same(
    again.heads.map(({ size }) => size),
    [1],
    'by whoever is in the policy now',
  )
  await inTime(world.clock, second.log.close())
})

t.test('a renewal that fails is tried again, and what was shown stays', async (t) => {
  const world = createWorld()
  let isGone = false
  const { heads, port } = witnesses(() => {
    if (isGone) throw new TlogError('QUORUM_MISSED', 'nobody is there')
  })
  const { log, failures, delays } = await start(world, { witnesses: port })
  await inTime(world.clock, log.add(entry('a')))
  isGone = true
  await world.clock.advance(RENEW_MS + 3500)
  t.ok(delays.length >= 3, `${delays.length} times`)
  t.equal(log.published()?.size, 1)
  t.match(log.status().delayed, { reason: 'QUORUM_MISSED: nobody is there' })
  isGone = false
  const before = heads.length
  await world.clock.advance(1500)
  t.equal(heads.length, before + 1)
  t.equal(log.status().delayed, null)
  t.same(failures, [])
})

t.test('another history: nothing is shown until the witness takes it back', async (t) => {
  const world = createWorld()
  let isRefused = false
  const { port } = witnesses(() => {
    if (isRefused) throw new TlogError('WITNESS_REFUSED', 'it has cosigned a tree of 9')
  })
  const { log, failures } = await start(world, { witnesses: port })
  await inTime(world.clock, log.add(entry('a')))
  isRefused = true
  t.equal(await inTime(world.clock, outcome(log.add(entry('b')))), 'LOG_BUSY')
  t.equal(log.published()?.size, 1)
  t.match(log.status().delayed, { reason: 'WITNESS_REFUSED: it has cosigned a tree of 9' })
  isRefused = false
  t.match(await inTime(world.clock, log.add(entry('b'))), { index: 1, repeated: true })
  t.same(failures, [])
})

t.test('meanwhile nothing is sealed: the tail that may be lost must fit on what is there', async (t) => {
  const world = createWorld()
  let refusal: 'WITNESS_REFUSED' | 'QUORUM_MISSED' | null = null
  const { port } = witnesses(() => {
    if (refusal !== null) throw new TlogError(refusal, 'no')
  })
  const first = await start(world, { witnesses: port })
  await inTime(world.clock, first.log.add(entry('a')))
  await inTime(world.clock, first.log.close())
  refusal = 'WITNESS_REFUSED'
  const { log, failures } = await start(world, { witnesses: port })
  const adding = outcome(log.add(entry('b')))
  await world.clock.advance(1500)
  t.match(log.status(), { durable: 1, published: 1, pooled: 1 })
  await inTime(world.clock, log.close())
  t.equal(await adding, 'LOG_CLOSED')
  t.match(log.status(), { durable: 1, pooled: 0 }, 'nor at the end')
  const second = await start(world, { witnesses: port })
  const waiting = second.log.add(entry('c'))
  await world.clock.advance(1500)
  t.equal(second.log.status().durable, 1)
  refusal = null
  t.match(await inTime(world.clock, waiting), { index: 1 })
  refusal = 'QUORUM_MISSED'
  t.equal(await inTime(world.clock, outcome(second.log.add(entry('d')))), 'LOG_BUSY')
  t.match(second.log.status(), { durable: 3, published: 2 }, 'without a quorum it goes on')
  t.same([...failures, ...second.failures], [])
})
