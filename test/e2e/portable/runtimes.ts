/** The runtimes beside Node, each as a function from tasks to a report. */

import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { binary, startChromium } from '../browser/chromium.ts'
import { run } from '../support.ts'
import { host } from './server.ts'
import type { Report, Task } from './tasks.ts'

const TIMEOUT_MS = 300_000
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
  const server = await host(tasks)
  try {
    return await visit(server.url, server.report)
  } finally {
    await server.close()
  }
}

/** Opens the page and waits for `report`. @throws Error with what Chromium wrote when it ends first or takes too long. */
async function visit<T>(url: string, report: Promise<T>): Promise<T> {
  const chromium = await startChromium([url])
  const late = setTimeout(chromium.kill, TIMEOUT_MS)
  try {
    return await Promise.race([report, chromium.ended])
  } finally {
    clearTimeout(late)
    await chromium.close()
  }
}

async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'colophon-portable-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
