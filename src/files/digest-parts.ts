/** digestRanges of an open file, on two threads where that is worth a thread: one has the file, the other its parts. */

import { once } from 'node:events'
import type { FileHandle } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import type { Pieces } from '../formats/model/byte-source.ts'
import { chunksOf, counted, type OnBytes } from './digest-file.ts'
import { digestRanges } from './digest-ranges.ts'

const SCRIPT = new URL(`./digest-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
/** A thread starts in the time in which so many bytes are hashed. */
const WORTH_A_THREAD = 64 * 2 ** 20

/** What the thread is given. The file stays open until it has answered. */
export interface DigestJob {
  readonly fd: number
  readonly size: number
  readonly wanted: readonly Pieces[]
}

/** SHA-256 of each. @throws TlogError MODEL_MALFORMED as digestRanges does; the system's error */
export async function digestParts(
  file: FileHandle,
  { size, wanted, onBytes }: { readonly size: number; readonly wanted: readonly Pieces[]; readonly onBytes: OnBytes },
): Promise<readonly Uint8Array[]> {
  const isElsewhere = wanted.map(beginsLater)
  const parts = wanted.filter((_, i) => isElsewhere[i])
  const chunks = counted(chunksOf(file), size, onBytes)
  if (lengthOf(parts) < WORTH_A_THREAD) return await digestRanges(chunks, size, wanted)
  const rest = wanted.filter((_, i) => !isElsewhere[i])
  const there = onThread({ fd: file.fd, size, wanted: parts })
  // Whoever closes the file closes it for the thread: both have ended before this returns, whatever happens.
  const [own, others] = (await settled([digestRanges(chunks, size, rest), there])).map((digests) => digests.values())
  return isElsewhere.map((elsewhere) => (elsewhere ? others : own)?.next().value as Uint8Array)
}

async function settled<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work)
  return await Promise.all(work)
}

function beginsLater([first]: Pieces): boolean {
  return first !== undefined && !(first instanceof Uint8Array) && first.from > 0
}

function lengthOf(wanted: readonly Pieces[]): number {
  const lengths = wanted.flat().map((piece) => (piece instanceof Uint8Array ? 0 : piece.to - piece.from))
  return lengths.reduce((sum, length) => sum + length, 0)
}

async function onThread(workerData: DigestJob): Promise<readonly Uint8Array[]> {
  const worker = new Worker(SCRIPT, { execArgv: [], workerData })
  try {
    const [digests] = await once(worker, 'message') // rejects on 'error'
    return digests
  } finally {
    await worker.terminate()
  }
}
