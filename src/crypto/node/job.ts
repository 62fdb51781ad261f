/** Checks on their way to a worker: many in one buffer, which is moved, not copied. */

import { type Algorithm, CHECKED } from '../algorithms.ts'

/** A check whose form was found good. */
export interface Job {
  readonly algorithm: Algorithm
  /** What `subject` is. */
  readonly over: 'digest' | 'message'
  /** SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  readonly signature: Uint8Array
  readonly subject: Uint8Array
}

/** algorithm u8, over u8, three lengths u32. */
const HEADER = 14

export function jobBytes({ spki, signature, subject }: Job): number {
  return HEADER + spki.length + signature.length + subject.length
}

export function packJobs(jobs: readonly Job[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(jobs.reduce((sum, job) => sum + jobBytes(job), 0))
  const view = new DataView(out.buffer)
  let at = 0
  for (const job of jobs) {
    const parts = [job.spki, job.signature, job.subject]
    view.setUint8(at, CHECKED.indexOf(job.algorithm))
    view.setUint8(at + 1, job.over === 'digest' ? 0 : 1)
    for (const [i, part] of parts.entries()) view.setUint32(at + 2 + 4 * i, part.length)
    at += HEADER
    for (const part of parts) {
      out.set(part, at)
      at += part.length
    }
  }
  return out
}

/** Views into `packed`. The inverse of packJobs, whose work is trusted: it is this process. */
export function unpackJobs(packed: Uint8Array): Job[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length)
  const jobs: Job[] = []
  let at = 0
  const take = (length: number) => {
    at += length
    return packed.subarray(at - length, at)
  }
  while (at < packed.length) {
    const start = at
    const algorithm = CHECKED[view.getUint8(start)]
    if (algorithm === undefined) throw new RangeError('a job for an algorithm that is not in the list')
    at += HEADER
    jobs.push({
      algorithm,
      over: view.getUint8(start + 1) === 0 ? 'digest' : 'message',
      spki: take(view.getUint32(start + 2)),
      signature: take(view.getUint32(start + 6)),
      subject: take(view.getUint32(start + 10)),
    })
  }
  return jobs
}
