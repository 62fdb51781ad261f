/** Answers of witnesses that are late, lost and overtaken, witnesses that restart, and one that knows another history: schedules by seed. */

import t, { type Test } from 'tap'
import type { Submit, WitnessAnswer } from '../../src/client/add-checkpoint.ts'
import { askWitnesses } from '../../src/client/witnesses.ts'
import { parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { formatSignatureLine, parseNote } from '../../src/formats/c2sp/note.ts'
import { type Policy, parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatVkey } from '../../src/formats/c2sp/vkey.ts'
import { parseAddCheckpoint } from '../../src/formats/c2sp/witness-request.ts'
import { hash, treeSize } from '../../src/kernel/brand.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { EMPTY_ROOT } from '../../src/kernel/hash.ts'
import { verifyConsistency } from '../../src/kernel/proof.ts'
import { openCheckpoint } from '../../src/verify/checkpoint.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { type Random, randomOf } from '../fuzz/random.ts'
import { witnessKey } from '../verify/support.ts'
import { check, createWorld, entries, entry, inTime, outcome, problems, start, type World } from './support.ts'

const SEEDS = 5
const DEADLINE_MS = 2000
const NEVER = Number.POSITIVE_INFINITY

/** A witness that keeps to the protocol, on a network that does not. */
class Server {
  readonly key: ReturnType<typeof witnessKey>
  head = { size: treeSize(0), root: EMPTY_ROOT }
  isGone = false
  /** When the log heard for the first time that a proof does not hold. */
  refusedAt = NEVER

  constructor(i: number) {
    this.key = witnessKey(`w${i}.example`, i)
  }

  async answer(body: Uint8Array): Promise<WitnessAnswer> {
    const { old, proof, note } = parseAddCheckpoint(body)
    const checkpoint = parseCheckpoint(parseNote(note).text)
    if (old > checkpoint.size) return { status: 400, body: utf8('') }
    if (old !== this.head.size) return { status: 409, body: utf8(`${this.head.size}\n`) }
    try {
      verifyConsistency(this.head, checkpoint, proof)
    } catch {
      return { status: 422, body: utf8('') }
    }
    const { size, root } = checkpoint
    this.head = { size, root }
    return { status: 200, body: utf8(formatSignatureLine(await this.key.line(checkpoint))) }
  }

  /** Knows another history from now on. */
  fork(size: number): void {
    this.head = { size: treeSize(size), root: hash(new Uint8Array(32).fill(1)) }
  }
}

interface Network {
  readonly servers: readonly Server[]
  readonly random: Random
  /** Each way, in milliseconds at most; and one message in so many is lost. 0: none. */
  latest: number
  lossy: number
}

function submitOver({ clock }: World, network: Network): Submit {
  const after = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
  return async (prefix, body) => {
    const { servers, random } = network
    const server = servers[Number(prefix.replace('http://', '')) - 1] as Server
    const way = async () => {
      await after(random.below(network.latest + 1))
      if (network.lossy === 0 || !random.once(network.lossy)) return
      await after(DEADLINE_MS)
      throw new TlogError('SERVICE_UNREACHABLE', 'no answer in time')
    }
    await way()
    if (server.isGone) throw new TlogError('SERVICE_UNREACHABLE', 'it is gone')
    const answer = await server.answer(body)
    await way()
    if (answer.status === 422) server.refusedAt = Math.min(server.refusedAt, clock.now())
    return answer
  }
}

async function scene(seed: string, rest: string, before = 0) {
  const random = randomOf(seed)
  const world = createWorld()
  if (before > 0) {
    const { log } = await start(world)
    await inTime(world.clock, Promise.all(entries(before).map((one) => log.add(one))))
    await inTime(world.clock, log.close())
  }
  const servers = [1, 2, 3].map((i) => new Server(i))
  const network: Network = {
    servers,
    random,
    latest: random.pick([5, 60, 150, 400]),
    lossy: before > 0 ? 0 : random.pick([0, 4, 20]),
  }
  const lines = servers.map(({ key }, i) => `witness a${i + 1} ${formatVkey(key.vkey)} http://${i + 1}`)
  const policy = parsePolicy(utf8(`log ${world.vkey}\n${lines.join('\n')}\n${rest}\n`))
  const published: { size: number; at: number; note: Uint8Array }[] = []
  world.hooks.beforePublish = ({ size, note }) => void published.push({ size, at: world.clock.now(), note })
  const watch = { answered: () => undefined, ended: () => undefined }
  const submit = submitOver(world, network)
  const witnesses = askWitnesses({ policy, submit, mlDsa44: verifyMlDsa44, now: () => world.clock.now(), watch })
  const limits = { waitMs: 3_600_000, drainMs: 3_600_000, intervalMs: random.pick([5, 5, 300]) }
  const running = await start(world, { witnesses, limits })
  return { ...running, world, servers, network, random, policy, published }
}

type Scene = Awaited<ReturnType<typeof scene>>

/** Entries come while witnesses come and go. */
async function busy({ log, world, servers, random }: Scene, turns: number) {
  const adding: Promise<unknown>[] = []
  for (let turn = 0; turn < turns; turn++) {
    if (random.once(2)) {
      const one = entry(`${turn} of it`)
      adding.push(log.add(one).then((receipt) => check(world, one, receipt)))
    }
    if (random.once(8)) {
      const server = random.pick(servers)
      server.isGone = !server.isGone
    }
    await world.clock.advance(random.below(120))
  }
  return adding
}

async function checkPublished(t: Test, policy: Policy, published: Scene['published']): Promise<void> {
  const sizes = published.map(({ size }) => size)
  t.same(
    sizes,
    sizes.toSorted((a, b) => a - b),
    'never back',
  )
  for (const { note } of published) await openCheckpoint(note, policy, verifyMlDsa44)
}

t.test(
  'whatever the network does: never back, a quorum each, and all have their receipts once it is well',
  async (t) => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const all = await scene(`well ${seed}`, 'group g 2 a1 a2 a3\nquorum g')
      const { log, world, servers, network, failures, delays, policy, published, random } = all
      const adding = await busy(all, 40)
      for (const server of servers) server.isGone = false
      Object.assign(network, { latest: 60, lossy: 0 })
      const end = random.below(3)
      if (end === 1)
        await inTime(
          world.clock,
          log.freeze(async () => undefined),
          50,
        )
      if (end === 2) await world.clock.advance(2 * DEADLINE_MS)
      const ended = [...adding, ...(end === 0 ? [log.close()] : [])].map(outcome)
      const outcomes = await inTime(world.clock, Promise.all(ended), 50)
      if (end !== 0 || !outcomes.includes('LOG_CLOSED')) {
        // a round that fails when the log closes is the last
        t.same(new Set(outcomes), new Set(['done']), `${seed}`)
        t.same([log.published()?.size, log.status().delayed], [log.status().durable, null], `${seed}`)
      }
      t.same(failures, [])
      t.notOk(
        delays.some(({ code }) => code === 'WITNESS_REFUSED'),
        `${seed}: nobody knows another history`,
      )
      await checkPublished(t, policy, published)
      await inTime(world.clock, log.close(), 50)
      if (seed % 8 === 0) t.same(await problems(world), [])
    }
  },
)

t.test('nothing is shown once a witness has refused the history', async (t) => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const all = await scene(`forked ${seed}`, 'group g any a1 a2 a3\nquorum g')
    const { log, world, servers, network, failures, delays, policy, published, random } = all
    const adding = await busy(all, random.below(20))
    const forked = random.pick(servers)
    forked.fork(log.status().durable + 1 + random.below(3))
    adding.push(...(await busy(all, 20)))
    for (const server of servers) server.isGone = false
    network.lossy = 0
    const isRefused = () => /^WITNESS_REFUSED/.test(log.status().delayed?.reason ?? '')
    for (let turn = 0; turn < 400 && !isRefused(); turn++) {
      if (turn % 40 === 0) adding.push(log.add(entry(`${turn} after`))) // it is heard while others are enough, or at once
      await world.clock.advance(50)
    }
    const last = log.add(entry('the last'))
    for (const each of [...adding, last]) each.catch(() => undefined)
    await world.clock.advance(2 * DEADLINE_MS)
    t.match(log.status().delayed?.reason, /^WITNESS_REFUSED/, `${seed}`)
    t.ok(delays.some(({ code }) => code === 'WITNESS_REFUSED'))
    t.notOk(
      published.some(({ at }) => at > forked.refusedAt),
      `${seed}: nothing after`,
    )
    await checkPublished(t, policy, published)
    forked.head = { size: treeSize(0), root: EMPTY_ROOT } // its operator has seen that it erred
    const goingOn = inTime(world.clock, last, 50)
    t.ok((await goingOn).size > 0, `${seed}: it goes on`)
    await inTime(world.clock, log.close(), 50)
    t.same(failures, [])
  }
})

t.test('a log put back shows nothing at its start that a witness knows otherwise', async (t) => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const all = await scene(`put back ${seed}`, 'group g any a1 a2 a3\nquorum g', 10)
    const { log, world, servers, published } = all
    servers[1]?.fork(12)
    const adding = entries(12, 100).map(async (one, i) => {
      await new Promise<void>((resolve) => void world.clock.after(i * 10, resolve))
      await log.add(one)
    })
    for (const each of adding) each.catch(() => undefined)
    for (let turn = 0; turn < 400 && log.status().delayed === null; turn++) await world.clock.advance(50)
    await world.clock.advance(DEADLINE_MS)
    t.same(published, [], `${seed}`)
    t.match(log.status().delayed?.reason, /^WITNESS_REFUSED/)
    await inTime(world.clock, log.close(), 50)
  }
})
