/** Workers out of the page itself: their sources are text in it, so that one file is all there is. */

import type { Abilities } from '../../verify/index.ts'
import type { Hashed, HashJob } from './hash-worker.ts'
import type { MlDsaJob } from './ml-dsa-worker.ts'
import type { News, OnBytes } from './worker.ts'

/** Whoever cancelled hears this in place of an answer. */
export class Cancelled extends Error {}

/** @throws Error when the file cannot be read, Cancelled */
export function hashFile(job: HashJob, onBytes: OnBytes, cancel: AbortSignal): Promise<Hashed> {
  return ask<HashJob, Hashed>('hash-worker', job, onBytes, cancel)
}

/** What this page can check. */
export function pageAbilities(cancel: AbortSignal): Abilities {
  const ignore = () => undefined
  return {
    certificates: null,
    mlDsa44: (publicKey, message, signature) =>
      ask<MlDsaJob, boolean>('ml-dsa-worker', { publicKey, message, signature }, ignore, cancel),
  }
}

/** One question to a worker of its own, which ends with the answer. */
async function ask<Job, Answer>(id: string, job: Job, onBytes: OnBytes, cancel: AbortSignal): Promise<Answer> {
  if (cancel.aborted) throw new Cancelled()
  const url = URL.createObjectURL(new Blob([document.getElementById(id)?.textContent ?? '']))
  const worker = new Worker(url)
  try {
    return await new Promise<Answer>((resolve, reject) => {
      cancel.addEventListener('abort', () => reject(new Cancelled()), { once: true })
      worker.addEventListener('error', ({ message }) => reject(new Error(message)))
      worker.addEventListener('message', ({ data }: MessageEvent<News<Answer>>) => {
        if (data.kind === 'progress') onBytes(data.done, data.total)
        else if (data.kind === 'done') resolve(data.answer)
        else reject(new Error(data.why))
      })
      worker.postMessage(job)
    })
  } finally {
    worker.terminate()
    URL.revokeObjectURL(url)
  }
}
