/** The lines of a file of any size. */

import { open } from 'node:fs/promises'
import { concat } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { chunksOf } from './digest-file.ts'

const LF = 0x0a

/** What a chunk holds, at once: a turn for each line would cost more than the line. */
export interface Lines {
  /** Without their ends. Views: gone when the next are asked for. */
  readonly lines: readonly Uint8Array[]
  /** Of the first of them, from 1. */
  readonly number: number
  /** All bytes of the chunk. */
  readonly chunk: Uint8Array
}

/** @throws TlogError FIELD_INVALID for a line over `maxBytes` or a last one without an end; the system's error */
export async function* readLines(path: string, maxBytes: number): AsyncGenerator<Lines> {
  const file = await open(path)
  let rest = new Uint8Array()
  let number = 1
  try {
    for await (const chunk of chunksOf(file)) {
      const lines: Uint8Array[] = []
      let from = 0
      for (let to = chunk.indexOf(LF); to >= 0; to = chunk.indexOf(LF, from)) {
        const line = chunk.subarray(from, to)
        lines.push(rest.length === 0 ? line : concat(rest, line))
        rest = new Uint8Array()
        from = to + 1
      }
      if (rest.length + chunk.length - from > maxBytes) throw invalid(number + lines.length, `over ${maxBytes} bytes`)
      rest = concat(rest, chunk.subarray(from))
      yield { lines, number, chunk }
      number += lines.length
    }
  } finally {
    await file.close()
  }
  if (rest.length > 0) throw invalid(number, 'it has no end')
}

function invalid(line: number, why: string): TlogError {
  return new TlogError('FIELD_INVALID', `line ${line}: ${why}`)
}
