/** What is asked about, taken apart: a llamafile into its earlier states and its members, weights into their tensors; and the documents of a data set. */

import { sha256 } from '#sha256'
import { digestParts } from '../../files/digest-parts.ts'
import { readBounded } from '../../files/read-bounded.ts'
import { withSource } from '../../files/slot-file.ts'
import { object, parsed, text } from '../../formats/fields.ts'
import { parseJson } from '../../formats/json.ts'
import { type ByteSource, type Pieces, within } from '../../formats/model/byte-source.ts'
import { readGguf } from '../../formats/model/gguf.ts'
import { hasWeights, readLlamafile } from '../../formats/model/llamafile.ts'
import { pieced } from '../../formats/model/pieces.ts'
import { findSlot } from '../../formats/model/slot.ts'
import { ggufTensorsDigest } from '../../formats/model/tensors-digest.ts'
import { isStored } from '../../formats/model/zip-directory.ts'
import { equal, hex, parseHex, utf8 } from '../../kernel/bytes.ts'
import { Edge } from '../../kernel/edge.ts'
import { TlogError } from '../../kernel/error.ts'
import { leafHash } from '../../kernel/hash.ts'
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
  return await withSource(path, async (source, file) => {
    const slot = await findSlot(source).catch(noModel)
    const whole: Pieces = slot === null ? [{ from: 0, to: source.size }] : slot.stripped
    const found = await rangesOf(source)
    const wanted = [whole, ...found.map(({ pieces }) => pieces)]
    const digests = await digestParts(file, { size: source.size, wanted, onBytes: bytesBar(path, world) })
    const [own, ...others] = digests.map((digest) => `sha256:${hex(digest)}`)
    const unslotted = slot === null ? source : pieced(source, slot.stripped)
    const subject = { name: path.split('/').at(-1) ?? path, digests: [own ?? '', ...(await weightsOf(unslotted))] }
    const parts = others.map((digest, i): SeenPart => {
      const { name, role } = found[i] as Ranged
      return { name, role, digests: [digest], within: subject.digests.slice(0, 1) }
    })
    return { subject, parts: parts.filter(({ digests: [digest] }) => digest !== own) }
  })
}

interface Ranged {
  readonly name: string
  readonly role: string
  readonly pieces: Pieces
}

/** None in what is no llamafile. */
async function rangesOf(source: ByteSource): Promise<readonly Ranged[]> {
  const taken = await readLlamafile(source).catch(noModel)
  if (taken === null) return []
  const layers = taken.layers.slice(0, -1).map(({ end, zip, slot }, i): Ranged => {
    const role = i === 0 && !hasWeights(zip, taken.weights) ? 'runtime' : 'earlier state'
    return { name: '', role, pieces: slot?.stripped ?? [{ from: 0, to: end }] }
  })
  const weights = new Set(taken.weights)
  const members = taken.zip.members.filter((member, i) => isStored(member) && (i < MAX_MEMBERS || weights.has(member)))
  const contents = members.map((member): Ranged => {
    const { name, content } = member
    const role = weights.has(member) ? 'weights' : name === '.args' ? 'args' : 'member'
    return { name, role, pieces: [content] }
  })
  return [...layers, ...contents]
}

/** `gguf_tensors_v1`, by which weights are found whatever their metadata says. */
async function weightsOf(source: ByteSource): Promise<string[]> {
  const read = await readGguf(source).catch(noModel)
  if (read === null) return []
  const hashed = []
  for (const tensor of read.tensors) {
    const { at, length } = tensor
    if (length === null || length > MAX_TENSOR || at + length > source.size) return []
    hashed.push({ ...tensor, digest: sha256(await within(source, { from: at, to: at + length }).read(0, length)) })
  }
  const digest = ggufTensorsDigest(hashed)
  return digest === null ? [] : [`gguf_tensors_v1:${hex(digest)}`]
}

/** Of one tensor that is read whole; models with larger ones are found by their files. */
const MAX_TENSOR = 2 ** 30

function noModel(error: unknown): null {
  if (error instanceof TlogError) return null
  throw error
}

const MAX_MANIFEST = 64 * 2 ** 20
const LINE = object((fields) => ({
  path: fields.required('path', text),
  digest: fields.required(
    'sha256',
    parsed((digits) => {
      if (digits.length !== 64) throw new TlogError('HEX_MALFORMED', 'not 64 hex digits')
      return parseHex(digits)
    }),
  ),
  size: fields.required('size', (value) => value),
}))

/**
 * The documents of a data set by its manifest: a line each, `{"path":…,"sha256":…,"size":…}`. They are within whatever has the
 * SHA-256 of the manifest, or the root of the tree over its lines.
 * @throws TlogError FIELD_INVALID with the line; the system's error
 */
export async function documentsOf(path: string): Promise<readonly SeenPart[]> {
  const bytes = await readBounded(path, MAX_MANIFEST)
  const lines = new TextDecoder().decode(bytes).split('\n')
  if (lines.pop() !== '' || !equal(utf8(`${lines.join('\n')}\n`), bytes))
    throw new TlogError('FIELD_INVALID', `${path}: not lines of UTF-8, each with its end`)
  const edge = new Edge()
  for (const line of lines) edge.append(leafHash(utf8(line)))
  const digests = [`rfc6962_sha256:${hex(edge.root())}`, `sha256:${hex(sha256(bytes))}`]
  return lines.flatMap((line) => {
    const { path: name, digest } = LINE(parseJson(utf8(line)), `${path}: a line`)
    return digests.map(
      (one): SeenPart => ({ name, role: 'document', digests: [`sha256:${hex(digest)}`], within: [one] }),
    )
  })
}
