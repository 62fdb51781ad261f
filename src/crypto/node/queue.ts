/** Checks that wait for a worker, oldest first, bounded by the work and the memory they stand for. */

import type { Algorithm } from '../algorithms.ts'
import { type Job, jobBytes } from './job.ts'

export interface Waiting {
  readonly job: Job
  readonly resolve: (isGood: boolean) => void
  readonly reject: (reason: Error) => void
}

/** Rough times of one check over a digest. They bound queue and batches, so that slow curves do not hold up the others. */
const COST_US: Readonly<Record<Algorithm['keyDetails'], number>> = {
  PKIX_ECDSA_P256_SHA_256: 140,
  PKIX_ECDSA_P384_SHA_384: 1200,
  PKIX_ECDSA_P521_SHA_512: 2600,
  PKIX_RSA_PKCS1V15_2048_SHA256: 60,
  PKIX_RSA_PKCS1V15_3072_SHA256: 80,
  PKIX_RSA_PKCS1V15_4096_SHA256: 100,
  PKIX_ED25519_PH: 1300,
  PKIX_ECDSA_P384_SHA_256: 1200,
  PKIX_ECDSA_P521_SHA_256: 2600,
}

const MAX_BYTES = 64 * 1024 * 1024
const BATCH_US = 10_000
const MAX_BATCH = 64

export class Queue {
  #items: Waiting[] = []
  #costUs = 0
  #bytes = 0

  get length(): number {
    return this.#items.length
  }

  /** Whether `limitMs` of work, or too many bytes, wait already. One large check is let in when nothing else waits. */
  isFull(limitMs: number): boolean {
    return this.#costUs >= limitMs * 1000 || this.#bytes >= MAX_BYTES
  }

  push(item: Waiting): void {
    this.#items.push(item)
    this.#count(item, 1)
  }

  /** The oldest: at most `count`, 64, and 10 ms of work, but one at least. */
  takeBatch(count: number): Waiting[] {
    let end = 0
    let costUs = 0
    for (const { job } of this.#items) {
      costUs += COST_US[job.algorithm.keyDetails]
      if (end > 0 && (end >= Math.min(count, MAX_BATCH) || costUs > BATCH_US)) break
      end++
    }
    return this.#take(end)
  }

  takeAll(): Waiting[] {
    return this.#take(this.#items.length)
  }

  #take(count: number): Waiting[] {
    const taken = this.#items.splice(0, count)
    for (const item of taken) this.#count(item, -1)
    return taken
  }

  #count({ job }: Waiting, sign: 1 | -1): void {
    this.#costUs += sign * COST_US[job.algorithm.keyDetails]
    this.#bytes += sign * jobBytes(job)
  }
}
