/** A file's beginning, and all of it where that is little. A model of many gigabytes is never read whole. */

import { type FileHandle, open } from 'node:fs/promises'
import { concat } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { World } from '../world.ts'
import { HEAD_BYTES, Sample, WHOLE_BYTES } from './kind.ts'

export const STDIN = '-'

/** @throws TlogError FIELD_INVALID for standard input above WHOLE_BYTES and for what is no file; the system's error */
export async function readSample(path: string, world: Pick<World, 'input'>): Promise<Sample> {
  if (path === STDIN) return sampleOf(await readInput(world.input()))
  const file = await open(path)
  try {
    const stat = await file.stat()
    if (stat.isDirectory()) throw new TlogError('FIELD_INVALID', 'a directory, not a file')
    // A pipe has no size, and is read to its end.
    if (!stat.isFile()) return sampleOf(await readInput(file.createReadStream({ autoClose: false })))
    if (stat.size > WHOLE_BYTES) return new Sample(stat.size, await readFrom(file, HEAD_BYTES), null)
    return sampleOf(await readFrom(file, WHOLE_BYTES))
  } finally {
    await file.close()
  }
}

function sampleOf(whole: Uint8Array): Sample {
  return new Sample(whole.length, whole.subarray(0, HEAD_BYTES), whole)
}

/** As far as `max`: a file may grow while it is read. */
async function readFrom(file: FileHandle, max: number): Promise<Uint8Array> {
  const { size } = await file.stat()
  const buffer = new Uint8Array(Math.min(size, max))
  let done = 0
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return buffer.subarray(0, done)
}

async function readInput(input: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of input) {
    size += part.length
    if (size > WHOLE_BYTES)
      throw new TlogError('FIELD_INVALID', `more than ${WHOLE_BYTES} bytes on standard input: name the file instead`)
    parts.push(part)
  }
  return concat(...parts)
}
