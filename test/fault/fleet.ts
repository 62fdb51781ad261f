/** Nodes of one log as processes, over one PostgreSQL and one S3 server, with clients that write to each. */

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { STORE_VARIABLES } from '../../src/config/object-store.ts'
import type { S3Server } from '../e2e/s3-server.ts'
import { type Finished, PROGRAM_ENV, run } from '../e2e/support.ts'
import type { Host } from '../host.ts'
import type { Checker } from './checker.ts'
import type { Load, Random } from './load.ts'
import { type End, Server } from './server.ts'

const CLOCK = fileURLToPath(new URL('shifted-clock.ts', import.meta.url))
/** Timings decide nothing on a shared machine, but what has not happened by then is stuck. */
export const STUCK_MS = 120_000
/** As `killed` leaves a process, and as SIGTERM does. */
const KILLED: End = { code: null, signal: 'SIGKILL' }
const ENDED: End = { code: 0, signal: null }

export interface Node {
  readonly name: string
  readonly data: string
  /** Null until it is ready: before that it may lead already, and nobody but who starts it may end it. */
  server: Server | null
  readonly home: Home
  /** Until it is ready again. */
  starting: Promise<void>
  writing: Promise<void>
  stop: AbortController
}

export interface Home {
  /** Of the object stores, as the node reaches them. */
  readonly store: string
  /** Absent: this one. */
  readonly host?: Host
}

export interface FleetParts {
  readonly folder: string
  readonly database: string
  readonly s3: S3Server
  /** One for each node. */
  readonly homes: readonly Home[]
  /** In all. */
  readonly clients: number
}

/** One bucket for each owner. */
export const BUCKETS = { copies: 'tlog', ratchet: 'memory' } as const
const PREFIX = 'nodes'
const RATCHET = `s3://${BUCKETS.ratchet}/${PREFIX}`
const COPIES = `s3://${BUCKETS.copies}/${PREFIX}`

export class Fleet {
  readonly nodes: readonly Node[]
  /** What the nodes that have ended warned of, by its code: which faults were felt. */
  readonly warnings = new Map<string, number>()
  readonly #parts: FleetParts

  private constructor(parts: FleetParts) {
    this.#parts = parts
    this.nodes = parts.homes.map((home, i) => ({
      name: `node ${i}`,
      data: join(parts.folder, `node-${i}`),
      server: null,
      home,
      starting: Promise.resolve(),
      writing: Promise.resolve(),
      stop: new AbortController(),
    }))
  }

  /** With a log, and not started yet. Returns its verifier key too. */
  static async create(parts: FleetParts): Promise<{ readonly fleet: Fleet; readonly vkey: string }> {
    const fleet = new Fleet(parts)
    await fleet.command('log', 'create', 'v2', '--origin', 'localhost')
    const { stdout } = await fleet.command('log', 'list', '--json')
    const [log] = JSON.parse(stdout) as { vkey: string }[]
    if (log === undefined) throw new Error('no log was made')
    const [first, ...others] = fleet.nodes
    for (const { data } of others) cpSync(join(first?.data ?? '', 'keys'), join(data, 'keys'), { recursive: true })
    return { fleet, vkey: log.vkey }
  }

  /** Our command, on the data of the first node. */
  async command(...argv: readonly string[]): Promise<Finished> {
    const first = this.nodes[0] as Node
    const place = ['--data', first.data, '--ratchet', RATCHET, '--database', this.#parts.database]
    const env = { ...PROGRAM_ENV, ...environmentOf(first, this.#parts) }
    return await run(process.execPath, ['src/main.ts', ...argv, ...place], { env, timeoutMs: 600_000 })
  }

  /** Once it is ready, clients write to it until they are cut off or told to stop. */
  async start(node: Node, load: Load): Promise<void> {
    const flags = ['--ratchet', RATCHET, '--publish', COPIES, '--database', this.#parts.database]
    const env = environmentOf(node, this.#parts)
    const { host } = node.home
    const options = { flags, env, imports: [CLOCK], log: `${node.data}.log`, ...(host && { host }) }
    const server = new Server(node.data, options)
    const late = setTimeout(() => server.kill(), STUCK_MS)
    const isReady = await server.ready()
    clearTimeout(late)
    if (!isReady) throw new Error(`${node.name} does not start\n${server.output()}`)
    node.server = server
    node.stop = new AbortController()
    node.writing = load.write(
      server.url,
      node.stop.signal,
      Math.ceil(this.#parts.clients / this.nodes.length),
      node.name,
    )
  }

  /** As a supervisor would, again and again: what it needs may be away. */
  restart(node: Node, load: Load): void {
    node.starting = this.#restart(node, load)
    node.starting.catch(() => undefined) // said by whoever waits for it
  }

  /** With SIGKILL, and gone when this returns. */
  async kill(node: Node, checker: Checker): Promise<void> {
    await this.#end(node, KILLED, checker)
  }

  /** With SIGTERM. */
  async stop(node: Node, checker: Checker): Promise<void> {
    await this.#end(node, ENDED, checker)
  }

  /** Those that are ready. */
  get running(): readonly Node[] {
    return this.nodes.filter(({ server }) => server !== null)
  }

  /** @throws Error when none leads for long, or one that was killed does not start. */
  async leader(): Promise<Node> {
    for (const deadline = performance.now() + STUCK_MS; performance.now() < deadline; await sleep(20))
      for (const node of this.running) if (await leads(node)) return node
    await this.started()
    throw new Error('no node leads')
  }

  /** @throws Error when one does not start */
  async started(): Promise<void> {
    for (const { starting } of this.nodes) await starting
  }

  /** Any but the leader. */
  async follower(random: Random): Promise<Node> {
    const leader = await this.leader()
    const others = this.running.filter((node) => node !== leader)
    return others[Math.floor(random() * others.length)] ?? leader
  }

  /** The copy, as files. */
  get copy(): string {
    return join(this.#parts.s3.folder, BUCKETS.copies, PREFIX, 'v2')
  }

  /** Whatever still runs. */
  async abandon(): Promise<void> {
    for (const { starting, server } of this.nodes) {
      await starting.catch(() => undefined)
      await server?.kill()
    }
  }

  async #restart(node: Node, load: Load): Promise<void> {
    for (const deadline = performance.now() + STUCK_MS; ; await sleep(500))
      try {
        return await this.start(node, load)
      } catch (error) {
        if (performance.now() > deadline) throw error
      }
  }

  async #end(node: Node, wanted: End, checker: Checker): Promise<void> {
    const server = node.server as Server
    const { code, signal } = await (wanted === KILLED ? server.kill() : server.stop())
    node.server = null
    await node.writing
    if (code !== wanted.code || signal !== wanted.signal)
      checker.report(`${node.name} ended with ${code ?? signal}: ${server.output().slice(-2000)}`)
    for (const warned of server.warnings()) this.warnings.set(warned, (this.warnings.get(warned) ?? 0) + 1)
    const [error] = server.errors()
    if (error !== undefined) checker.report(`${node.name} logged an error: ${error.slice(0, 600)}`)
  }
}

/** What a node is told of the object stores. */
function environmentOf({ home }: Pick<Node, 'home'>, { s3 }: FleetParts): Readonly<Record<string, string>> {
  const told = { ...s3.env(BUCKETS.copies), ...s3.env(BUCKETS.ratchet, 'ratchet') }
  const names = Object.values(STORE_VARIABLES).map(({ endpoint }) => endpoint[0] ?? '')
  return { ...told, ...Object.fromEntries(names.map((name) => [name, home.store])) }
}

async function leads({ server }: Node): Promise<boolean> {
  const metrics = await fetch(`${server?.url}/metrics`).then(
    (answer) => answer.text(),
    () => '',
  )
  return metrics.includes('colophon_log_leads{log="v2"} 1')
}
