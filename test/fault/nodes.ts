/**
 * Three nodes under load from fifty clients: killed, paused for longer than a lease lasts, with a clock set back, cut off from
 * the database, the database killed under them, and an S3 store that errs. One history, every receipt in it, no index twice,
 * the copy in the bucket like the database; and how soon writes resume.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startS3 } from '../e2e/s3-server.ts'
import { startTestServer, type TestServer } from '../storage/postgres/server.ts'
import { checkAfterwards } from './afterwards.ts'
import { Checker } from './checker.ts'
import { FaultyStore } from './faulty-store.ts'
import { BUCKETS, Fleet, type Node } from './fleet.ts'
import { CLIENTS, createRandom, Load, type Random } from './load.ts'
import { Resumes } from './resumes.ts'
import type { Stage } from './scene.ts'

const NODES = 3
/** Between a fault and the one before, so that there is something to lose. */
const CALM_MS = 700
/** Longer than a lease lasts, and than anything waits for an answer. */
const PAUSE_MS = 20_000
const STORM_MS = 4000

type Fault = (play: Play) => Promise<string>

/** In turn, so that few rounds meet each of them. */
const FAULTS: readonly Fault[] = [
  (play) => play.killLeader(),
  (play) => play.storm(),
  (play) => play.restartDatabase(),
  (play) => play.killFollower(),
  (play) => play.setClockBack(),
  (play) => play.pauseLeader(),
  (play) => play.killLeaderInStorm(),
  (play) => play.cutConnections(),
  (play) => play.loseStore(),
  (play) => play.killLeader(),
]

export async function nodeRounds(stage: Stage, rounds: number): Promise<void> {
  await using ending = new AsyncDisposableStack()
  const postgres = await startTestServer()
  ending.defer(() => postgres.stop())
  const scope = { teardown: (end: () => unknown) => ending.defer(async () => void (await end())) }
  const s3 = await startS3(scope, ...Object.values(BUCKETS))
  const database = await postgres.create('nodes')
  const { endpoint } = s3.access(BUCKETS.ratchet)
  const stores = await Promise.all(Array.from({ length: NODES }, () => FaultyStore.before(endpoint)))
  ending.defer(async () => void (await Promise.all(stores.map((store) => store.close()))))
  const homes = stores.map(({ url }) => ({ store: url }))
  const { fleet, vkey } = await Fleet.create({ folder: stage.folder, database, s3, homes, clients: CLIENTS })
  ending.defer(() => fleet.abandon())
  const play = new Play({ stage, postgres, stores, fleet, checker: new Checker(vkey) })
  await play.begin()
  for (let round = 0; round < rounds; round++) {
    await sleep(CALM_MS)
    const fault = FAULTS[round % FAULTS.length] as Fault
    const what = await fault(play)
    stage.say(`round ${round} of seed ${stage.seed}, nodes: ${what}; ${play.summary()}`)
  }
  await play.finish(database)
}

interface PlayParts {
  readonly stage: Stage
  readonly postgres: TestServer
  /** Before the object stores, one for each node. */
  readonly stores: readonly FaultyStore[]
  readonly fleet: Fleet
  readonly checker: Checker
}

class Play {
  readonly #parts: PlayParts
  readonly #load: Load
  readonly #random: Random
  readonly #resumes: Resumes<'leader' | 'other'>

  constructor(parts: PlayParts) {
    this.#parts = parts
    this.#random = createRandom(`${parts.stage.seed}/nodes`)
    this.#load = new Load(parts.checker, createRandom(`${parts.stage.seed}/nodes/load`))
    this.#resumes = new Resumes({ load: this.#load, checker: parts.checker })
  }

  async begin(): Promise<void> {
    for (const node of this.#parts.fleet.nodes) await this.#parts.fleet.start(node, this.#load)
  }

  async killLeader(): Promise<string> {
    const node = await this.#parts.fleet.leader()
    await this.#kill(node)
    return `${node.name} killed, which sequenced; ${await this.#timed('leader')}`
  }

  async killFollower(): Promise<string> {
    const node = await this.#parts.fleet.follower(this.#random)
    await this.#kill(node)
    return `${node.name} killed, which followed; ${await this.#timed('other')}`
  }

  async pauseLeader(): Promise<string> {
    const node = await this.#parts.fleet.leader()
    node.server?.signal('SIGSTOP')
    const [others] = await Promise.all([this.#timed('leader', node), sleep(PAUSE_MS)])
    node.server?.signal('SIGCONT')
    return `${node.name}, which sequenced, paused for ${PAUSE_MS / 1000} s; the others: ${others}; ${await this.#timed('other')}`
  }

  async setClockBack(): Promise<string> {
    const { fleet } = this.#parts
    const node = this.#random() < 0.5 ? await fleet.leader() : await fleet.follower(this.#random)
    node.server?.signal('SIGUSR2')
    return `the clock of ${node.name} set back by an hour; ${await this.#timed('other')}`
  }

  async restartDatabase(): Promise<string> {
    await this.#parts.postgres.kill()
    await this.#parts.postgres.start()
    return `the database killed and started; ${await this.#timed('other')}`
  }

  async cutConnections(): Promise<string> {
    const client = new pg.Client(this.#parts.postgres.url('postgres'))
    await client.connect()
    const { rowCount } = await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'nodes' AND pid <> pg_backend_pid()",
    )
    await client.end()
    return `${rowCount} connections cut; ${await this.#timed('other')}`
  }

  async storm(): Promise<string> {
    return await this.#storming(async () => '')
  }

  async killLeaderInStorm(): Promise<string> {
    return await this.#storming(async () => {
      const node = await this.#parts.fleet.leader()
      await this.#kill(node)
      return `, in which ${node.name} was killed, which sequenced`
    })
  }

  /** Nobody listens where the object store was: for all nodes, or for the leader alone. */
  async loseStore(): Promise<string> {
    const { fleet, stores } = this.#parts
    const all = this.#random() < 0.5
    const leader = await fleet.leader()
    const cut = stores.filter((_, i) => all || fleet.nodes[i] === leader)
    await Promise.all(cut.map((store) => store.refuse()))
    const [others] = await Promise.all([all ? 'nobody' : this.#timed('other', leader), sleep(STORM_MS)])
    await Promise.all(cut.map((store) => store.accept()))
    return `the object store away for ${STORM_MS / 1000} s${all ? '' : ` from ${leader.name}, which sequenced; the others: ${others}`}; ${await this.#timed('other')}`
  }

  summary(): string {
    const { receipts, heads, findings } = this.#parts.checker
    return `${receipts} receipts, ${heads} heads${findings.map((finding) => `; FINDING ${finding.slice(0, 200)}`).join('')}`
  }

  async finish(database: string): Promise<void> {
    const { fleet, stores, checker, stage } = this.#parts
    const settled = async () => void (await Promise.all(stores.map((store) => store.settle())))
    await checkAfterwards({ fleet, load: this.#load, checker, database, settled })
    stage.say(`nodes: warned of ${[...fleet.warnings].map(([code, count]) => `${code} ${count} times`).join(', ')}`)
    stage.findings.push(...checker.findings.map((finding) => `nodes: ${finding}`))
    const [leader, other] = [this.#resumes.inWords('leader'), this.#resumes.inWords('other')]
    stage.say(`nodes: writes resumed ${leader} after a leader's end, ${other} after all else`)
  }

  async #kill(node: Node): Promise<void> {
    const { fleet, checker } = this.#parts
    await fleet.kill(node, checker)
    fleet.restart(node, this.#load)
  }

  async #storming(meanwhile: () => Promise<string>): Promise<string> {
    const { stores } = this.#parts
    const count = () => stores.reduce((sum, { faults }) => sum + faults, 0)
    const before = count()
    for (const store of stores) store.storm(this.#random)
    await sleep(STORM_MS / 4)
    const what = await meanwhile()
    await sleep(STORM_MS)
    for (const store of stores) store.storm(null)
    return `a storm of ${count() - before} faults of the object store${what}; ${await this.#timed('other')}`
  }

  /** From a node other than `but`. */
  #timed(after: 'leader' | 'other', but?: Node): Promise<string> {
    return this.#resumes.timed(after, () => this.#parts.fleet.running.filter((node) => node !== but))
  }
}
