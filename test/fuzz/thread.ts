/** A campaign in a thread: watched, so that neither a hang nor a full heap goes unseen. */

import { Worker } from 'node:worker_threads'
import type { Outcome } from './campaign.ts'

export interface Order {
  /** The module that exports TARGETS, and the target's name. */
  readonly table: URL
  readonly target: string
  /** Whose coverage guides: a part of the paths of its files. */
  readonly guide: string
  readonly seed: string
  readonly seconds: number
  /** Whether the first finding is enough. */
  readonly isOverAtFirst: boolean
  readonly start: readonly Uint8Array[]
  /** Of the thread's own time, in one input: a hang. */
  readonly hangMs: number
}

export interface Answer extends Outcome {
  readonly kind: 'done'
  /** Characters of source that ran. */
  readonly covered: number
}

export type Message = Answer | { readonly kind: 'found'; readonly input: Uint8Array; readonly why: string }

/** What the thread is given. */
export interface Given extends Omit<Order, 'table' | 'hangMs'> {
  readonly table: string
  /** Two counters, inputs begun and the length of the newest one; then its bytes. */
  readonly shared: SharedArrayBuffer
}

export const MAX_BYTES = 64 * 1024
/** A parser that needs more for 64 KiB is not bounded. */
const HEAP_MB = 256

/** Null when an input ended the thread, which is a finding like any other. */
export async function runThread(order: Order, found: (input: Uint8Array, why: string) => void): Promise<Answer | null> {
  const shared = new SharedArrayBuffer(8 + MAX_BYTES)
  const { table, hangMs, ...rest } = order
  const given: Given = { ...rest, table: table.href, shared }
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: given,
    // Far above what is a finding: V8 would end the whole process, and the input were lost.
    resourceLimits: { maxOldGenerationSizeMb: 8 * HEAP_MB },
  })
  const counters = new Int32Array(shared, 0, 2)
  try {
    return await answerOf(worker, () => counters[0] ?? 0, hangMs, found)
  } catch (error) {
    found(new Uint8Array(shared, 8, counters[1]).slice(), (error as Error).message)
    return null
  } finally {
    await worker.terminate()
  }
}

/** Rejects when the thread dies, begins no input for so long that it hangs in one, or holds too much. */
function answerOf(
  worker: Worker,
  begun: () => number,
  hangMs: number,
  found: (input: Uint8Array, why: string) => void,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const notRunning = () => {} // not yet, or no more
  let before = { inputs: -1, ms: 0 }
  const hangs = setInterval(() => {
    const inputs = begun()
    void worker.cpuUsage().then(({ user, system }) => {
      const ms = (user + system) / 1000
      if (inputs !== before.inputs) before = { inputs, ms }
      else if (ms - before.ms > hangMs) reject(new Error(`no end in ${hangMs} ms`))
    }, notRunning)
  }, hangMs / 2)
  const weigh = ({ used_heap_size: used }: { readonly used_heap_size: number }) => {
    if (used > HEAP_MB * 2 ** 20) reject(new Error(`over ${HEAP_MB} MiB of memory`))
  }
  const holds = setInterval(() => void worker.getHeapStatistics().then(weigh, notRunning), 200)
  worker.on('message', (message: Message) => {
    if (message.kind === 'found') found(message.input, message.why)
    else resolve(message)
  })
  worker.on('error', reject)
  worker.on('exit', () => reject(new Error('the thread ended')))
  return promise.finally(() => {
    clearInterval(hangs)
    clearInterval(holds)
  })
}
