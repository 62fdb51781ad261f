/** All fault tests that end processes: `npm run fault -- [--rounds 200] [--seed TEXT] [--only kill,crash,concurrency,nodes,partitions]`. Exit code 1 on any finding. */

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { concurrency } from './concurrency.ts'
import { crashPoints } from './crash.ts'
import { killRounds } from './kill.ts'
import { nodeRounds } from './nodes.ts'
import { partitionRounds } from './partitions.ts'
import type { Stage } from './scene.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: randomBytes(4).toString('hex') },
    only: { type: 'string', default: 'kill,crash,concurrency,nodes,partitions' },
  },
})

const PARTS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  kill: (stage) => killRounds(stage, Number(values.rounds)),
  crash: crashPoints,
  concurrency,
  nodes: (stage) => nodeRounds(stage, Number(values.rounds)),
  partitions: (stage) => partitionRounds(stage, Number(values.rounds)),
}

const stage: Stage = {
  folder: mkdtempSync(join(tmpdir(), 'colophon-fault-')),
  seed: values.seed,
  restarts: [],
  findings: [],
  say: (line) => console.log(line),
}

for (const name of values.only.split(',')) await play(name)
summarize()

async function play(name: string): Promise<void> {
  const part = PARTS[name]
  if (part === undefined) throw new Error(`no such part: ${name}; there are ${Object.keys(PARTS).join(', ')}`)
  const before = performance.now()
  stage.say(`${name}: seed ${stage.seed}`)
  try {
    await part(stage)
  } catch (error) {
    stage.findings.push(`${name}: ${(error as Error).stack}`)
  }
  stage.say(`${name}: ${((performance.now() - before) / 1000).toFixed(0)} s`)
}

function summarize(): void {
  const sorted = stage.restarts.toSorted((a, b) => a - b)
  const at = (part: number) => `${Math.round(sorted[Math.ceil(sorted.length * part) - 1] ?? 0)} ms`
  stage.say(`${sorted.length} starts, to /readyz: p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`)
  if (stage.findings.length === 0) {
    rmSync(stage.folder, { recursive: true })
    stage.say('no findings')
    return
  }
  stage.say(`${stage.findings.length} FINDINGS; the data is kept in ${stage.folder}; again with --seed ${stage.seed}`)
  for (const finding of stage.findings) stage.say(`- ${finding}`)
  process.exitCode = 1
}
