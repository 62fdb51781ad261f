/**
 * Worker threads that check signatures in batches.
 *
 * Checks gather for one turn of the event loop, and for as long as every worker has its two batches; so a busy pool sends
 * few large messages and an idle one answers at once. Workers start with the first check, do not keep the process alive
 * when idle, and are replaced when they die. Trusted: their verdicts.
 */

import { Worker } from 'node:worker_threads'
import { TlogError } from '../../kernel/error.ts'
import { type Job, packJobs } from './job.ts'
import { Queue, type Waiting } from './queue.ts'
import { BAD, GOOD } from './verdicts.ts'

export interface PoolLimits {
  readonly workers: number
  /** How much work may wait, in estimated time of one worker. Above it, LOG_BUSY. */
  readonly waitingMs: number
}

/** Far above need; a worker that passes it dies alone, not with the process. Its garbage is collected early. */
const HEAP = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 }

/** Below it a message costs more than it carries. */
const MIN_BATCH = 8
/** One being checked, one on its way. */
const BATCHES_PER_WORKER = 2

interface Member {
  readonly worker: Worker
  /** Oldest first; a worker answers in order. */
  readonly batches: Waiting[][]
}

export class Pool {
  readonly #script: URL
  readonly #queue = new Queue()
  #limits: PoolLimits
  #members: Member[] = []
  #turn: NodeJS.Immediate | null = null

  constructor(script: URL, limits: PoolLimits) {
    this.#script = script
    this.#limits = limits
  }

  /** Workers above the new number end when they have nothing to do. */
  set limits(limits: PoolLimits) {
    this.#limits = limits
    for (const member of this.#members) this.#rest(member)
  }

  /**
   * Whether the signature is good.
   * @throws TlogError LOG_BUSY when too much waits; LOG_CLOSED when the pool is closed meanwhile. Error when the worker dies.
   */
  check(job: Job): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (this.#queue.isFull(this.#limits.waitingMs))
        throw new TlogError('LOG_BUSY', `${this.#queue.length} signatures wait to be checked already`)
      this.#queue.push({ job, resolve, reject })
      this.#turn ??= setImmediate(() => {
        this.#turn = null
        this.#send()
      })
    })
  }

  /** Ends the workers and fails what they hold. A later check starts new ones. */
  async close(): Promise<void> {
    const members = this.#members.splice(0)
    const held = [...members.flatMap(({ batches }) => batches.splice(0).flat()), ...this.#queue.takeAll()]
    for (const { reject } of held) reject(new TlogError('LOG_CLOSED', 'signature checking was shut down'))
    await Promise.all(members.map(({ worker }) => worker.terminate()))
  }

  #send(): void {
    while (this.#queue.length > 0) {
      const member = this.#free()
      if (member === null) return
      const share = Math.ceil(this.#queue.length / this.#limits.workers)
      const batch = this.#queue.takeBatch(Math.max(MIN_BATCH, share))
      const packed = packJobs(batch.map(({ job }) => job))
      member.batches.push(batch)
      member.worker.ref()
      member.worker.postMessage(packed, [packed.buffer])
    }
  }

  /** An idle worker, else a new one, else one with a place left, else none. */
  #free(): Member | null {
    const [best] = this.#members.toSorted((a, b) => a.batches.length - b.batches.length)
    if (best?.batches.length === 0) return best
    if (this.#members.length < this.#limits.workers) return this.#start()
    return best !== undefined && best.batches.length < BATCHES_PER_WORKER ? best : null
  }

  #start(): Member {
    // The process's own flags may not suit a worker: --input-type stops one.
    const worker = new Worker(this.#script, { execArgv: [], resourceLimits: HEAP })
    const member: Member = { worker, batches: [] }
    worker.unref()
    worker.on('message', (verdicts: Uint8Array) => this.#settle(member, verdicts))
    worker.on('error', (cause) => this.#bury(member, cause))
    worker.on('exit', (code) => this.#bury(member, new Error(`exit code ${code}`)))
    this.#members.push(member)
    return member
  }

  #settle(member: Member, verdicts: Uint8Array): void {
    const batch = member.batches.shift() ?? []
    for (const [i, { resolve, reject }] of batch.entries()) {
      const verdict = verdicts[i]
      if (verdict === GOOD || verdict === BAD) resolve(verdict === GOOD)
      else reject(new Error('a signature was not checked'))
    }
    this.#send()
    this.#rest(member)
  }

  /** Lets an idle worker go: the process may exit, and the worker itself when there are too many. */
  #rest(member: Member): void {
    if (member.batches.length > 0) return
    member.worker.unref()
    if (this.#members.length <= this.#limits.workers) return
    this.#members = this.#members.filter((other) => other !== member)
    void member.worker.terminate()
  }

  #bury(member: Member, cause: unknown): void {
    this.#members = this.#members.filter((other) => other !== member)
    const error = new Error('the thread that checked this signature died', { cause })
    for (const { reject } of member.batches.splice(0).flat()) reject(error)
    this.#send()
  }
}
