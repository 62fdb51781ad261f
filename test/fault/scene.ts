/** One log under test: its directory, its evidence, its clients, and the server that runs it from time to time. */

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase } from '../../src/storage/sqlite/open.ts'
import { colophon, run, soleLog } from '../e2e/support.ts'
import { Checker } from './checker.ts'
import { createRandom, Load } from './load.ts'
import { type End, Server, type StartOptions } from './server.ts'
import { readFrom } from './tree.ts'

/** Timings decide nothing on a shared machine, but a start that takes this long is stuck. */
const STUCK_MS = 10_000
const MAIN = 'src/main.ts'

/** What all scenes of a run share. */
export interface Stage {
  readonly folder: string
  readonly seed: string
  /** From spawn to `/readyz` 200 after a process was killed, in milliseconds. */
  readonly restarts: number[]
  readonly findings: string[]
  say(line: string): void
}

export class Scene {
  readonly name: string
  readonly data: string
  readonly checker: Checker
  readonly load: Load
  readonly #stage: Stage

  constructor(stage: Stage, name: string, checker: Checker) {
    this.#stage = stage
    this.name = name
    this.data = join(stage.folder, name)
    this.checker = checker
    this.load = new Load(checker, createRandom(`${stage.seed}/${name}/load`))
  }

  /** A log that has not run yet. */
  static async create(stage: Stage, name: string): Promise<Scene> {
    const data = join(stage.folder, name)
    await colophon('log', 'create', 'v2', '--origin', 'localhost', '--data', data)
    return new Scene(stage, name, new Checker((await soleLog(data)).vkey))
  }

  /** The same log again, as it is now, to go on from here on its own. No server may be running. */
  copy(name: string): Scene {
    const copy = new Scene(this.#stage, name, this.checker.copy())
    cpSync(this.data, copy.data, { recursive: true })
    return copy
  }

  spawn(options: StartOptions = {}): Server {
    return new Server(this.data, options)
  }

  /** A server that is ready, whatever happened to the one before; what is stored is held against the evidence at once. */
  async start(options: StartOptions = {}): Promise<Server> {
    let server = await this.#startTimed(options)
    if (server.ms > STUCK_MS) {
      await server.server.kill()
      server = await this.#startTimed(options)
      if (server.ms > STUCK_MS) this.report(`two starts took longer than ${STUCK_MS / 1000} s`)
    }
    await this.checker.against(readFrom(server.server.url))
    return server.server
  }

  /** SIGTERM: it must end by itself, with exit code 0 and nothing to complain of. */
  async stop(server: Server): Promise<void> {
    this.expect(server, await server.stop(), { code: 0, signal: null })
  }

  async kill(server: Server): Promise<void> {
    this.expect(server, await server.kill(), { code: null, signal: 'SIGKILL' })
  }

  /** A process ended so and not otherwise, and logged no error on the way. */
  expect(server: Server, found: End, wanted: End): void {
    if (found.code !== wanted.code || found.signal !== wanted.signal)
      this.report(`the server ended with ${found.code ?? found.signal}: ${server.output().slice(-2000)}`)
    const [first, ...others] = server.errors()
    if (first !== undefined)
      this.report(`the server logged an error, and ${others.length} more: ${first.slice(0, 600)}`)
  }

  /** Everything gets its receipt; the whole tree is held against all evidence; fsck reads what is stored. */
  async finish(): Promise<void> {
    const server = await this.start()
    await this.load.settle(server.url)
    await this.checker.final(readFrom(server.url))
    await this.stop(server)
    const database = openDatabase(join(this.data, 'log.db'), { readonly: true })
    await this.checker.contents((digest) => database.store(0).attachment('sha256', digest))
    await database.close()
    const { code, signal, stdout, stderr } = await run(
      process.execPath,
      [MAIN, 'fsck', '--data', this.data, '--json'],
      {
        timeoutMs: 600_000,
      },
    )
    if (code !== 0) this.report(`fsck ended with ${code ?? signal}: ${stdout.slice(0, 2000)}${stderr.slice(0, 2000)}`)
    this.#stage.findings.push(...this.checker.findings.map((finding) => `${this.name}: ${finding}`))
  }

  summary(): string {
    const { size, receipts, heads, findings } = this.checker
    const found =
      findings.length === 0 ? '' : `; ${findings.length} FINDINGS, the last: ${findings.at(-1)?.slice(0, 200)}`
    return `${size} leaves, ${receipts} receipts, ${heads} heads${found}`
  }

  report(finding: string): void {
    this.checker.report(finding)
  }

  async #startTimed(options: StartOptions): Promise<{ readonly server: Server; readonly ms: number }> {
    const before = performance.now()
    const server = this.spawn(options)
    if (!(await server.ready())) throw new Error(`${this.name}: the server does not start again\n${server.output()}`)
    const ms = performance.now() - before
    this.#stage.restarts.push(ms)
    return { server, ms }
  }
}
