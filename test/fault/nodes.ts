/**
 * Three nodes under load from fifty clients: killed, paused for longer than a lease lasts, with a clock set back, cut off from
 * the database, the database killed under them, and an S3 store that errs. One history, every receipt in it, no index twice,
 * the copy in the bucket like the database; and how soon writes resume.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startS3 } from '../e2e/s3-server.ts'
import { startTestServer, type TestServer } from '../storage/postgres/server.ts'
import { Checker } from './checker.ts'
import { checkCopy } from './copy-check.ts'
import { BUCKETS, Fleet, type Node, STUCK_MS } from './fleet.ts'
import { CUT, createRandom, Load, type Random } from './load.ts'
import type { Stage } from './scene.ts'
import { readFrom } from './tree.ts'

/** Between a fault and the one before, so that there is something to lose. */
const CALM_MS = 1000
/** Longer than a lease lasts, and than anything waits for an answer. */
const PAUSE_MS = 20_000
const STORM_MS = 4500
/** Writes that come back later than this are to be explained. */
const LONG_MS = 5000

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
  const { fleet, vkey } = await Fleet.create({ folder: stage.folder, database, s3 })
  ending.defer(() => fleet.abandon())
  const play = new Play({ stage, postgres, fleet, checker: new Checker(vkey) })
  await play.begin()
  for (let round = 0; round < rounds; round++) {
    await sleep(CALM_MS)
    const fault = FAULTS[round % FAULTS.length] as Fault
    const what = await fault(play)
    stage.say(`round ${round} of seed ${stage.seed}, nodes: ${what}; ${play.summary()}`)
  }
  await play.finish((checker) => checkCopy({ folder: fleet.copy, database, checker }))
}

interface PlayParts {
  readonly stage: Stage
  readonly postgres: TestServer
  readonly fleet: Fleet
  readonly checker: Checker
}

class Play {
  readonly #parts: PlayParts
  readonly #load: Load
  readonly #random: Random
  #turn = 0
  /** How long nothing was logged, in milliseconds: after a leader's end, and after anything else. */
  readonly #resumes = { leader: [] as number[], other: [] as number[] }

  constructor(parts: PlayParts) {
    this.#parts = parts
    this.#random = createRandom(`${parts.stage.seed}/nodes`)
    this.#load = new Load(parts.checker, createRandom(`${parts.stage.seed}/nodes/load`))
  }

  async begin(): Promise<void> {
    for (const node of this.#parts.fleet.nodes) await this.#parts.fleet.start(node, this.#load)
    await this.#resumed()
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
    const { fleet } = this.#parts
    const all = this.#random() < 0.5
    const leader = await fleet.leader()
    const cut = all ? fleet.nodes : [leader]
    await Promise.all(cut.map(({ store }) => store.refuse()))
    const [others] = await Promise.all([all ? 'nobody' : this.#timed('other', leader), sleep(STORM_MS)])
    await Promise.all(cut.map(({ store }) => store.accept()))
    return `the object store away for ${STORM_MS / 1000} s${all ? '' : ` from ${leader.name}, which sequenced; the others: ${others}`}; ${await this.#timed('other')}`
  }

  summary(): string {
    const { receipts, heads, findings } = this.#parts.checker
    return `${receipts} receipts, ${heads} heads${findings.map((finding) => `; FINDING ${finding.slice(0, 200)}`).join('')}`
  }

  /** Everything gets its receipt; every node, and the copy, shows the tree that all evidence is of; fsck reads what is stored. */
  async finish(check: (checker: Checker) => Promise<void>): Promise<void> {
    const { fleet, checker, stage } = this.#parts
    await fleet.started()
    for (const node of fleet.nodes) {
      node.stop.abort()
      await node.writing
    }
    for (const { server } of fleet.nodes) await this.#load.settle(server?.url ?? '')
    for (const { server } of fleet.nodes) await checker.final(readFrom(server?.url ?? ''))
    for (const node of fleet.nodes) await fleet.stop(node, checker)
    for (const { store } of fleet.nodes) await store.settle()
    await check(checker)
    const { code, stdout, stderr } = await fleet.command('fsck', '--json')
    if (code !== 0) checker.report(`fsck ended with ${code}: ${stdout.slice(0, 2000)}${stderr.slice(0, 2000)}`)
    stage.say(`nodes: warned of ${[...fleet.warnings].map(([code, count]) => `${code} ${count} times`).join(', ')}`)
    stage.findings.push(...checker.findings.map((finding) => `nodes: ${finding}`))
    stage.say(
      `nodes: writes resumed ${inWords(this.#resumes.leader)} after a leader's end, ${inWords(this.#resumes.other)} after all else`,
    )
  }

  async #kill(node: Node): Promise<void> {
    const { fleet, checker } = this.#parts
    await fleet.kill(node, checker)
    fleet.restart(node, this.#load)
  }

  async #storming(meanwhile: () => Promise<string>): Promise<string> {
    const stores = this.#parts.fleet.nodes.map(({ store }) => store)
    const count = () => stores.reduce((sum, { faults }) => sum + faults, 0)
    const before = count()
    for (const store of stores) store.storm(this.#random)
    await sleep(STORM_MS / 4)
    const what = await meanwhile()
    await sleep(STORM_MS)
    for (const store of stores) store.storm(null)
    return `a storm of ${count() - before} faults of the object store${what}; ${await this.#timed('other')}`
  }

  async #timed(after: 'leader' | 'other', but?: Node): Promise<string> {
    const before = performance.now()
    const answers = await this.#resumed(but)
    const ms = Math.round(performance.now() - before)
    this.#resumes[after].push(ms)
    return `writes after ${ms} ms${ms > LONG_MS ? ` (${answers.join(', ')})` : ''}`
  }

  /** Until a new entry has its receipt, from a node other than `but`. What was answered on the way. */
  async #resumed(but?: Node): Promise<readonly string[]> {
    const { fleet, checker } = this.#parts
    const answers: string[] = []
    for (const before = performance.now(); performance.now() - before < STUCK_MS; ) {
      const others = fleet.running.filter((node) => node !== but)
      const node = others[this.#turn++ % Math.max(1, others.length)]
      const [status] = node?.server ? await this.#load.offer(node.server.url, this.#load.wish()) : []
      if (status === undefined || status === CUT) await sleep(20)
      if (status !== undefined) answers.push(`${node?.name} ${status} at ${Math.round(performance.now() - before)} ms`)
      if (status === 201) return answers
    }
    checker.report(`writes did not resume: ${answers.slice(-9).join(', ')}`)
    return answers
  }
}

function inWords(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  return `${sorted[sorted.length >> 1] ?? '-'} ms at the median and ${sorted.at(-1) ?? '-'} at most (of ${sorted.length})`
}
