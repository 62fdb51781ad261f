/**
 * GGUF versions 2 and 3 (ggml-org/ggml docs/gguf.md): the header whole, of the tensors their places. What readers in use
 * take differently, or never show, is a finding; what cannot be read at all is an error.
 */

import { hex } from '../../kernel/bytes.ts'
import type { ByteSource, Range } from './byte-source.ts'
import { Cursor, malformedAt } from './cursor.ts'
import { Findings, requireZeros } from './finding.ts'
import { TENSOR_TYPES } from './gguf-types.ts'
import { type GgufValue, readString, readType, readValue } from './gguf-values.ts'
import { isPlain, readable } from './name.ts'
import { checkLayout, padded, type Tensor } from './tensor.ts'

export interface Gguf {
  readonly version: number
  readonly littleEndian: boolean
  readonly fields: readonly GgufField[]
  readonly tensors: readonly GgufTensor[]
  readonly alignment: number
  /** Where tensors begin and end, padded; in bytes from the beginning. */
  readonly data: { readonly start: number; readonly end: number }
  readonly findings: Findings
}

export interface GgufField extends Range {
  readonly key: string
  readonly value: GgufValue
}

export interface GgufTensor extends Tensor {
  readonly typeNumber: number
  /** Elements; null where they are more than a number counts. */
  readonly elements: number
}

const MAGIC = 0x47475546
/** Real headers have up to 20 MiB: the tokens of a vocabulary and their merges. */
const HEADER_BYTES = 64 * 2 ** 20
const MAX_FIELDS = 65_536
const MAX_TENSORS = 1_000_000
const MAX_KEY = 65_535
const MAX_NAME = 1024
const MAX_DIMENSIONS = 8
const DEFAULT_ALIGNMENT = 32
const MAX_ALIGNMENT = 65_536
/** ggml's own bounds. */
const USUAL = { dimensions: 4, nameBytes: 63 } as const

export function isGguf(head: Uint8Array): boolean {
  return head.length >= 4 && new DataView(head.buffer, head.byteOffset, 4).getUint32(0) === MAGIC
}

/**
 * Reads the header, and of the data the padding alone.
 * @throws TlogError MODEL_MALFORMED with the place, in bytes
 */
export async function readGguf(source: ByteSource): Promise<Gguf> {
  const { version, littleEndian } = await readVersion(source)
  const cursor = new Cursor({ source, littleEndian, budget: HEADER_BYTES }, 8)
  const findings = new Findings()
  await cursor.need(16, 'the counts')
  const counts = { tensors: cursor.count('tensors', MAX_TENSORS), fields: cursor.count('fields', MAX_FIELDS) }
  const fields = await readFields({ cursor, findings }, counts.fields)
  const alignment = alignmentOf(fields, { cursor, findings })
  const found = await readTensors({ cursor, findings }, counts.tensors)
  const end = cursor.at
  const start = padded(end, alignment)
  const tensors = found.map(({ offset, ...tensor }) => ({ ...tensor, at: start + offset }))
  await requireZeros(source, { from: end, to: Math.min(start, source.size) }, (at) =>
    findings.add('HIDDEN_BYTES', at, 'the padding before the tensors is not all zeros'),
  )
  const data = { start, end: await checkLayout(tensors, { source, findings, start, alignment }) }
  return { version, littleEndian, fields, tensors, alignment, data, findings }
}

/** A file of the other byte order has its version in the upper half. */
async function readVersion(source: ByteSource): Promise<Pick<Gguf, 'version' | 'littleEndian'>> {
  if (source.size < 8) throw malformedAt(source.size, 'the file ends before the version')
  const head = await source.read(0, 8)
  if (!isGguf(head)) throw malformedAt(0, 'not the beginning of a GGUF file')
  const view = new DataView(head.buffer, head.byteOffset, 8)
  const littleEndian = (view.getUint32(4, true) & 0xffff) !== 0
  const version = view.getUint32(4, littleEndian)
  if (version !== 2 && version !== 3) throw malformedAt(4, `version ${version}: 2 and 3 are in use`)
  return { version, littleEndian }
}

interface Reading {
  readonly cursor: Cursor
  readonly findings: Findings
}

async function readFields({ cursor, findings }: Reading, count: number): Promise<GgufField[]> {
  const fields: GgufField[] = []
  const seen = new Set<string>()
  for (let i = 0; i < count; i++) {
    const at = cursor.at
    const name = await readString(cursor, `the key of field ${i}`)
    if (name.length > MAX_KEY)
      throw malformedAt(at, `the key of field ${i}: ${name.length} bytes, of at most ${MAX_KEY}`)
    const key = readable(name.begins)
    if (!isPlain(name.begins))
      findings.add('NAME_UNUSUAL', at, `the key of field ${i} is not of printable ASCII: ${key}`)
    if (seen.has(hex(name.sha256)))
      findings.add('KEY_REPEATED', at, `${key}: which of them counts depends on the reader`)
    seen.add(hex(name.sha256))
    const type = await readType({ cursor, key })
    const value = await readValue({ cursor, findings, key }, type)
    if (value.type === 'string' && !value.value.isUtf8) findings.add('STRING_NOT_UTF8', at, `${key}: not UTF-8`)
    fields.push({ key, value, from: at, to: cursor.at })
  }
  return fields
}

function alignmentOf(fields: readonly GgufField[], { cursor, findings }: Reading): number {
  const field = fields.findLast(({ key }) => key === 'general.alignment')
  if (field === undefined) return DEFAULT_ALIGNMENT
  const { type, value } = field.value
  const alignment = typeof value === 'bigint' ? Number(value) : value
  if (typeof alignment !== 'number' || !Number.isSafeInteger(alignment) || alignment < 1 || alignment > MAX_ALIGNMENT)
    throw cursor.malformed(`general.alignment: not a number from 1 to ${MAX_ALIGNMENT}`)
  if (type !== 'u32' || !Number.isInteger(Math.log2(alignment)))
    findings.add(
      'ALIGNMENT_UNUSUAL',
      cursor.at,
      `general.alignment: ${alignment} as ${type}; a power of two as u32 is usual`,
    )
  return alignment
}

type FoundTensor = Omit<GgufTensor, 'at'> & { readonly offset: number }

async function readTensors({ cursor, findings }: Reading, count: number): Promise<FoundTensor[]> {
  const tensors: FoundTensor[] = []
  const seen = new Set<string>()
  for (let i = 0; i < count; i++) {
    const at = cursor.at
    const tensor = await readTensor({ cursor, findings }, i)
    if (seen.has(tensor.name))
      findings.add('TENSOR_REPEATED', at, `${tensor.name}: which of them counts depends on the reader`)
    seen.add(tensor.name)
    tensors.push(tensor)
  }
  return tensors
}

async function readTensor({ cursor, findings }: Reading, i: number): Promise<FoundTensor> {
  const at = cursor.at
  const bytes = await readString(cursor, `the name of tensor ${i}`)
  if (bytes.length > MAX_NAME)
    throw malformedAt(at, `the name of tensor ${i}: ${bytes.length} bytes, of at most ${MAX_NAME}`)
  const name = readable(bytes.begins)
  if (!isPlain(bytes.begins) || bytes.length > USUAL.nameBytes)
    findings.add(
      'NAME_UNUSUAL',
      at,
      `the name of tensor ${i} is empty, over ${USUAL.nameBytes} bytes or not of printable ASCII: ${name}`,
    )
  await cursor.need(4, name)
  const dimensions = cursor.u32()
  if (dimensions > MAX_DIMENSIONS)
    throw malformedAt(at, `${name}: ${dimensions} dimensions, of at most ${MAX_DIMENSIONS}`)
  await cursor.need(8 * dimensions + 12, name)
  const shape = Array.from({ length: dimensions }, () => cursor.count(`${name}: a dimension`, Number.MAX_SAFE_INTEGER))
  if (dimensions > USUAL.dimensions || shape.includes(0))
    findings.add('DIMENSIONS_UNUSUAL', at, `${name}: [${shape.join(', ')}]`)
  const typeNumber = cursor.u32()
  const offset = cursor.count(`${name}: offset`, Number.MAX_SAFE_INTEGER - MAX_ALIGNMENT - HEADER_BYTES)
  return { name, shape, offset, typeNumber, ...sizeOf({ name, at, shape, typeNumber }, findings) }
}

interface Declared {
  readonly name: string
  readonly at: number
  readonly shape: readonly number[]
  readonly typeNumber: number
}

function sizeOf(
  { name, at, shape, typeNumber }: Declared,
  findings: Findings,
): Pick<GgufTensor, 'type' | 'length' | 'elements'> {
  const product = shape.reduce((total, dimension) => total * BigInt(dimension), 1n)
  const type = TENSOR_TYPES.get(typeNumber)
  const bytes = type === undefined ? product : (product / BigInt(type.block)) * BigInt(type.bytes)
  if (product > BigInt(Number.MAX_SAFE_INTEGER) || bytes > BigInt(Number.MAX_SAFE_INTEGER))
    throw malformedAt(at, `${name}: ${product} elements`)
  const elements = Number(product)
  if (type === undefined) {
    findings.add('TENSOR_TYPE_UNKNOWN', at, `${name}: no type ${typeNumber} is in use`)
    return { type: String(typeNumber), length: null, elements }
  }
  if ((shape[0] ?? 1) % type.block === 0) return { type: type.name, length: Number(bytes), elements }
  findings.add(
    'DIMENSIONS_UNUSUAL',
    at,
    `${name}: ${shape[0]} is no multiple of ${type.block}, the block of ${type.name}`,
  )
  return { type: type.name, length: null, elements }
}
