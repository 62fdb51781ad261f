/** A witness as a process that may die at any moment, and a log that asks it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { parseCosignature } from '../../src/formats/c2sp/cosignature.ts'
import { parseNote } from '../../src/formats/c2sp/note.ts'
import { formatVkey } from '../../src/formats/c2sp/vkey.ts'
import { hex } from '../../src/kernel/bytes.ts'
import { CHILD_ENV } from '../child-env.ts'
import { ROOT } from '../e2e/support.ts'
import { type Asked, LOG, linesOf, ORIGIN, originHash, request, type Tree } from '../witness/support.ts'
import type { CrashPoint, End } from './server.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const CRASH_MAIN = fileURLToPath(new URL('crash-main.ts', import.meta.url))

export interface WitnessProcess {
  readonly url: string
  readonly ended: Promise<End>
  readonly output: () => string
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<End>
}

export interface WitnessOptions {
  readonly crash?: CrashPoint
  /** The verifier keys of the logs. */
  readonly log?: string | readonly string[]
  readonly name?: string
  readonly port?: number
  readonly main?: string
}

/** @throws Error with its output when it ends before it listens. */
export async function startWitness(data: string, options: WitnessOptions = {}): Promise<WitnessProcess> {
  const { crash, log = formatVkey(LOG.vkey), main = crash === undefined ? MAIN : CRASH_MAIN } = options
  const { name = 'witness.example/w', port = 0 } = options
  const logs = [log].flat().flatMap((vkey) => ['--log', vkey])
  const flags = ['--name', name, '--data', data, '--listen', `127.0.0.1:${port}`, ...logs]
  const child = spawn(process.execPath, ['--disable-warning=FSTDEP023', main, 'witness', ...flags], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...CHILD_ENV, ...(crash && { COLOPHON_FAULT_CRASH: JSON.stringify(crash) }) },
  })
  const orphan = () => child.kill('SIGKILL') // a test that dies leaves no witness behind
  process.once('exit', orphan)
  const ended = once(child, 'close').then(([code, signal]): End => {
    process.off('exit', orphan)
    return { code, signal }
  })
  const lines: string[] = []
  const output = () => lines.join('\n')
  const listening = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface(stream).on('line', (line) => {
        lines.push(line)
        const [, address] = /"address":"([^"]+)".*"msg":"listening"/.exec(line) ?? []
        if (address !== undefined) resolve(address)
      })
  })
  const url = await Promise.race([listening, ended.then(() => null)])
  if (url === null) throw new Error(`it never listened\n${output()}`)
  const kill = (signal: 'SIGKILL' | 'SIGTERM') => {
    child.kill(signal)
    return ended
  }
  return { url, ended, output, kill }
}

/** What it answers, or null when it died meanwhile. */
export async function ask(url: string, body: Uint8Array): Promise<{ status: number; text: string } | null> {
  try {
    const answer = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: Buffer.from(body) })
    return { status: answer.status, text: await answer.text() }
  } catch {
    return null
  }
}

/** Size and root, in hex, of the newest checkpoint that it shows; size 0 when there is none. */
export async function shown(url: string): Promise<{ size: number; root: string }> {
  const answer = await fetch(`${url}/${hex(originHash(ORIGIN))}/checkpoint`)
  if (answer.status === 404) return { size: 0, root: '' }
  const { size, root } = parseCheckpoint(parseNote(new Uint8Array(await answer.arrayBuffer())).text)
  return { size, root: hex(root) }
}

/** Everything that one witness ever gave out, over all its lives. */
export class Given {
  readonly faults: string[] = []
  /** The largest size that was cosigned for somebody. */
  size = 0
  count = 0
  readonly #roots = new Map<number, string>()
  #time = 0

  /** Asks for a checkpoint, and notes what comes. Null: it died meanwhile. */
  async ask(url: string, tree: Tree, size: number, asked: Asked): Promise<number | null> {
    const answer = await ask(url, await request(tree, size, asked))
    if (answer?.status === 200) this.#note(size, hex(tree.root(size)), answer.text)
    return answer?.status ?? null
  }

  #note(size: number, root: string, text: string): void {
    const time = parseCosignature(linesOf(text)[0]?.signature ?? new Uint8Array(), 64).time
    const known = this.#roots.get(size)
    if (known !== undefined && known !== root) this.faults.push(`two roots of size ${size}`)
    this.#roots.set(size, root)
    this.size = Math.max(this.size, size)
    this.count++
    if (time < this.#time) this.faults.push(`the time ${time} after ${this.#time}`)
    this.#time = Math.max(this.#time, time)
  }
}
