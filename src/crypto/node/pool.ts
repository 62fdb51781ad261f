/**
 * Worker threads that check signatures in batches.
 *
 * Checks gather for one turn of the event loop, and for as long as every worker has its two batches; so a busy pool sends
 * few large messages and an idle one answers at once. Workers start with the first check, do not keep the process alive
 * when idle, and are replaced when they die. Trusted: their verdicts.
 */

import { Worker } from 'node:worker_threads'
import { TlogError } from '../../kernel/error.ts'
import type { Algorithm } from '../algorithms.ts'
import { type Job, jobBytes, packJobs } from './job.ts'
import { BAD, GOOD } from './verdicts.ts'

export interface PoolLimits {
  readonly workers: number
  /** How much work may wait, in estimated time of one worker. Above it, LOG_BUSY. */
  readonly waitingMs: number
}

/** Rough times of one check over a digest. They only bound queue and batch, so that slow curves do not hold up others. */
const COST_US: Readonly<Record<Algorithm['keyDetails'], number>> = {
  PKIX_ECDSA_P256_SHA_256: 140,
  PKIX_ECDSA_P384_SHA_384: 1200,
  PKIX_ECDSA_P521_SHA_512: 2600,
  PKIX_RSA_PKCS1V15_2048_SHA256: 60,
  PKIX_RSA_PKCS1V15_3072_SHA256: 80,
  PKIX_RSA_PKCS1V15_4096_SHA256: 100,
  PKIX_ED25519_PH: 1300,
}

const MAX_WAITING_BYTES = 64 * 1024 * 1024
const BATCH_US = 10_000
/** Below it a message costs more than it carries. */
const MIN_BATCH = 8
const MAX_BATCH = 64
/** One being checked, one on its way. */
const BATCHES_PER_WORKER = 2

interface Waiting {
  readonly job: Job
  readonly resolve: (isGood: boolean) => void
  readonly reject: (reason: Error) => void
}

interface Member {
  readonly worker: Worker
  /** Oldest first; a worker answers in order. */
  readonly batches: Waiting[][]
}

export class Pool {
  readonly #script: URL
  #limits: PoolLimits
  #members: Member[] = []
  #waiting: Waiting[] = []
  #waitingUs = 0
  #waitingBytes = 0
  #flush: NodeJS.Immediate | null = null

  constructor(script: URL, limits: PoolLimits) {
    this.#script = script
    this.#limits = limits
  }

  /** Holds from the next batch on. Workers above the number end when they are idle. */
  set limits(limits: PoolLimits) {
    this.#limits = limits
  }

  /**
   * Whether the signature is good.
   * @throws TlogError LOG_BUSY when too much waits; LOG_CLOSED when the pool is closed meanwhile. Error when the worker dies.
   */
  async check(job: Job): Promise<boolean> {
    if (this.#waitingUs >= this.#limits.waitingMs * 1000 || this.#waitingBytes >= MAX_WAITING_BYTES)
      throw new TlogError('LOG_BUSY', `${this.#waiting.length} signatures wait to be checked already`)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject })
      this.#count(job, 1)
      this.#flush ??= setImmediate(() => this.#send())
    })
  }

  /** Ends the workers and fails what they hold. A later check starts new ones. */
  async close(): Promise<void> {
    const members = this.#members.splice(0)
    const left = [
      ...members.flatMap(({ batches }) => batches.splice(0).flat()),
      ...this.#take(Number.POSITIVE_INFINITY),
    ]
    for (const { reject } of left) reject(new TlogError('LOG_CLOSED', 'signature checking was shut down'))
    await Promise.all(members.map(({ worker }) => worker.terminate()))
  }

  #count({ algorithm, ...job }: Job, sign: 1 | -1): void {
    this.#waitingUs += sign * COST_US[algorithm.keyDetails]
    this.#waitingBytes += sign * jobBytes({ algorithm, ...job })
  }

  /** Gives every free place in a worker an even share of what waits. */
  #send(): void {
    this.#flush = null
    while (this.#waiting.length > 0) {
      const member = this.#freest()
      if (member === null) return
      const batch = this.#take(Math.max(MIN_BATCH, Math.ceil(this.#waiting.length / this.#limits.workers)))
      const packed = packJobs(batch.map(({ job }) => job))
      member.batches.push(batch)
      member.worker.ref()
      member.worker.postMessage(packed, [packed.buffer])
    }
  }

  /** The oldest that wait: at most `count`, MAX_BATCH and BATCH_US, but one at least. */
  #take(count: number): Waiting[] {
    let end = 0
    let cost = 0
    const limit = count === Number.POSITIVE_INFINITY ? count : Math.min(count, MAX_BATCH)
    for (const { job } of this.#waiting) {
      cost += COST_US[job.algorithm.keyDetails]
      if (end >= limit || (end > 0 && cost > BATCH_US && limit <= MAX_BATCH)) break
      this.#count(job, -1)
      end++
    }
    return this.#waiting.splice(0, end)
  }

  #freest(): Member | null {
    let best = this.#members[0]
    for (const member of this.#members) if (member.batches.length < (best?.batches.length ?? 0)) best = member
    if ((best === undefined || best.batches.length > 0) && this.#members.length < this.#limits.workers)
      return this.#start()
    return best !== undefined && best.batches.length < BATCHES_PER_WORKER ? best : null
  }

  #start(): Member {
    const worker = new Worker(this.#script)
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
    if (member.batches.length === 0) member.worker.unref()
    this.#send()
  }

  #bury(member: Member, cause: unknown): void {
    const at = this.#members.indexOf(member)
    if (at >= 0) this.#members.splice(at, 1)
    const error = new Error('the thread that checked this signature died', { cause })
    for (const { reject } of member.batches.splice(0).flat()) reject(error)
    this.#send()
  }
}
