/** GGUF models. */

import { sha256 } from '#sha256'
import type { Range } from '../../formats/model/byte-source.ts'
import { type GgufField, type GgufTensor, isGguf, readGguf } from '../../formats/model/gguf.ts'
import type { GgufString, GgufValue } from '../../formats/model/gguf-values.ts'
import { readable } from '../../formats/model/name.ts'
import { pieced } from '../../formats/model/pieces.ts'
import { findSlot } from '../../formats/model/slot.ts'
import { ggufTensorsDigest } from '../../formats/model/tensors-digest.ts'
import type { Kind } from './kind.ts'
import { declared, digestsNode, findingsNode, type Named, slotNode, tensorNodes } from './show-model.ts'
import { bytes, type Content, detail, list, type Node, number, part, parts, text, word } from './tree.ts'

export const gguf: Kind = {
  name: 'gguf',
  title: 'a model in GGUF',
  isModel: true,
  recognise: ({ head }) => (isGguf(head) ? 'its first four bytes' : null),
  async show({ source, digests, askLog }) {
    const slot = await findSlot(source)
    const signed = slot?.stripped ?? [{ from: 0, to: source.size }]
    const { version, littleEndian, fields, tensors, alignment, data, findings } = await readGguf(pieced(source, signed))
    const whole = { from: 0, to: source.size }
    const contents = tensors.map(({ at, length }) => clipped({ from: at, to: at + (length ?? 0) }, source.size))
    const found = await digests([signed, ...[whole, ...contents].map((range) => [range])])
    const [unslotted, ...rest] = found ?? []
    const logged = await askLog(unslotted)
    return parts(
      part('version', number(version)),
      littleEndian ? null : part('byte order', word('big-endian')),
      ...summary(fields),
      ...tensorNodes(tensors),
      lineage(fields),
      detail(part('fields', list(fields, showField))),
      digestsNode(found === null ? null : digestsOf(rest, tensors)),
      slotNode(slot, unslotted),
      logged?.node ?? null,
      detail(part('alignment', number(alignment))),
      detail(part('tensors begin at', number(data.start))),
      detail(part('tensors end at', number(data.end))),
      findingsNode(findings),
    )
  },
}

function digestsOf([file, ...contents]: readonly Uint8Array[], tensors: readonly GgufTensor[]): Named[] {
  const hashed = tensors.map((tensor, i) => ({ ...tensor, digest: contents[i] as Uint8Array }))
  return [
    { label: 'file', digest: file },
    { label: 'weights', digest: ggufTensorsDigest(hashed), note: 'gguf_tensors_v1: whatever its metadata says' },
    { label: 'OMS root', digest: file && sha256(file), note: 'of this file as a model by itself' },
  ]
}

/** A file that is cut off ends in a tensor, or before it. */
function clipped({ from, to }: Range, size: number): Range {
  return { from: Math.min(from, size), to: Math.min(to, size) }
}

/** By their fields. */
const SUMMARY: Readonly<Record<string, string>> = {
  'general.architecture': 'architecture',
  'general.type': 'kind',
  'general.name': 'name',
  'general.version': 'model version',
  'general.organization': 'organization',
  'general.size_label': 'size',
  'general.file_type': 'file type',
  'general.license': 'license',
  'general.quantized_by': 'quantized by',
  'tokenizer.chat_template': 'chat template',
}

/** Where it says that it comes from. */
const LINEAGE = /^general\.(source|base_model|dataset|datasets|finetune|basename|repo_url|url|doi|uuid)(\.|$)/

/** What is said first. */
export function summary(fields: readonly GgufField[]): Node[] {
  return Object.entries(SUMMARY).flatMap(([key, label]) =>
    fields.filter((field) => field.key === key).map(({ value }) => part(label, () => showValue(value))),
  )
}

function lineage(fields: readonly GgufField[]): Node | null {
  const found = fields.filter(({ key }) => LINEAGE.test(key))
  return found.length === 0 ? null : declared('declared lineage', list(found, showField))
}

function showField({ key, value }: GgufField): Content {
  return parts(part('key', text(key)), part('type', word(typeOf(value))), part('value', showValue(value)))
}

function typeOf(value: GgufValue): string {
  return value.type === 'array' ? `${value.type} of ${value.value.count} ${value.value.of}` : value.type
}

function showValue(value: GgufValue): Content {
  if (value.type === 'string') return showString(value.value)
  if (value.type === 'array') {
    const { begins, count } = value.value
    const shown = list(begins, showValue)
    return shown.kind === 'list' ? { ...shown, total: count } : shown
  }
  const plain = value.value
  return typeof plain === 'number' && Number.isFinite(plain) ? number(plain) : word(String(plain))
}

/** Of a long one the hash too: a template that was changed behind its beginning is another one. */
function showString({ begins, length, sha256 }: GgufString): Content {
  const shown = text(readable(begins))
  if (begins.length === length) return shown
  return parts(part('begins', shown), part('bytes', number(length)), part('sha256', bytes(sha256)))
}
