#!/usr/bin/env node
/** The composition root: the only file that touches environment, clock and signals. */

import type { World } from './cli/world.ts'
import { unixMillis } from './kernel/brand.ts'

const NODE_FLOOR = 24

async function main(): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) < NODE_FLOOR) {
    process.stderr.write(`colophon needs Node ${NODE_FLOOR} or newer; this is ${process.version}\n`)
    process.exit(2)
  }
  const { run } = await import('./cli/run.ts') // after the check: an older Node crashes on what this loads
  process.exitCode = await run(process.argv.slice(2), realWorld())
}

function realWorld(): World {
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
    onStep: () => undefined,
  }
}

await main()
