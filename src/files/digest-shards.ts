/** Digests of the parts of a file that follow one another, in one pass. */

import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { blake3 } from '@noble/hashes/blake3.js'
import type { OmsHash, Shard } from '../formats/model/oms.ts'
import { chunksOf } from './digest-file.ts'

interface Hash {
  update(bytes: Uint8Array): unknown
  digest(): Uint8Array
}

/** OpenSSL has no BLAKE3. */
const HASHES = {
  sha256: () => createHash('sha256'),
  blake2b: () => createHash('blake2b512'),
  blake3: () => blake3.create({}),
} as const satisfies Record<OmsHash, () => Hash>

export interface Shards {
  readonly digests: readonly Uint8Array[]
  /** Of the file, as far as it was read: to its end. */
  readonly bytes: number
}

/**
 * @param shards from the first byte on, each where the one before ends; empty: the whole file
 * @param onBytes hears how many bytes were read
 * @throws the system's error when the file cannot be opened or read
 */
export async function digestShards(
  path: string,
  hash: OmsHash,
  shards: readonly Shard[],
  onBytes: (done: number) => void,
): Promise<Shards> {
  const ends = shards.map(({ end }) => end)
  const hashes: Hash[] = [HASHES[hash]()]
  const file = await open(path)
  let done = 0
  try {
    for await (const chunk of chunksOf(file)) {
      for (let at = 0; at < chunk.length; ) {
        const end = ends[hashes.length - 1] ?? Number.POSITIVE_INFINITY
        const piece = chunk.subarray(at, at + Math.min(chunk.length - at, end - done))
        hashes.at(-1)?.update(piece)
        at += piece.length
        done += piece.length
        if (done === end) hashes.push(HASHES[hash]())
      }
      onBytes(done)
    }
  } finally {
    await file.close()
  }
  const wanted = shards.length === 0 ? hashes : hashes.slice(0, shards.length)
  return { digests: wanted.map((one) => new Uint8Array(one.digest())), bytes: done }
}
