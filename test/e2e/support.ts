/** What the end-to-end and fault tests share: our server as a child process, other people's programs, scratch folders. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CHILD_ENV } from '../child-env.ts'
import { startTestServer, type TestServer } from '../storage/postgres/server.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** The program under test; `dist/main.js` judges what is shipped. */
export const MAIN = process.env.COLOPHON_E2E_MAIN ?? 'src/main.ts'

/** What tells the tests what to do is no setting of the program, which would refuse it. */
export const PROGRAM_ENV = {
  ...Object.fromEntries(Object.entries(CHILD_ENV).filter(([name]) => !name.startsWith('COLOPHON_E2E_'))),
  COLOPHON_DIALECTS: 'rekor-v2', // one log, unless a test asks for more
}

/**
 * What the program is told beside that: where the logs of a data directory are. With COLOPHON_E2E_DATABASE=postgres the tests
 * run on PostgreSQL, one server for each file and a database for each data directory; with `nodes`, each server is two nodes
 * over it and over a store (nodes.ts).
 */
export async function environmentOf(data: string | undefined): Promise<NodeJS.ProcessEnv> {
  if (data === undefined || DATABASE === undefined) return PROGRAM_ENV
  const name = nameOf(resolve(data))
  const more = DATABASE === 'nodes' ? await (await import('./nodes.ts')).storeOf(name) : {}
  return { ...PROGRAM_ENV, COLOPHON_DATABASE: await databaseOf(name), ...more }
}

const DATABASE = process.env.COLOPHON_E2E_DATABASE
if (DATABASE !== undefined && DATABASE !== 'postgres' && DATABASE !== 'nodes')
  throw new Error(`COLOPHON_E2E_DATABASE is postgres or nodes, not ${DATABASE}`)
let postgres: Promise<TestServer> | undefined
const names: string[] = []
const databases = new Map<string, Promise<string>>()

/** Of the logs of a data directory, the same for all that use it. */
function nameOf(data: string): string {
  if (!names.includes(data)) names.push(data)
  return `e2e-${names.indexOf(data)}`
}

function databaseOf(name: string): Promise<string> {
  postgres ??= startTestServer()
  const database = databases.get(name) ?? postgres.then((server) => server.create(name))
  databases.set(name, database)
  return database
}

/** Of a command's words. */
function dataIn(args: readonly string[]): string | undefined {
  const at = args.indexOf('--data')
  return at < 0 || args[0] === 'witness' ? undefined : args[at + 1]
}

/** A command that has not ended by then hangs: a busy machine takes minutes for a large log. */
const HANGS_AFTER_MS = 15 * 60_000
const READY_MS = 90_000
const STOP_MS = 30_000

/** Anything with tap's teardown. */
export interface Scope {
  teardown(end: () => unknown): void
}

export interface Finished {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** After this the program is killed, which shows as `signal: 'SIGKILL'`. */
  readonly timeoutMs?: number
  /** Then it is killed too. */
  readonly until?: Promise<unknown>
}

export interface Server {
  readonly url: string
  readonly pid: number
  /** SIGTERM. @throws Error unless it ended by itself with exit code 0. */
  stop(): Promise<void>
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>
  /** Everything it wrote so far. */
  output(): string
}

/** One line of `log list --json`. */
export interface LogInfo {
  readonly slug: string
  readonly origin: string
  readonly vkey: string
}

/** Runs a program to its end. Never throws on a bad exit code: whether that is bad is the caller's to say. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    env: options.env ?? CHILD_ENV,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? HANGS_AFTER_MS,
    killSignal: 'SIGKILL',
  })
  void options.until?.then(() => child.kill('SIGKILL'))
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const [code, signal] = await once(child, 'close')
  return { code, signal, stdout: stdout(), stderr: stderr() }
}

/** Runs our command. @throws Error with what it wrote on stderr unless it exits with 0. */
export async function colophon(...args: readonly string[]): Promise<string> {
  const data = dataIn(args)
  const env = await environmentOf(data)
  let done = await run(process.execPath, [MAIN, ...args], { env })
  if (data !== undefined && done.stderr.includes('NODE_FOLLOWS')) {
    const { otherData } = await import('./nodes.ts')
    const there = args.map((word) => (word === data ? otherData(data) : word))
    done = await run(process.execPath, [MAIN, ...there], { env })
  }
  if (done.code !== 0) throw new Error(`colophon ${args.join(' ')}: exit ${done.code ?? done.signal}\n${done.stderr}`)
  return done.stdout
}

/** The only log in a data directory. @throws Error when there is another number of them. */
export async function soleLog(data: string): Promise<LogInfo> {
  const logs = JSON.parse(await colophon('log', 'list', '--data', data, '--json')) as readonly LogInfo[]
  const [log] = logs
  if (log === undefined || logs.length !== 1) throw new Error(`${logs.length} logs in ${data}, not one`)
  return log
}

/** The path of a client of clients.json, built first where it is missing. */
export async function client(name: string): Promise<string> {
  const script = fileURLToPath(new URL('install-clients.sh', import.meta.url))
  const done = await run('bash', [script, name], { timeoutMs: 1_200_000 })
  if (done.code !== 0) throw new Error(`client ${name}: ${done.stderr}`)
  return done.stdout.trim()
}

export async function scratch(scope: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'colophon-e2e-'))
  scope.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/**
 * Starts `serve` and returns once `GET /readyz` answers 200.
 * @throws Error with its output when it ends first or takes too long.
 */
export function startServer(data: string, ...flags: readonly string[]): Promise<Server> {
  return startProgram(MAIN, data, ...flags)
}

/** As startServer, with another program than the one under test. */
export async function startProgram(main: string, data: string, ...flags: readonly string[]): Promise<Server> {
  const env = await environmentOf(data)
  const launch = (dir: string, ...words: readonly string[]) => startProcess(main, ['--data', dir, ...words], env)
  return DATABASE === 'nodes'
    ? await (await import('./nodes.ts')).startNodes(launch, data, flags)
    : await launch(data, ...flags)
}

async function startProcess(main: string, flags: readonly string[], env: NodeJS.ProcessEnv): Promise<Server> {
  const listen = `127.0.0.1:${await freePort()}`
  const child = spawn(process.execPath, [main, 'serve', '--listen', listen, ...flags], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const output = () => stdout() + stderr()
  const orphan = () => child.kill('SIGKILL') // a test that dies leaves no server behind
  process.once('exit', orphan)
  const ended = once(child, 'close').finally(() => process.off('exit', orphan))
  const url = `http://${listen}`
  if (!(await ready(url, child))) {
    child.kill('SIGKILL')
    await ended
    throw new Error(`the server is not ready (exit ${child.exitCode ?? child.signalCode})\n${output()}`)
  }
  return {
    url,
    pid: child.pid ?? 0,
    output,
    async stop() {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      const [code, signal] = await ended
      clearTimeout(late)
      if (code !== 0) throw new Error(`SIGTERM ended the server with ${code ?? signal}\n${output()}`)
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function ready(url: string, child: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + READY_MS
  while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
    const status = await fetch(`${url}/readyz`).then(
      (response) => response.status,
      () => 0, // not listening yet
    )
    if (status === 200) return true
    await sleep(50)
  }
  return false
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString()
}
