/** What custody says of a model's file: its digests as it was published, and of a llamafile those of its parts. */

import type { Digests } from '../formats/custody/digests.ts'
import type { Resource } from '../formats/custody/resource.ts'
import { orNull } from '../formats/located.ts'
import type { Range } from '../formats/model/byte-source.ts'
import { alignmentOf } from '../formats/model/fuse.ts'
import { type Gguf, isGguf, readGguf } from '../formats/model/gguf.ts'
import { type Llamafile, readLlamafile } from '../formats/model/llamafile.ts'
import { pieced } from '../formats/model/pieces.ts'
import { findSlot } from '../formats/model/slot.ts'
import { ggufTensorsDigest } from '../formats/model/tensors-digest.ts'
import type { ZipMember } from '../formats/model/zip.ts'
import { TlogError } from '../kernel/error.ts'
import type { OnBytes } from './digest-file.ts'
import { digestParts } from './digest-parts.ts'
import { digestSigned, withSource } from './slot-file.ts'

export interface ModelParts {
  /** Of the file without its slot. */
  readonly digests: Digests
  readonly hasSlot: boolean
  /** Null: it is no GGUF. */
  readonly gguf: Gguf | null
}

/** Any file. One pass over it. @throws TlogError MODEL_MALFORMED for a GGUF that cannot be read; the system's error */
export async function digestModelFile(path: string, onBytes: OnBytes): Promise<ModelParts> {
  const found = await withSource(path, async (source, file) => {
    if (source.size < 4 || !isGguf(await source.read(0, 4))) return null
    const slot = await findSlot(source)
    const signed = slot?.stripped ?? [{ from: 0, to: source.size }]
    const gguf = await readGguf(pieced(source, signed))
    const cut = gguf.tensors.find(({ at, length }) => at + (length ?? 0) > source.size)
    if (cut !== undefined) throw new TlogError('MODEL_MALFORMED', `${path}: ${cut.name} is cut off`)
    const contents = gguf.tensors.map(({ at, length }) => [{ from: at, to: at + (length ?? 0) }])
    const wanted = [signed, ...contents]
    const [whole, ...digests] = await digestParts(file, { size: source.size, wanted, onBytes })
    const tensors = ggufTensorsDigest(
      gguf.tensors.map((tensor, i) => ({ ...tensor, digest: digests[i] as Uint8Array })),
    )
    return { whole: whole as Uint8Array, tensors, gguf, hasSlot: slot !== null }
  })
  if (found === null) {
    const digests = await digestSigned(path, new Set(['SHA2_256']), onBytes)
    const hasSlot = await withSource(path, async (source) => (await findSlot(source)) !== null)
    return { digests: new Map([['sha256', digests.get('SHA2_256') as Uint8Array]]), hasSlot, gguf: null }
  }
  const { whole, tensors, gguf, hasSlot } = found
  const digests: Digests = new Map([
    ['sha256' as const, whole],
    ...(tensors === null ? [] : [['gguf_tensors_v1' as const, tensors] as const]),
  ])
  return { digests, hasSlot, gguf }
}

export interface LlamafileParts {
  /** Of the file without its slot; in bytes. */
  readonly sha256: Uint8Array
  readonly size: number
  /** Runtime, weights, args: each with its role, place and digest. */
  readonly parts: readonly Resource[]
  /** What zipalign was told. */
  readonly parameters: {
    readonly args: readonly string[]
    readonly members: readonly string[]
    readonly align?: number
    readonly dosTime?: string
  }
}

/** @throws TlogError MODEL_MALFORMED when it is no llamafile, or its runtime cannot be told apart */
export async function digestLlamafile(path: string, onBytes: OnBytes): Promise<LlamafileParts> {
  return await withSource(path, async (source, file) => {
    const slot = await findSlot(source)
    const signed = slot?.stripped ?? [{ from: 0, to: source.size }]
    const whole = pieced(source, signed)
    const taken = await readLlamafile(whole)
    const runtime = taken.layers[0]
    if (runtime === undefined || taken.layers.length < 2)
      throw new TlogError('MODEL_MALFORMED', `${path}: the runtime that it was made of cannot be told apart`)
    const added = taken.zip.members.filter(({ header }) => header.from >= runtime.end)
    const named = added.filter((member) => taken.weights.includes(member) || member.name === ARGS)
    const wanted = [signed, [{ from: 0, to: runtime.end }], ...named.map(({ content }) => [content])]
    const [all, base, ...contents] = await digestParts(file, { size: source.size, wanted, onBytes })
    const parts = [partOf('runtime', { from: 0, to: runtime.end }, base as Uint8Array)].concat(
      named.map((member, i) => memberOf(member, contents[i] as Uint8Array)),
    )
    return { sha256: all as Uint8Array, size: whole.size, parts, parameters: parametersOf(taken, added, runtime.end) }
  })
}

const ARGS = '.args'

function memberOf(member: ZipMember, digest: Uint8Array): Resource {
  const { name, content } = member
  const part = partOf(name === ARGS ? 'args' : 'weights', content, digest)
  const relation = name === ARGS ? {} : { relation: 'fused' as const }
  return { ...part, name, annotations: { ...part.annotations, ...relation } }
}

function partOf(role: 'runtime' | 'weights' | 'args', { from, to }: Range, digest: Uint8Array): Resource {
  return { digests: new Map([['sha256', digest]]), annotations: { role, offset: from, size: to - from } }
}

function parametersOf({ args }: Llamafile, added: readonly ZipMember[], end: number): LlamafileParts['parameters'] {
  const [first] = added
  return {
    args: args ?? [],
    members: added.map(({ name }) => name),
    ...orNull(() => ({ align: alignmentOf(added, end) })), // what another tool fused has none
    ...(first === undefined ? {} : { dosTime: dosTimeOf(first) }),
  }
}

/** As the archive has it, in whatever zone that was. */
function dosTimeOf({ time, date }: ZipMember): string {
  const two = (value: number) => `${value}`.padStart(2, '0')
  const day = `${1980 + (date >> 9)}-${two((date >> 5) & 15)}-${two(date & 31)}`
  return `${day}T${two(time >> 11)}:${two((time >> 5) & 63)}:${two(2 * (time & 31))}`
}
