/** What our readers make of a model's file, in one word. Runs in every runtime. */

import { parseApeSignatures } from '../../../src/formats/model/apesig.ts'
import { readArgs } from '../../../src/formats/model/args.ts'
import { type ByteSource, sourceOf } from '../../../src/formats/model/byte-source.ts'
import { readGguf } from '../../../src/formats/model/gguf.ts'
import { readModelLimits } from '../../../src/formats/model/limits.ts'
import { readLlamafile } from '../../../src/formats/model/llamafile.ts'
import { omsRoot, parseOmsStatement } from '../../../src/formats/model/oms.ts'
import { readSafetensors } from '../../../src/formats/model/safetensors.ts'
import { parseSafetensorsIndex } from '../../../src/formats/model/safetensors-index.ts'
import { findSlot } from '../../../src/formats/model/slot.ts'
import { hex, utf8 } from '../../../src/kernel/bytes.ts'
import { sha256 } from '../../../src/kernel/sha256.ts'

/** By the names of their fuzzing targets, whose corpora they are given. */
export const READERS = {
  gguf: (source) => readGguf(source),
  safetensors: (source) => readSafetensors(source),
  'safetensors-index': async (source) => parseSafetensorsIndex(await whole(source)),
  llamafile: async (source) => [await readLlamafile(source), await readModelLimits(source)],
  slot: (source) => findSlot(source),
  apesig: async (source) => parseApeSignatures(await whole(source)),
  args: async (source) => readArgs(await whole(source)),
  oms: async (source) => {
    const statement = parseOmsStatement(await whole(source))
    return [statement, omsRoot(statement.resources)]
  },
} as const satisfies Readonly<Record<string, (source: ByteSource) => Promise<unknown>>>

export type Reader = keyof typeof READERS

/** SHA-256 of all that was read. @throws TlogError as the reader does */
export async function modelDigest(reader: Reader, bytes: Uint8Array): Promise<string> {
  return hex(sha256(utf8(JSON.stringify(await READERS[reader](sourceOf(bytes)), plain))))
}

function whole(source: ByteSource): Promise<Uint8Array> {
  return source.read(0, source.size)
}

function plain(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value)
  if (value instanceof Map) return [...value]
  return typeof value === 'bigint' ? `${value}` : value
}
