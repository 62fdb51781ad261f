/**
 * Three nodes over one PostgreSQL, under load from fifty clients: killed, paused for longer than a lease lasts, cut off from the
 * database, and the database killed under them. One history, every receipt in it, no index twice; and how soon writes resume.
 */

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { colophon, run } from '../e2e/support.ts'
import { startTestServer, type TestServer } from '../storage/postgres/server.ts'
import { Checker } from './checker.ts'
import { CLIENTS, createRandom, Load } from './load.ts'
import type { Stage } from './scene.ts'
import { Server } from './server.ts'
import { readFrom } from './tree.ts'

const NODES = 3
/** Between a fault and the one before, so that there is something to lose. */
const CALM_MS = 1500
/** Longer than a lease lasts. */
const PAUSE_MS = 6000
/** Timings decide nothing on a shared machine, but writes that do not resume in this time are stuck. */
const STUCK_MS = 60_000

interface Node {
  readonly name: string
  readonly data: string
  /** Null until it is ready: before that it may lead already, and nobody but who starts it may end it. */
  server: Server | null
  /** Until it is ready again. */
  starting: Promise<void>
  writing: Promise<void>
  stop: AbortController
}

type Fault = (play: Play) => Promise<string>

/** In turn, so that few rounds meet each of them. */
const FAULTS: readonly Fault[] = [
  (play) => play.killNode(true),
  (play) => play.pauseLeader(),
  (play) => play.restartDatabase(),
  (play) => play.killNode(false),
  (play) => play.cutConnections(),
  (play) => play.killNode(true),
  (play) => play.killNode(false),
  (play) => play.cutConnections(),
  (play) => play.killNode(true),
  (play) => play.restartDatabase(),
]

export async function nodeRounds(stage: Stage, rounds: number): Promise<void> {
  const postgres = await startTestServer()
  const play = await Play.create(stage, postgres)
  try {
    for (let round = 0; round < rounds; round++) {
      await sleep(CALM_MS)
      const fault = FAULTS[round % FAULTS.length] as Fault
      const what = await fault(play)
      const ms = await play.resumed()
      stage.say(`round ${round} of seed ${stage.seed}, nodes: ${what}; writes after ${ms} ms; ${play.summary()}`)
    }
    await play.finish()
  } finally {
    await play.abandon()
    await postgres.stop()
  }
}

class Play {
  readonly #stage: Stage
  readonly #postgres: TestServer
  readonly #url: string
  readonly #nodes: readonly Node[]
  readonly #checker: Checker
  readonly #load: Load
  readonly #random
  #turn = 0
  readonly #resumes: number[] = []

  private constructor(stage: Stage, postgres: TestServer, url: string, vkey: string) {
    this.#stage = stage
    this.#postgres = postgres
    this.#url = url
    this.#checker = new Checker(vkey)
    this.#random = createRandom(`${stage.seed}/nodes`)
    this.#load = new Load(this.#checker, createRandom(`${stage.seed}/nodes/load`))
    this.#nodes = Array.from({ length: NODES }, (_, i) => ({
      name: `node ${i}`,
      data: join(stage.folder, `node-${i}`),
      server: null,
      starting: Promise.resolve(),
      writing: Promise.resolve(),
      stop: new AbortController(),
    }))
  }

  static async create(stage: Stage, postgres: TestServer): Promise<Play> {
    const url = await postgres.create('nodes')
    const first = join(stage.folder, 'node-0')
    const flags = ['--data', first, '--ratchet', join(stage.folder, 'ratchet'), '--database', url]
    await colophon('log', 'create', 'v2', '--origin', 'localhost', ...flags)
    const [log] = JSON.parse(await colophon('log', 'list', '--json', ...flags)) as { vkey: string }[]
    if (log === undefined) throw new Error('no log was made')
    for (let i = 1; i < NODES; i++)
      cpSync(join(first, 'keys'), join(stage.folder, `node-${i}`, 'keys'), { recursive: true })
    const play = new Play(stage, postgres, url, log.vkey)
    for (const node of play.#nodes) await play.#start(node)
    await play.resumed()
    return play
  }

  async killNode(leader: boolean): Promise<string> {
    const node = leader ? await this.#leader() : await this.#follower()
    const server = node.server as Server
    await server.kill()
    node.server = null
    await node.writing
    node.starting = this.#restart(node)
    node.starting.catch(() => undefined) // said by whoever waits for it
    return `${node.name} killed, which ${leader ? 'sequenced' : 'followed'}`
  }

  async pauseLeader(): Promise<string> {
    const node = await this.#leader()
    node.server?.signal('SIGSTOP')
    const resuming = this.resumed(node)
    await Promise.all([sleep(PAUSE_MS), resuming])
    node.server?.signal('SIGCONT')
    return `${node.name}, which sequenced, paused for ${PAUSE_MS / 1000} s; the others wrote after ${await resuming} ms`
  }

  async restartDatabase(): Promise<string> {
    await this.#postgres.kill()
    await this.#postgres.start()
    return 'the database killed and started'
  }

  async cutConnections(): Promise<string> {
    const client = new pg.Client(this.#postgres.url('postgres'))
    await client.connect()
    const { rowCount } = await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'nodes' AND pid <> pg_backend_pid()",
    )
    await client.end()
    return `${rowCount} connections cut`
  }

  /** Until a new entry has its receipt, from a node other than `but`. In milliseconds. */
  async resumed(but?: Node): Promise<number> {
    const before = performance.now()
    for (;;) {
      const others = this.#nodes.filter((node) => node !== but && node.server !== null)
      const node = others[this.#turn++ % Math.max(1, others.length)]
      if (node === undefined) await sleep(20)
      else if ((await this.#load.offer(node.server?.url ?? '', this.#load.wish()))[0] === 201) break
      if (performance.now() - before > STUCK_MS) {
        this.#checker.report('writes did not resume')
        break
      }
    }
    const ms = Math.round(performance.now() - before)
    this.#resumes.push(ms)
    return ms
  }

  summary(): string {
    const { receipts, heads, findings } = this.#checker
    return `${receipts} receipts, ${heads} heads${findings.map((finding) => `; FINDING ${finding.slice(0, 200)}`).join('')}`
  }

  /** Everything gets its receipt; every node shows the tree that all evidence is of; fsck reads what is stored. */
  async finish(): Promise<void> {
    for (const node of this.#nodes) {
      await node.starting
      node.stop.abort()
      await node.writing
    }
    for (const { server } of this.#nodes) await this.#load.settle(server?.url ?? '')
    for (const { server } of this.#nodes) await this.#checker.final(readFrom(server?.url ?? ''))
    for (const node of this.#nodes) {
      const end = await node.server?.stop()
      if (end?.code !== 0) this.#checker.report(`${node.name} ended with ${end?.code ?? end?.signal}`)
      const [error] = node.server?.errors() ?? []
      if (error !== undefined) this.#checker.report(`${node.name} logged an error: ${error.slice(0, 600)}`)
      node.server = null
    }
    const flags = ['--data', this.#nodes[0]?.data ?? '', ...this.#flags()]
    const { code, stdout, stderr } = await run(process.execPath, ['src/main.ts', 'fsck', '--json', ...flags], {
      timeoutMs: 600_000,
    })
    if (code !== 0) this.#checker.report(`fsck ended with ${code}: ${stdout.slice(0, 2000)}${stderr.slice(0, 2000)}`)
    this.#stage.findings.push(...this.#checker.findings.map((finding) => `nodes: ${finding}`))
    const sorted = [...this.#resumes].sort((a, b) => a - b)
    this.#stage.say(
      `nodes: writes resumed after ${sorted[sorted.length >> 1]} ms at the median, ${sorted.at(-1)} at most`,
    )
  }

  /** Whatever still runs. */
  async abandon(): Promise<void> {
    for (const { starting, server } of this.#nodes) {
      await starting.catch(() => undefined)
      await server?.kill()
    }
  }

  #flags(): readonly string[] {
    return ['--ratchet', join(this.#stage.folder, 'ratchet'), '--database', this.#url]
  }

  async #start(node: Node): Promise<void> {
    const server = new Server(node.data, { flags: this.#flags() })
    const late = setTimeout(() => server.kill(), STUCK_MS)
    const isReady = await server.ready()
    clearTimeout(late)
    if (!isReady) throw new Error(`${node.name} does not start\n${server.output()}`)
    node.server = server
    node.stop = new AbortController()
    node.writing = this.#load.write(server.url, node.stop.signal, Math.ceil(CLIENTS / NODES), node.name)
  }

  /** @throws Error when it does not start in five tries. */
  async #restart(node: Node): Promise<void> {
    for (let tries = 1; ; tries++)
      try {
        return await this.#start(node)
      } catch (error) {
        if (tries === 5) throw error
        await sleep(500) // the database may be down too
      }
  }

  /** @throws Error when none leads for long, or one that was killed does not start. */
  async #leader(): Promise<Node> {
    for (const deadline = performance.now() + STUCK_MS; performance.now() < deadline; await sleep(20))
      for (const node of this.#nodes) if (node.server !== null && (await leads(node.server.url))) return node
    for (const node of this.#nodes) await node.starting
    throw new Error('no node leads')
  }

  async #follower(): Promise<Node> {
    const leader = await this.#leader()
    const others = this.#nodes.filter((node) => node !== leader && node.server !== null)
    return others[Math.floor(this.#random() * others.length)] ?? leader
  }
}

async function leads(url: string): Promise<boolean> {
  const metrics = await fetch(`${url}/metrics`).then(
    (answer) => answer.text(),
    () => '',
  )
  return metrics.includes('colophon_log_leads{log="v2"} 1')
}
