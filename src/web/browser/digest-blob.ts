/** Digests of a file of any size, in one pass, one piece in memory. */

import type { DigestName } from '../../crypto/algorithms.ts'
import { createStreamHash } from './stream-hash.ts'

/** Bytes a read, at most. */
const PIECE = 1024 * 1024

export type OnBytes = (done: number, total: number) => void

/**
 * @param names at least one
 * @param onBytes hears how far it is, about each PIECE and at the end. What it throws ends the work.
 * @throws DOMException NotReadableError when the file has changed or is gone
 */
export async function digestBlob(
  file: Blob,
  names: ReadonlySet<DigestName>,
  onBytes: OnBytes = () => undefined,
): Promise<ReadonlyMap<DigestName, Uint8Array>> {
  const hashes = await Promise.all([...names].map(async (name) => [name, await createStreamHash(name)] as const))
  let done = 0
  let told = 0
  for await (const piece of pieces(file)) {
    for (const [, hash] of hashes) hash.update(piece)
    done += piece.length
    if (done < file.size && done - told < PIECE) continue
    told = done
    onBytes(done, file.size)
  }
  return new Map(hashes.map(([name, hash]) => [name, hash.digest()]))
}

/** Into one buffer again and again, where the platform can: new ones would pile up until they are collected. */
async function* pieces(file: Blob): AsyncGenerator<Uint8Array> {
  const reader = byteReader(file)
  if (reader === null) {
    for (let at = 0; at < file.size; at += PIECE) yield new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer())
    return
  }
  for (let buffer = new ArrayBuffer(PIECE); ; ) {
    const { done, value } = await reader.read(new Uint8Array(buffer))
    if (done) return
    yield value
    buffer = value.buffer as ArrayBuffer
  }
}

/** Null in browsers whose files are no byte streams. */
function byteReader(file: Blob) {
  try {
    return file.stream().getReader({ mode: 'byob' })
  } catch {
    return null
  }
}
