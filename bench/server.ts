/** A server of its own for a measurement, and what it costs. */

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Dialect, type Filling, fillDirectory } from './fill.ts'

export interface Served {
  readonly port: number
  readonly data: string
  usage(): Usage
  /** Of the database and its WAL. */
  bytesOnDisk(): number
  stop(): Promise<void>
}

export interface Usage {
  /** Resident memory. */
  readonly rssMiB: number
  /** Of processors, so far. */
  readonly cpuSeconds: number
  /** Of them on the main thread, which there is only one of. */
  readonly mainSeconds: number
}

/** As `npm start` has it: young garbage is collected before it makes the process large. */
const HEAP = ['--max-semi-space-size=16'] // MiB

const CLOCK_TICKS = 100 // of /proc, on every Linux that Node runs on

export interface ServerOptions {
  readonly dialect: Dialect
  /** Entries that the log holds before the first request. */
  readonly filled?: number
  readonly entryOf?: Filling['entryOf']
  /** Where that log is, or is made, to be used again. Default: a place of its own, removed in the end. */
  readonly keep?: string | undefined
  /** Settings, as flags. */
  readonly flags?: readonly string[]
}

export async function startServer(options: ServerOptions): Promise<Served> {
  const { dialect, filled = 0, entryOf, keep, flags = [] } = options
  const data = keep ?? mkdtempSync(join(tmpdir(), 'colophon-bench-'))
  if (filled > 0 && !existsSync(join(data, 'log')))
    await fillDirectory(join(data, 'log'), { dialect, count: filled, entryOf })
  const main = new URL('../src/main.ts', import.meta.url).pathname
  const profile =
    process.env.BENCH_PROFILE === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`]
  const child = spawn(
    process.execPath,
    [...HEAP, ...profile, main, 'serve', '--listen', '127.0.0.1:0', '--data', join(data, 'log'), ...flags],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, COLOPHON_DIALECTS: dialect },
    },
  )
  const port = await listeningPort(child)
  return {
    port,
    data,
    usage: () => usageOf(child.pid as number),
    bytesOnDisk: () => ['log.db', 'log.db-wal'].reduce((sum, name) => sum + sizeOf(join(data, 'log', name)), 0),
    async stop() {
      child.kill('SIGTERM')
      while (child.exitCode === null && child.signalCode === null) await sleep(20)
      if (keep === undefined) rmSync(data, { recursive: true, force: true })
    },
  }
}

async function listeningPort(child: ChildProcess): Promise<number> {
  let output = ''
  for await (const chunk of child.stdout as NodeJS.ReadableStream) {
    output += String(chunk)
    const found = /"address":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(output)
    if (found !== null) {
      ;(child.stdout as NodeJS.ReadableStream).on('data', () => undefined).resume()
      return Number(found[1])
    }
  }
  throw new Error(`the server did not start: ${output}`)
}

export function usageOf(pid: number): Usage {
  const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  const secondsOf = (stat: string) => {
    const fields = readFileSync(stat, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS
  }
  // Of a process that has ended nothing is left but its row in the table.
  return {
    rssMiB: Number(rss ?? 0) / 1024,
    cpuSeconds: secondsOf(`/proc/${pid}/stat`),
    mainSeconds: secondsOf(`/proc/${pid}/task/${pid}/stat`),
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
