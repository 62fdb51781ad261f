/**
 * Coverage-guided fuzzing of the parsers:
 * `npm run fuzz -- [--seconds 30 | --total 600] [--target note,json] [--seed TEXT] [--jobs 2] [--save]`.
 * Each target runs so many seconds of its thread's own time, or its share of a total; `--jobs` of them run at a time. A
 * finding becomes a file in test/vectors/fuzz/<target>/, which the tests then run for ever; `--save` writes the corpus
 * there too. Exit code 1 on any finding.
 */

import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { readCorpus, readFindings, writeCorpus, writeFinding } from './corpus.ts'
import { TARGETS, targetOf } from './targets.ts'
import { MODELS } from './targets-models.ts'
import { runThread } from './thread.ts'

/** The formats of model files: large, and read by nobody else on the way. */
const READERS = new Set(['gguf', 'safetensors', 'llamafile', 'oms'])

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    total: { type: 'string' },
    target: { type: 'string', default: TARGETS.map(({ name }) => name).join(',') },
    seed: { type: 'string', default: randomBytes(4).toString('hex') },
    jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    save: { type: 'boolean', default: false },
  },
})

const table = new URL('targets.ts', import.meta.url)
const queue = values.target.split(',').map((name) => targetOf(name).name)
let findings = 0
const secondsOf = schedule(queue)
console.log(`fuzz: seed ${values.seed}, ${queue.length} targets`)
await Promise.all(Array.from({ length: Number(values.jobs) }, work))
console.log(findings === 0 ? 'no findings' : `${findings} FINDINGS; again with --seed ${values.seed}`)
process.exitCode = findings === 0 ? 0 : 1

/** Of a total, a reader has fifteen shares, what else reads models three, the others one. */
function schedule(names: readonly string[]): (name: string) => number {
  const shares = (name: string) => (READERS.has(name) ? 15 : MODELS.some((model) => model.name === name) ? 3 : 1)
  const all = names.reduce((sum, name) => sum + shares(name), 0)
  return (name) => (values.total === undefined ? Number(values.seconds) : (Number(values.total) * shares(name)) / all)
}

async function work(): Promise<void> {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) await fuzz(name)
}

async function fuzz(target: string): Promise<void> {
  const [seconds, seed] = [secondsOf(target), values.seed]
  const start = [...readCorpus(target), ...readFindings(target).map(({ bytes }) => bytes)]
  const answer = await runThread(
    { table, target, guide: '/src/', seed, seconds, start, isOverAtFirst: false, hangMs: 15_000 },
    (input, why) => {
      findings += 1
      console.log(`${target}: FOUND ${relative('.', writeFinding(target, input))}: ${why}`)
    },
  )
  if (answer === null) return
  const { inputs, accepted, corpus, covered } = answer
  if (values.save) writeCorpus(target, corpus)
  const rate = Math.round(inputs / seconds)
  console.log(
    `${target}: ${seconds.toFixed(1)} s, ${inputs} inputs, ${rate}/s, ${accepted} accepted, corpus ${corpus.length}, ${covered} characters run`,
  )
}
