/** A file's beginning, all of it where that is little, and windows of it. A model of many gigabytes is never read whole. */

import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { OnBytes } from '../../files/digest-file.ts'
import { digestParts } from '../../files/digest-parts.ts'
import { digestRanges } from '../../files/digest-ranges.ts'
import { fileSource } from '../../files/file-source.ts'
import { sourceOf } from '../../formats/model/byte-source.ts'
import { concat } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { World } from '../world.ts'
import { type Digests, HEAD_BYTES, Sample, WHOLE_BYTES } from './kind.ts'
import type { AskLog } from './logged-by.ts'

export const STDIN = '-'

export interface SampleOptions {
  /** Whether files that are not read whole are hashed too. */
  readonly isHashed: boolean
  /** Of hashing, in bytes. */
  readonly onBytes: OnBytes
  readonly askLog: AskLog
}

/**
 * The file is open for as long as `use` takes.
 * @throws TlogError FIELD_INVALID for standard input above WHOLE_BYTES and for what is no file; the system's error
 */
export async function withSample<T>(
  path: string,
  { world, ...options }: SampleOptions & { readonly world: Pick<World, 'input'> },
  use: (sample: Sample) => Promise<T>,
): Promise<T> {
  if (path === STDIN) return await use(await heldSample(await readInput(world.input()), options))
  const file = await open(path)
  try {
    const stat = await file.stat()
    if (stat.isDirectory()) throw new TlogError('FIELD_INVALID', 'a directory, not a file')
    // A pipe has no size, and is read to its end.
    if (!stat.isFile())
      return await use(await heldSample(await readInput(file.createReadStream({ autoClose: false })), options))
    return await use(await fileSample(file, stat.size, options))
  } finally {
    await file.close()
  }
}

async function fileSample(file: FileHandle, size: number, options: SampleOptions): Promise<Sample> {
  const source = fileSource(file, size)
  const isSmall = size <= WHOLE_BYTES
  if (isSmall) return await heldSample(await source.read(0, size), options)
  const digests: Digests = async (wanted) =>
    options.isHashed ? await digestParts(file, { size, wanted, onBytes: options.onBytes }) : null
  const head = await source.read(0, HEAD_BYTES)
  const tail = await source.read(size - HEAD_BYTES, HEAD_BYTES)
  return new Sample({ source, digests, askLog: options.askLog }, { head, tail, whole: null })
}

async function heldSample(whole: Uint8Array, { askLog }: Pick<SampleOptions, 'askLog'>): Promise<Sample> {
  const source = sourceOf(whole)
  const digests: Digests = (wanted) => digestRanges(Readable.from([whole]), whole.length, wanted)
  return new Sample(
    { source, digests, askLog },
    { head: whole.subarray(0, HEAD_BYTES), tail: whole.subarray(-HEAD_BYTES), whole },
  )
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
