#!/usr/bin/env node
/** The composition root: the only file that touches environment, clock and signals. */

import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import type { World } from './cli/world.ts'
import { unixMillis } from './kernel/brand.ts'
import type { OnStep } from './log/steps.ts'

const NODE_FLOOR = 24

/** @param onStep sees every step of every log: the fault tests, which start this file from their own, end the process there. */
export async function main(onStep: OnStep = () => undefined): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) < NODE_FLOOR) {
    process.stderr.write(`colophon needs Node ${NODE_FLOOR} or newer; this is ${process.version}\n`)
    process.exit(2)
  }
  const { run } = await import('./cli/run.ts') // after the check: an older Node crashes on what this loads
  process.exitCode = await run(process.argv.slice(2), realWorld(onStep))
}

function realWorld(onStep: OnStep): World {
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
    stopped: new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal))
    }),
    onHangup(listener) {
      process.on('SIGHUP', listener)
      return () => process.off('SIGHUP', listener)
    },
    ask: process.stdin.isTTY === true ? askOnTerminal : undefined,
    input: () => process.stdin,
    random: (bytes) => randomBytes(bytes),
    onStep,
  }
}

async function askOnTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question(question)
  } finally {
    terminal.close()
  }
}

// Undefined on a Node that is too old to know it, and that must be told so.
if (import.meta.main !== false) await main()
