#!/usr/bin/env node
/** The composition root: the only file that touches environment, clock and signals. */

import { randomBytes } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Interface } from 'node:readline/promises'
import type { World } from './cli/world.ts'
import { unixMillis } from './kernel/brand.ts'

const NODE_FLOOR = 24
const IS_BUILT = import.meta.url.endsWith('.js')

/** @param onStep sees every step of every log, and of a witness: the fault tests, which start this file from their own, end the process there. */
export async function main(onStep: World['onStep'] = () => undefined): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) < NODE_FLOOR) {
    process.stderr.write(`colophon needs Node ${NODE_FLOOR} or newer; this is ${process.version}\n`)
    process.exit(2)
  }
  if (IS_BUILT) await keepCompiled()
  process.stdout.on('error', endUnlessUnread)
  process.stderr.on('error', endUnlessUnread)
  const { run } = await import('./cli/run.ts') // after the check: an older Node crashes on what this loads
  process.exitCode = await run(process.argv.slice(2), realWorld(onStep))
}

/**
 * Lets Node keep what it compiles for the next start: a third of the time of a short command. Only in a folder that
 * nobody else can write, as the code in it is believed; where there is none, nothing is kept. NODE_COMPILE_CACHE and
 * NODE_DISABLE_COMPILE_CACHE go before.
 */
async function keepCompiled(): Promise<void> {
  const { XDG_CACHE_HOME: stated = '', HOME: home = '' } = process.env
  const cache = isAbsolute(stated) ? stated : join(home, '.cache')
  if (!isAbsolute(cache)) return
  const folder = join(cache, 'colophon', 'compiled')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = statSync(folder)
    if (uid !== process.geteuid?.() || (mode & 0o022) !== 0) return
  } catch {
    return // a system that is only read
  }
  const { enableCompileCache } = await import('node:module')
  enableCompileCache(folder)
}

/** Whoever stops reading, as `head` does, has read enough, and what came out holds. Else an answer was lost: exit code 3. */
function endUnlessUnread({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return
  process.stderr.write(`${message}\n`)
  process.exit(3)
}

function realWorld(onStep: World['onStep']): World {
  const terminal = process.stdout.isTTY === true
  return {
    env: process.env,
    clock: {
      now: () => unixMillis(Date.now()),
      after(ms, call) {
        const timer = setTimeout(call, ms)
        return () => clearTimeout(timer)
      },
    },
    print: (text) => void process.stdout.write(text),
    warn: (text) => void process.stderr.write(`${text}\n`),
    terminal,
    progress: (line) => void (process.stderr.isTTY && process.stderr.write(`\r${line}`)),
    stopped: () =>
      new Promise((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal))
      }),
    onHangup(listener) {
      process.on('SIGHUP', listener)
      return () => process.off('SIGHUP', listener)
    },
    ask: process.stdin.isTTY === true ? askOnTerminal : undefined,
    askSecret: process.stdin.isTTY === true ? askInSilence : undefined,
    input: () => process.stdin,
    random: (bytes) => randomBytes(bytes),
    onStep,
  }
}

async function askOnTerminal(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await typed(terminal, question)
  } catch {
    return '' // Ctrl-C and Ctrl-D answer no question
  } finally {
    terminal.close()
  }
}

/** @throws Error when the person gives up */
async function typed(terminal: Interface, question: string): Promise<string> {
  const closed = new Promise<never>((_, reject) => terminal.once('close', () => reject(new Error('nothing was typed'))))
  return await Promise.race([terminal.question(question), closed])
}

/** The line editor shows what is typed by writing it out: here it writes to nobody. */
async function askInSilence(question: string): Promise<string> {
  const [{ createInterface }, { Writable }] = await Promise.all([
    import('node:readline/promises'),
    import('node:stream'),
  ])
  process.stderr.write(question)
  const nobody = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nobody, terminal: true })
  try {
    return await typed(terminal, '')
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}

// Undefined on a Node that is too old to know it, and that must be told so.
if (import.meta.main !== false) await main()
