/** The runtimes beside Node, each as a function from tasks to a report. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { run } from '../support.ts'
import { host } from './server.ts'
import type { Report, Task } from './tasks.ts'

const TIMEOUT_MS = 300_000
const INSTALL_MS = 600_000
const COMMAND = fileURLToPath(new URL('command.ts', import.meta.url))

export interface Runtime {
  readonly name: string
  /** How it names itself. */
  readonly userAgent: RegExp
  ask(tasks: readonly Task[]): Promise<Report>
}

const PINNED: readonly { readonly name: string; readonly version: string }[] = JSON.parse(
  readFileSync(new URL('runtimes.json', import.meta.url), 'utf8'),
)

/** A runtime that npm brings says its name and version, and nothing else. */
function pinned(name: string, product: string): RegExp {
  const version = PINNED.find((runtime) => runtime.name === name)?.version
  return new RegExp(`^${product}/${version?.replaceAll('.', '\\.')}$`)
}

/** Deno may read the tasks, nothing else: no network, environment or packages that npm did not install. */
const denoFlags = (tasks: string) => ['run', '--no-prompt', '--no-lock', '--cached-only', `--allow-read=${tasks}`]

export const RUNTIMES: readonly Runtime[] = [
  { name: 'chromium', userAgent: / (?:Headless)?Chrome\/\d+/, ask: askChromium },
  {
    name: 'deno',
    userAgent: pinned('deno', 'Deno'),
    ask: async (tasks) => askCommand(await binary('deno'), denoFlags, tasks),
  },
  {
    name: 'bun',
    userAgent: pinned('bun', 'Bun'),
    ask: async (tasks) => askCommand(await binary('bun'), () => ['run', '--no-install'], tasks),
  },
]

export const NODE: Runtime = {
  name: 'node',
  userAgent: /^Node\.js\//,
  ask: (tasks) => askCommand(process.execPath, () => [], tasks),
}

/** The path of a runtime, installed first where it is missing. */
async function binary(name: string): Promise<string> {
  const script = fileURLToPath(new URL('../install-runtimes.sh', import.meta.url))
  const done = await run('bash', [script, name], { timeoutMs: INSTALL_MS })
  if (done.code !== 0) throw new Error(`runtime ${name}: ${done.stderr}`)
  return done.stdout.trim()
}

async function askCommand(
  program: string,
  flags: (tasksPath: string) => readonly string[],
  tasks: readonly Task[],
): Promise<Report> {
  return inScratch(async (folder) => {
    const path = join(folder, 'tasks.json')
    await writeFile(path, JSON.stringify(tasks))
    const done = await run(program, [...flags(path), COMMAND, path], { timeoutMs: TIMEOUT_MS })
    if (done.code !== 0) throw new Error(`${program}: exit ${done.code ?? done.signal}\n${done.stderr}`)
    return JSON.parse(done.stdout)
  })
}

async function askChromium(tasks: readonly Task[]): Promise<Report> {
  const program = await binary('chromium')
  const server = await host(tasks)
  try {
    return await inScratch((folder) => visit(program, folder, server.url, server.report))
  } finally {
    await server.close()
  }
}

/** Opens the page and waits for `report`. @throws Error with what Chromium wrote when it ends first or takes too long. */
async function visit<T>(program: string, folder: string, url: string, report: Promise<T>): Promise<T> {
  const flags = ['--headless=new', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-extensions']
  if (process.getuid?.() === 0) flags.push('--no-sandbox') // as root it does not start with one
  const browser = spawn(program, [...flags, `--user-data-dir=${folder}`, url], {
    detached: true, // its own group, so that its helpers end with it
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const stderr = text(browser.stderr)
  const kill = () => killGroup(browser.pid)
  process.once('exit', kill) // a test that dies leaves no browser behind
  const late = setTimeout(kill, TIMEOUT_MS)
  const closed = once(browser, 'close')
  const ended = closed.then(async ([code, signal]) => {
    throw new Error(`Chromium ended with ${code ?? signal} before the page had an answer\n${await stderr}`)
  })
  try {
    return await Promise.race([report, ended])
  } finally {
    clearTimeout(late)
    kill()
    await closed.catch(() => {}) // it could not be started, which `ended` said
    process.off('exit', kill)
  }
}

function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL')
  } catch {} // all of it has ended
}

async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'colophon-portable-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
