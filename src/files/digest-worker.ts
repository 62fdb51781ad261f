/** A thread that hashes parts of a file, while another hashes the whole. An exception ends it, and is heard there. */

import { readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { DigestJob } from './digest-parts.ts'
import { digestRanges } from './digest-ranges.ts'

const PIECE = 1024 * 1024

const { fd, size, wanted }: DigestJob = workerData

/** By place: where the file is, is the other thread's. */
async function* chunks(): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(PIECE)
  for (let at = 0; ; ) {
    const length = readSync(fd, buffer, 0, PIECE, at)
    if (length === 0) return
    yield buffer.subarray(0, length)
    at += length
  }
}

parentPort?.postMessage(await digestRanges(chunks(), size, wanted))
