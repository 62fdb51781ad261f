/** Digests of a file of any size, in one pass. The next piece is read while OpenSSL hashes the one before. */

import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { DigestName } from '../crypto/algorithms.ts'
import { HASH_NAMES } from '../crypto/node/hash-names.ts'

/** Bytes a read. Larger ones fall out of the processor's cache, smaller ones wait for the thread pool more often. */
const PIECE = 1024 * 1024

export type OnBytes = (done: number, total: number) => void

/**
 * @param names at least one
 * @param onBytes hears how far it is after each piece; the total is the file's size at the start
 * @throws the system's error when the file cannot be opened or read
 */
export async function digestFile(
  path: string,
  names: ReadonlySet<DigestName>,
  onBytes: OnBytes = () => undefined,
): Promise<ReadonlyMap<DigestName, Uint8Array>> {
  const hashes = [...names].map((name) => [name, createHash(HASH_NAMES[name])] as const)
  const file = await open(path)
  try {
    const { size } = await file.stat()
    let done = 0
    for await (const piece of chunksOf(file)) {
      for (const [, hash] of hashes) hash.update(piece)
      done += piece.length
      onBytes(done, size)
    }
  } finally {
    await file.close()
  }
  return new Map(hashes.map(([name, hash]) => [name, new Uint8Array(hash.digest())]))
}

/** From where the file is, to its end. In two buffers by turns: a piece is gone when the one after the next is asked for. */
export async function* chunksOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  const buffers = [new Uint8Array(PIECE), new Uint8Array(PIECE)] as const
  let turn = 0
  const read = () => file.read(buffers[turn++ % 2 === 0 ? 0 : 1], 0, PIECE)
  let next = read()
  for (;;) {
    const { buffer, bytesRead } = await next
    if (bytesRead === 0) return
    next = read()
    next.catch(() => undefined) // told when it is awaited
    yield buffer.subarray(0, bytesRead)
  }
}

/** `onBytes` hears how far it is after each chunk. */
export async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
  onBytes: OnBytes,
): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const chunk of chunks) {
    yield chunk
    done += chunk.length
    onBytes(done, size)
  }
}
