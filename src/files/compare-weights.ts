/** Two files of weights: whether a model was changed, or only what is said of it. */

import { createHash } from 'node:crypto'
import { isApe, isAssimilated } from '../formats/model/ape.ts'
import { type ByteSource, type Range, within } from '../formats/model/byte-source.ts'
import { isGguf, readGguf } from '../formats/model/gguf.ts'
import { readLlamafile } from '../formats/model/llamafile.ts'
import { pieced } from '../formats/model/pieces.ts'
import { isSafetensors, readSafetensors } from '../formats/model/safetensors.ts'
import { findSlot } from '../formats/model/slot.ts'
import { SLOT_KEY } from '../formats/model/slot-header.ts'
import type { Tensor } from '../formats/model/tensor.ts'
import { isStored } from '../formats/model/zip-directory.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { OnBytes } from './digest-file.ts'

/** By name, what can be compared: of a tensor its type, shape and content, of a field its content. */
export interface Weights {
  /** SHA-256 of all of it, without a slot. */
  readonly digest: string
  readonly fields: ReadonlyMap<string, string>
  readonly tensors: ReadonlyMap<string, string>
}

export interface WeightsCompared {
  readonly verdict: 'the same bytes' | 'same weights, other metadata' | 'other weights'
  readonly fields: Differences
  readonly tensors: Differences
}

/** Names, in the order of the file that has them. */
export interface Differences {
  readonly changed: readonly string[]
  /** In the one that is looked at alone. */
  readonly added: readonly string[]
  /** In the other alone. */
  readonly removed: readonly string[]
}

const HEAD = 16
/** Bytes a read. */
const STEP = 2 ** 20

/**
 * Of GGUF and safetensors; of a llamafile its one file of weights.
 * @throws TlogError MODEL_MALFORMED for what is none of them, or says a name twice: which counts depends on the reader
 */
export async function readWeights(file: ByteSource, onBytes: OnBytes): Promise<Weights> {
  const { source, fields, tensors } = await partsOf(file)
  const inTensors = tensors.reduce((sum, { length }) => sum + (length ?? 0), 0)
  // Else a small file could claim its bytes a million times over.
  if (inTensors > source.size) throw malformed('its tensors overlap, or end behind it')
  const total = source.size + inTensors
  let done = 0
  const digestOf = async (range: Range) => {
    const digest = await sha256Of(source, range)
    done += range.to - range.from
    onBytes(Math.min(done, total), total)
    return digest
  }
  const hashed = new Map<string, string>()
  for (const { name, type, shape, at, length } of tensors) {
    if (length === null) throw malformed(`${name}: of a type that is not in use`)
    const content = await digestOf({ from: at, to: at + length })
    once(hashed, name, `${type} ${shape.join()} ${content}`)
  }
  const said = new Map<string, string>()
  for (const { key, value } of fields)
    once(said, key, typeof value === 'string' ? value : await sha256Of(source, value))
  return { digest: await digestOf({ from: 0, to: source.size }), fields: said, tensors: hashed }
}

export function compareWeights(one: Weights, other: Weights): WeightsCompared {
  const tensors = differences(one.tensors, other.tensors)
  const fields = differences(one.fields, other.fields)
  if (one.digest === other.digest) return { verdict: 'the same bytes', fields, tensors }
  const isSame = [tensors.changed, tensors.added, tensors.removed].every((names) => names.length === 0)
  return { verdict: isSame ? 'same weights, other metadata' : 'other weights', fields, tensors }
}

interface Parts {
  readonly source: ByteSource
  /** What a field says, or where it lies. */
  readonly fields: readonly { readonly key: string; readonly value: string | Range }[]
  readonly tensors: readonly Tensor[]
}

async function partsOf(file: ByteSource): Promise<Parts> {
  const head = await file.read(0, Math.min(HEAD, file.size))
  if (isApe(head) || isAssimilated(head)) return await partsOf(await weightsIn(file))
  const slot = await findSlot(file)
  const source = slot === null ? file : pieced(file, slot.stripped)
  if (isGguf(head)) {
    const { fields, tensors } = await readGguf(source)
    return { source, tensors, fields: fields.map(({ key, from, to }) => ({ key, value: { from, to } })) }
  }
  if (!isSafetensors(head, file.size)) throw malformed('neither GGUF, safetensors nor a llamafile')
  const { metadata, tensors } = await readSafetensors(source)
  const own = [...metadata].filter(([key]) => key !== SLOT_KEY)
  return { source, tensors, fields: own.map(([key, value]) => ({ key, value })) }
}

async function weightsIn(file: ByteSource): Promise<ByteSource> {
  const [weights, second] = (await readLlamafile(file)).weights.filter(isStored)
  if (weights === undefined || second !== undefined) throw malformed('not one file of weights in it')
  return within(file, weights.content)
}

function differences(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): Differences {
  const names = [...one.keys()]
  return {
    changed: names.filter((name) => other.has(name) && other.get(name) !== one.get(name)),
    added: names.filter((name) => !other.has(name)),
    removed: [...other.keys()].filter((name) => !one.has(name)),
  }
}

function once(map: Map<string, string>, name: string, value: string): void {
  if (map.has(name)) throw malformed(`${name}: twice`)
  map.set(name, value)
}

async function sha256Of(source: ByteSource, { from, to }: Range): Promise<string> {
  if (to > source.size) throw malformed('the file ends before its tensors do')
  const hash = createHash('sha256')
  for (let at = from; at < to; at += STEP) hash.update(await source.read(at, Math.min(STEP, to - at)))
  return hex(hash.digest())
}

function malformed(why: string): TlogError {
  return new TlogError('MODEL_MALFORMED', why)
}
