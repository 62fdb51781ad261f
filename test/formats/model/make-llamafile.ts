/** Toy llamafiles, as the llamafile project's own zipalign makes them of the same parts. */

import { crc32 } from 'node:zlib'
import { type ByteSource, sourceOf } from '../../../src/formats/model/byte-source.ts'
import { zipalign } from '../../../src/formats/model/zipalign.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { count, gguf, text, W } from './make.ts'

/** 1700000000 in UTC. */
const MOMENT = { time: 0xb1aa, date: 0x576e }

/** A shell script that is an archive too. */
export const STUB = utf8("MZqFpD='\n'\necho toy runtime\nexit 0\n")
export const TOY_GGUF = gguf({
  fields: [text('general.architecture', 'toy'), text('general.name', 'Toy'), count('general.file_type', 1)],
  tensors: [W],
})
export const ARGS = '-m\ntoy-F16.gguf\n...\n'

export interface Toy {
  readonly stub?: Uint8Array
  readonly weights?: Uint8Array
  readonly args?: string
}

export async function append(
  file: Uint8Array,
  members: Readonly<Record<string, string | Uint8Array>>,
  alignment = 65_536,
): Promise<Uint8Array> {
  const added = Object.entries(members).map(([name, content]) => {
    const bytes = typeof content === 'string' ? utf8(content) : content
    return { name, content: sourceOf(bytes), crc32: crc32(bytes), mode: 0o100644, ...MOMENT }
  })
  return await bytesOf(await zipalign(sourceOf(file), added, alignment))
}

export const toyRuntime = (stub = STUB) => append(stub, { README: 'toy runtime\n' }, 1)

export async function toyLlamafile({ stub, weights = TOY_GGUF, args = ARGS }: Toy = {}): Promise<Uint8Array> {
  return await append(await toyRuntime(stub), { 'toy-F16.gguf': weights, '.args': args })
}

export async function bytesOf(source: ByteSource): Promise<Uint8Array> {
  return (await source.read(0, source.size)).slice()
}
