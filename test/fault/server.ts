/** Our server as a process that may die at any moment: started, watched, killed. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Step } from '../../src/log/steps.ts'
import type { WitnessStep } from '../../src/witness/steps.ts'
import { CHILD_ENV } from '../child-env.ts'
import { ROOT } from '../e2e/support.ts'
import { HERE, type Host } from '../host.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const CRASH_MAIN = fileURLToPath(new URL('crash-main.ts', import.meta.url))

/** pino's numbers for `warn` and `error`. */
const WARN_LEVEL = 40
const ERROR_LEVEL = 50
const STOP_MS = 30_000

/** Where the process ends itself: at the n-th `step` of a batch or checkpoint that takes the tree from `from` or less to `to` or more. */
export interface CrashPoint {
  readonly step: Step | WitnessStep
  readonly nth: number
  readonly from: number
  readonly to: number
}

export interface End {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface StartOptions {
  readonly crash?: CrashPoint
  readonly flags?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Modules that it loads before anything else. */
  readonly imports?: readonly string[]
  /** A file to which its output is added. */
  readonly log?: string
  /** Where it runs, and listens. */
  readonly host?: Host
}

export class Server {
  /** Empty until it listens. */
  url = ''
  readonly ended: Promise<End>
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  readonly #listening: Promise<void>

  constructor(data: string, { crash, flags = [], env = {}, imports = [], log, host = HERE }: StartOptions) {
    const before = ['--disable-warning=FSTDEP023', ...imports.map((path) => `--import=${path}`)]
    const program = [process.execPath, ...before, crash === undefined ? MAIN : CRASH_MAIN, 'serve']
    const words = ['--listen', `${host.address}:0`, '--data', data, ...flags]
    const [command = '', ...args] = [...host.within, ...program, ...words]
    this.#child = spawn(command, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        COLOPHON_DIALECTS: 'rekor-v2',
        ...CHILD_ENV,
        ...env,
        ...(crash && { COLOPHON_FAULT_CRASH: JSON.stringify(crash) }),
      },
    })
    const orphan = () => this.#child.kill('SIGKILL') // a test that dies leaves no server behind
    process.once('exit', orphan)
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      process.off('exit', orphan)
      return { code, signal }
    })
    this.#listening = new Promise((resolve) => this.#watch(resolve, log))
  }

  /** Once `GET /readyz` answers 200: true. False when the process ended before. */
  async ready(): Promise<boolean> {
    const gone = this.ended.then(() => false)
    if (!(await Promise.race([gone, this.#listening.then(() => true)]))) return false
    for (;;) {
      const status = await Promise.race([
        gone,
        fetch(`${this.url}/readyz`).then(
          (answer) => answer.status,
          () => false,
        ),
      ])
      if (status === 200) return true
      if (status === false && (this.#child.exitCode !== null || this.#child.signalCode !== null)) return false
      await sleep(10)
    }
  }

  /** SIGKILL, and wait until it is gone. */
  async kill(): Promise<End> {
    this.#child.kill('SIGKILL')
    return await this.ended
  }

  /** SIGSTOP, SIGCONT, or what one of its `imports` listens to. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** SIGTERM, and SIGKILL when that is not heard in 30 s. */
  async stop(): Promise<End> {
    this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS)
    const end = await this.ended
    clearTimeout(late)
    return end
  }

  output(): string {
    return this.#lines.join('\n')
  }

  /** The codes of what it warned of, each as often as it did. */
  warnings(): string[] {
    return this.#lines.flatMap((line) =>
      levelOf(line) === WARN_LEVEL ? (/"code":"([A-Z_]+)"/.exec(line)?.[1] ?? []) : [],
    )
  }

  /** Lines of its log that report an error. */
  errors(): string[] {
    return this.#lines.filter((line) => levelOf(line) >= ERROR_LEVEL)
  }

  #watch(listening: () => void, log: string | undefined): void {
    for (const stream of [this.#child.stdout, this.#child.stderr])
      if (stream !== null)
        createInterface(stream).on('line', (line) => {
          this.#lines.push(line)
          if (log !== undefined) appendFileSync(log, `${line}\n`)
          const [, address] = /"address":"([^"]+)".*"msg":"listening"/.exec(line) ?? []
          if (address === undefined) return
          this.url = address
          listening()
        })
  }
}

/** 0 for a line that is no log line, and for one that the end of the process cut off. */
function levelOf(line: string): number {
  return Number(/^\{"level":(\d+)/.exec(line)?.[1] ?? 0)
}
