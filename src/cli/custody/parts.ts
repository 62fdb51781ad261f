/** What is asked about, taken apart: a llamafile into its earlier states and its members, weights into their tensors; and the documents of a data set. */

import { createHash } from 'node:crypto'
import { readManifest } from '../../files/dataset-manifest.ts'
import { digestParts } from '../../files/digest-parts.ts'
import { digestModelFile } from '../../files/model-parts.ts'
import { withSource } from '../../files/slot-file.ts'
import type { DatasetLine } from '../../formats/custody/dataset-line.ts'
import type { ByteSource, Pieces, Range } from '../../formats/model/byte-source.ts'
import { type GgufTensor, isGguf, readGguf } from '../../formats/model/gguf.ts'
import { hasWeights, readLlamafile } from '../../formats/model/llamafile.ts'
import { pieced } from '../../formats/model/pieces.ts'
import { findSlot } from '../../formats/model/slot.ts'
import { ggufTensorsDigest } from '../../formats/model/tensors-digest.ts'
import { isStored } from '../../formats/model/zip-directory.ts'
import { hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { Spine } from '../../kernel/spine.ts'
import { bytesBar } from '../verify/subject.ts'
import type { World } from '../world.ts'
import type { SeenPart, Subject } from './graph.ts'

export interface TakenApart {
  readonly subject: Subject
  readonly parts: readonly SeenPart[]
}

/** Members that are looked up: a program has hundreds of small files. */
const MAX_MEMBERS = 64

/** Of a file with a slot, what it is without. @throws the system's error; TlogError MODEL_MALFORMED when it changed meanwhile */
export async function takeApart(path: string, world: World): Promise<TakenApart> {
  const name = path.split('/').at(-1) ?? path
  const onBytes = bytesBar(path, world)
  const weights = await withSource(path, isWeights)
  const model = weights ? await digestModelFile(path, onBytes).catch(noModel) : null
  if (model !== null) {
    const digests = [...model.digests].map(([algorithm, digest]) => `${algorithm}:${hex(digest)}`)
    return { subject: { name, digests }, parts: [] }
  }
  return await withSource(path, async (source, file) => {
    const slot = await findSlot(source).catch(noModel)
    const whole: Pieces = slot === null ? [{ from: 0, to: source.size }] : slot.stripped
    const found = await rangesOf(source)
    const wanted = [whole, ...found.map(({ pieces }) => pieces), ...found.flatMap(({ tensors }) => rangesIn(tensors))]
    const digests = (await digestParts(file, { size: source.size, wanted, onBytes })).values()
    const next = () => digests.next().value ?? new Uint8Array()
    const [own, contents] = [`sha256:${hex(next())}`, found.map(() => `sha256:${hex(next())}`)]
    const parts = found.map(({ name, role, tensors }, i): SeenPart => {
      const weights = ggufTensorsDigest(tensors.map((tensor) => ({ ...tensor, digest: next() })))
      const inside = tensors.length === 0 || weights === null ? [] : [`gguf_tensors_v1:${hex(weights)}`]
      return { name, role, digests: [contents[i] ?? '', ...inside], within: [own] }
    })
    return { subject: { name, digests: [own] }, parts: parts.filter(({ digests: [digest] }) => digest !== own) }
  })
}

function rangesIn(tensors: readonly GgufTensor[]): Pieces[] {
  return tensors.map(({ at, length }) => [{ from: at, to: at + (length ?? 0) }])
}

/** Of weights within a file: where they lie in that; none in what is no GGUF, or does not hold them. */
async function tensorsIn(source: ByteSource, content: Range): Promise<readonly GgufTensor[]> {
  const gguf = await readGguf(pieced(source, [content])).catch(noModel)
  const size = content.to - content.from
  if (gguf === null || gguf.tensors.some(({ at, length }) => at + (length ?? 0) > size)) return []
  return gguf.tensors.map((tensor) => ({ ...tensor, at: content.from + tensor.at }))
}

async function isWeights(source: ByteSource): Promise<boolean> {
  return isGguf(await source.read(0, Math.min(4, source.size)))
}

interface Ranged {
  readonly name: string
  readonly role: string
  readonly pieces: Pieces
  /** By their places in the file. */
  readonly tensors: readonly GgufTensor[]
}

/** None in what is no llamafile. */
async function rangesOf(source: ByteSource): Promise<readonly Ranged[]> {
  const taken = await readLlamafile(source).catch(noModel)
  if (taken === null) return []
  const layers = taken.layers.slice(0, -1).map(({ end, zip, slot }, i): Ranged => {
    const role = i === 0 && !hasWeights(zip, taken.weights) ? 'runtime' : 'earlier state'
    return { name: '', role, pieces: slot?.stripped ?? [{ from: 0, to: end }], tensors: [] }
  })
  const weights = new Set(taken.weights)
  const members = taken.zip.members.filter((member, i) => isStored(member) && (i < MAX_MEMBERS || weights.has(member)))
  const contents = members.map(async (member): Promise<Ranged> => {
    const { name, content } = member
    const role = weights.has(member) ? 'weights' : name === '.args' ? 'args' : 'member'
    return { name, role, pieces: [content], tensors: weights.has(member) ? await tensorsIn(source, content) : [] }
  })
  return [...layers, ...(await Promise.all(contents))]
}

function noModel(error: unknown): null {
  if (error instanceof TlogError) return null
  throw error
}

/** Each is held. */
const MAX_DOCUMENTS = 500_000

/**
 * The documents of a data set by its manifest. They are within whatever has the SHA-256 of the manifest, or the root of the
 * tree over its lines.
 * @throws TlogError FIELD_INVALID with the line; the system's error
 */
export async function documentsOf(path: string): Promise<readonly SeenPart[]> {
  const [manifest, spine, documents] = [createHash('sha256'), new Spine(), [] as DatasetLine[]]
  for await (const { lines, leaf, bytes } of readManifest(path)) {
    manifest.update(bytes)
    documents.push(...lines)
    for (const i of lines.keys()) spine.append(leaf(i))
    if (documents.length > MAX_DOCUMENTS)
      throw new TlogError('FIELD_INVALID', `${path}: more than ${MAX_DOCUMENTS} documents`)
  }
  const digests = [`rfc6962_sha256:${hex(spine.root())}`, `sha256:${manifest.digest('hex')}`]
  return documents.flatMap(({ path: name, sha256 }) =>
    digests.map((one): SeenPart => ({ name, role: 'document', digests: [`sha256:${hex(sha256)}`], within: [one] })),
  )
}
