/** A headless Chromium of its own: with a new profile, and gone with the test. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { run } from '../support.ts'

const INSTALL_MS = 600_000
const FLAGS = ['--headless=new', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-extensions']

/** The path of a runtime, installed first where it is missing. */
export async function binary(name: string): Promise<string> {
  const script = fileURLToPath(new URL('../install-runtimes.sh', import.meta.url))
  const done = await run('bash', [script, name], { timeoutMs: INSTALL_MS })
  if (done.code !== 0) throw new Error(`runtime ${name}: ${done.stderr}`)
  return done.stdout.trim()
}

export interface Chromium {
  readonly pid: number
  /** Of --remote-debugging-pipe. */
  readonly commands: Writable
  readonly events: Readable
  /** Rejects when it ends, with what it wrote. */
  readonly ended: Promise<never>
  kill(): void
  /** Ends it and removes its profile. */
  close(): Promise<void>
}

export async function startChromium(args: readonly string[]): Promise<Chromium> {
  const program = await binary('chromium')
  const profile = await mkdtemp(join(tmpdir(), 'colophon-chromium-'))
  const rootFlags = process.getuid?.() === 0 ? ['--no-sandbox'] : [] // as root it does not start with one
  const browser = spawn(program, [...FLAGS, ...rootFlags, `--user-data-dir=${profile}`, ...args], {
    detached: true, // its own group, so that its helpers end with it
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  })
  const stderr = text(browser.stderr as Readable)
  const kill = () => killGroup(browser)
  process.once('exit', kill) // a test that dies leaves no browser behind
  const closed = once(browser, 'close')
  const ended = closed.then(async ([code, signal]) => {
    throw new Error(`Chromium ended with ${code ?? signal}\n${await stderr}`)
  })
  ended.catch(() => {}) // whoever awaits it hears of it
  return {
    pid: browser.pid ?? 0,
    commands: browser.stdio[3] as Writable,
    events: browser.stdio[4] as Readable,
    ended,
    kill,
    async close() {
      kill()
      await closed.catch(() => {}) // it could not be started, which `ended` said
      process.off('exit', kill)
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {} // all of it has ended
}
