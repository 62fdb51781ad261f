/** One campaign in a thread of its own, whose heap is bounded and whose input the main thread can see. */

import { parentPort, workerData } from 'node:worker_threads'
import { Coverage } from './coverage.ts'
import type { Target } from './oracle.ts'
import { randomOf } from './random.ts'
import type { Given, Message } from './thread.ts'

const { table, target: name, guide, seed, seconds, start, shared, isOverAtFirst } = workerData as Given

// First: what is compiled before it has no counters for its blocks.
const coverage = new Coverage(guide)
const { play } = await import('./campaign.ts')
const { TARGETS } = (await import(table)) as { TARGETS: readonly Target[] }

const target = TARGETS.find((one) => one.name === name)
if (target === undefined) throw new Error(`no target ${name}`)
const counters = new Int32Array(shared, 0, 2)
const newest = new Uint8Array(shared, 8)
/** Of this thread's own work, in milliseconds: on a busy machine another's would make a parser look slow. */
const now = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
const end = now() + seconds * 1000
const told = new Set<string>()
const post = (message: Message) => parentPort?.postMessage(message)

const outcome = await play({
  target,
  coverage,
  random: randomOf(`${seed} ${name}`),
  start,
  maxBytes: newest.length,
  goOn: () => now() < end && !(isOverAtFirst && told.size > 0),
  now,
  about(input) {
    const length = Math.min(input.length, newest.length)
    newest.set(input.subarray(0, length))
    counters[1] = length
    counters[0] = (counters[0] ?? 0) + 1
  },
  found(input, why) {
    if (told.has(why)) return
    told.add(why)
    post({ kind: 'found', input, why })
  },
})
post({ kind: 'done', ...outcome, covered: coverage.covered })
