/** The slot in the header of safetensors, which has no place behind its tensors: a key of its metadata. */

import { base64, parseBase64 } from '../../kernel/bytes.ts'
import { orNull } from '../located.ts'
import type { ByteSource, Pieces } from './byte-source.ts'
import { readSafetensors } from './safetensors.ts'
import { isPayload, refused } from './slot-payload.ts'

/** Bytes of the length in front of the header. */
const LENGTH = 8
const METADATA = /"__metadata__"\s*:\s*\{/
const ANY_METADATA = /"__metadata__"/g
const EMPTY = /^\s*\}/
/** In the metadata. */
export const SLOT_KEY = 'tlslot'
const KEY = `"${SLOT_KEY}":`

/** What was put into a header, and where. */
interface Insertion {
  readonly at: number
  readonly text: string
}

export async function findInHeader(
  source: ByteSource,
): Promise<{ readonly payload: Uint8Array; readonly stripped: Pieces } | null> {
  const header = await readHeader(source)
  const [whole = '', value = ''] = /\{"tlslot": *"([A-Za-z0-9+/=]*)"(?:,|\},)/.exec(header) ?? []
  const payload = orNull(() => parseBase64(value))
  if (whole === '' || payload === null || !isPayload(payload)) return null
  // Whatever else looks like it was not put there by us: taken out and put in again, it must be the same header.
  for (const at of [header.indexOf(whole) + 1, 1]) {
    const length = at === 1 ? header.indexOf(whole) + whole.length - 1 : whole.length - 1
    const rest = header.slice(0, at) + header.slice(at + length)
    const again = orNull(() => insertionInto(rest, payload))
    if (again?.at === at && again.text === header.slice(at, at + length))
      return { payload, stripped: without(source, header.length, again) }
  }
  return null
}

/** @throws TlogError SLOT_REFUSED, MODEL_MALFORMED */
export async function putInHeader(source: ByteSource, payload: Uint8Array): Promise<Pieces> {
  const { findings, metadata } = await readSafetensors(source)
  if (metadata.has(SLOT_KEY)) throw refused('its metadata has a key of that name already')
  if (findings.count > 0) throw refused('its header is not as others read it, or its tensors are not')
  const header = await readHeader(source)
  const { at, text } = insertionInto(header, payload)
  const place = LENGTH + at
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0))
  return [u64(header.length + text.length), { from: LENGTH, to: place }, bytes, { from: place, to: source.size }]
}

/** Spaces in front of the value make the header a multiple of eight longer: tensors stay aligned. */
function insertionInto(header: string, payload: Uint8Array): Insertion {
  const value = `"${base64(payload)}"`
  const [found, more] = [...header.matchAll(ANY_METADATA)]
  const open = METADATA.exec(header)
  if (more !== undefined || (found !== undefined && open === null))
    throw refused('its header names its metadata twice, or oddly')
  if (open === null) {
    if (EMPTY.test(header.slice(1))) throw refused('its header is empty')
    return { at: 1, text: spaced(`"__metadata__":{${KEY}`, `${value}},`) }
  }
  const at = open.index + open[0].length
  // Taken out again, metadata of the slot alone and none at all would look the same.
  if (EMPTY.test(header.slice(at))) throw refused('its metadata is there, and empty')
  return { at, text: spaced(KEY, `${value},`) }
}

function spaced(before: string, after: string): string {
  return before + ' '.repeat(-(before.length + after.length) & 7) + after
}

function without(source: ByteSource, headerLength: number, { at, text }: Insertion): Pieces {
  const place = LENGTH + at
  return [u64(headerLength - text.length), { from: LENGTH, to: place }, { from: place + text.length, to: source.size }]
}

/** A letter a byte: places in it are places in the file. */
async function readHeader(source: ByteSource): Promise<string> {
  const { data } = await readSafetensors(source)
  const bytes = await source.read(LENGTH, data.start - LENGTH)
  return new TextDecoder('latin1').decode(bytes)
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
  return bytes
}
