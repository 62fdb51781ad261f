/** A file's beginning, all of it where that is little, and windows of it. A model of many gigabytes is never read whole. */

import { open } from 'node:fs/promises'
import { fileSource } from '../../files/file-source.ts'
import { type ByteSource, sourceOf } from '../../formats/model/byte-source.ts'
import { concat } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { World } from '../world.ts'
import { HEAD_BYTES, Sample, WHOLE_BYTES } from './kind.ts'

export const STDIN = '-'

/**
 * The file is open for as long as `use` takes.
 * @throws TlogError FIELD_INVALID for standard input above WHOLE_BYTES and for what is no file; the system's error
 */
export async function withSample<T>(
  path: string,
  world: Pick<World, 'input'>,
  use: (sample: Sample) => Promise<T>,
): Promise<T> {
  if (path === STDIN) return await use(await sampleOf(sourceOf(await readInput(world.input()))))
  const file = await open(path)
  try {
    const stat = await file.stat()
    if (stat.isDirectory()) throw new TlogError('FIELD_INVALID', 'a directory, not a file')
    // A pipe has no size, and is read to its end.
    const isFile = stat.isFile()
    const source = isFile
      ? fileSource(file, stat.size)
      : sourceOf(await readInput(file.createReadStream({ autoClose: false })))
    return await use(await sampleOf(source))
  } finally {
    await file.close()
  }
}

async function sampleOf(source: ByteSource): Promise<Sample> {
  const isSmall = source.size <= WHOLE_BYTES
  const read = await source.read(0, isSmall ? source.size : HEAD_BYTES)
  return new Sample(source, read.subarray(0, HEAD_BYTES), isSmall ? read : null)
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
