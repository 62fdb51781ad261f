/** safetensors (huggingface/safetensors, README "Format"): the header whole, of the tensors their places. */

import { invalid, list, type Read, text } from '../fields.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../json.ts'
import { located } from '../located.ts'
import type { ByteSource } from './byte-source.ts'
import { malformedAt } from './cursor.ts'
import { Findings } from './finding.ts'
import { checkLayout, type Tensor } from './tensor.ts'

export interface Safetensors {
  readonly metadata: ReadonlyMap<string, string>
  readonly tensors: readonly Tensor[]
  /** Where tensors begin and end, in bytes from the beginning. */
  readonly data: { readonly start: number; readonly end: number }
  readonly findings: Findings
}

/** Of an element. Those below a byte are packed. */
const DTYPE_BITS: ReadonlyMap<string, number> = new Map([
  ['BOOL', 8],
  ['F4', 4],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['U8', 8],
  ['I8', 8],
  ['F8_E5M2', 8],
  ['F8_E4M3', 8],
  ['F8_E8M0', 8],
  ['F8_E4M3FNUZ', 8],
  ['F8_E5M2FNUZ', 8],
  ['I16', 16],
  ['U16', 16],
  ['F16', 16],
  ['BF16', 16],
  ['I32', 32],
  ['U32', 32],
  ['F32', 32],
  ['C64', 64],
  ['F64', 64],
  ['I64', 64],
  ['U64', 64],
])

/** Of the 100 MB that the format allows; the largest models have 5. */
const HEADER_BYTES = 32 * 2 ** 20
/** A tensor has eight: 500,000 fit in such a header. */
const LIMITS = { maxValues: 6_000_000, maxDepth: 8 }
const MAX_DIMENSIONS = 64
const METADATA = '__metadata__'
const FIELDS = ['dtype', 'shape', 'data_offsets']

/** By its first bytes: a length that fits the file, and an object. */
export function isSafetensors(head: Uint8Array, size: number): boolean {
  if (head.length < 10 || head[8] !== 0x7b) return false
  const length = new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true)
  return length >= 2n && length <= BigInt(size - 8)
}

/**
 * Reads the header alone.
 * @throws TlogError MODEL_MALFORMED with the place, in bytes or as a field's path; JSON's codes for a header that two parsers
 *   could read differently
 */
export async function readSafetensors(source: ByteSource): Promise<Safetensors> {
  const header = await readHeader(source)
  const start = 8 + header.length
  const findings = new Findings()
  checkPadding(header, findings)
  const json = located('MODEL_MALFORMED', 'the header', () => parseJson(header, LIMITS))
  if (!isJsonObject(json)) throw malformedAt(8, 'the header is not an object')
  const tensors = Object.entries(json)
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => readTensor({ name, value, start }, findings))
  const metadata = readMetadata(json[METADATA])
  const sorted = tensors.toSorted((a, b) => a.at - b.at || a.length - b.length) // the header's own order means nothing
  const end = await checkLayout(sorted, { source, findings, start, alignment: 1 })
  return { metadata, tensors, data: { start, end }, findings }
}

async function readHeader(source: ByteSource): Promise<Uint8Array> {
  if (source.size < 8) throw malformedAt(source.size, "the file ends before the header's length")
  const first = await source.read(0, 8)
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true)
  if (length > BigInt(source.size - 8))
    throw malformedAt(0, `a header of ${length} bytes, and ${source.size - 8} are left`)
  if (length > BigInt(HEADER_BYTES)) throw malformedAt(0, `a header of ${length} bytes, of at most ${HEADER_BYTES}`)
  const header = await source.read(8, Number(length))
  if (header[0] !== 0x7b) throw malformedAt(8, 'the header does not begin with {')
  return header
}

/** Spaces alone may follow the object: JSON would take tabs and line feeds too, and some readers do not. */
function checkPadding(header: Uint8Array, findings: Findings): void {
  const last = header.lastIndexOf(0x7d)
  const odd = header.subarray(last + 1).findIndex((byte) => byte !== 0x20)
  if (last >= 0 && odd >= 0)
    findings.add('PADDING_UNUSUAL', 8 + last + 1 + odd, 'the header is padded with something else than spaces')
}

function readMetadata(json: JsonValue | undefined): Map<string, string> {
  if (json === undefined) return new Map()
  if (!isJsonObject(json)) throw malformedAt(8, `${METADATA} is not an object`)
  return located(
    'MODEL_MALFORMED',
    METADATA,
    () => new Map(Object.entries(json).map(([key, value]) => [key, text(value, key)])),
  )
}

interface Declared {
  readonly name: string
  readonly value: JsonValue
  /** Of the data. */
  readonly start: number
}

type Sized = Tensor & { readonly length: number }

function readTensor({ name, value, start }: Declared, findings: Findings): Sized {
  return located('MODEL_MALFORMED', `tensor ${JSON.stringify(name.slice(0, 64))}`, () => {
    if (!isJsonObject(value)) throw invalid('', 'not an object')
    for (const key of Object.keys(value))
      if (!FIELDS.includes(key)) findings.add('FIELD_UNKNOWN', 8, `tensor ${name} has a field ${key}`)
    if (!/^[!-~]+$/.test(name))
      findings.add('NAME_UNUSUAL', 8, `the name of a tensor is not of printable ASCII: ${name}`)
    const type = field(value, 'dtype', text)
    const shape = field(value, 'shape', list(size, { min: 0, max: MAX_DIMENSIONS }))
    const [begin = 0, end = 0] = field(value, 'data_offsets', list(size, { min: 2, max: 2 }))
    const length = end - begin
    checkLength({ type, shape, length }, () =>
      findings.add('TENSOR_TYPE_UNKNOWN', 8, `${name}: no dtype ${type} is known`),
    )
    return { name, type, shape, at: start + begin, length }
  })
}

function field<T>(json: JsonObject, name: string, read: Read<T>): T {
  const value = json[name]
  if (value === undefined) throw invalid(name, 'missing')
  return read(value, name)
}

const size: Read<number> = (value, path) => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw invalid(path, 'not a size')
}

function checkLength(
  { type, shape, length }: { readonly type: string; readonly shape: readonly number[]; readonly length: number },
  onUnknown: () => void,
): void {
  if (length < 0) throw invalid('data_offsets', 'the end is before the beginning')
  const bits = DTYPE_BITS.get(type)
  if (bits === undefined) {
    onUnknown()
    return
  }
  const wanted = shape.reduce((product, dimension) => product * BigInt(dimension), BigInt(bits))
  if (wanted !== 8n * BigInt(length))
    throw invalid('data_offsets', `${length} bytes, and [${shape.join(', ')}] of ${type} are ${Number(wanted) / 8}`)
}
