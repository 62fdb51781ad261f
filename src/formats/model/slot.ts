/**
 * A slot inside a model's file for the proof of where it comes from (TLSLOT1): bundle and proof travel with the file, and
 * taken out again they leave the exact bytes that were signed. It is a convenience, never a root of trust: anybody can put
 * another one in.
 */

import { concat, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { isApe, isAssimilated } from './ape.ts'
import type { ByteSource, Pieces } from './byte-source.ts'
import { Findings } from './finding.ts'
import { isGguf, readGguf } from './gguf.ts'
import { isSafetensors } from './safetensors.ts'
import { findInHeader, putInHeader } from './slot-header.ts'
import { isPayload, MAX_PAYLOAD, parsePayload, refused } from './slot-payload.ts'
import { hasArchiveEnd, readArchiveEnd } from './zip-end.ts'
import { END, hasRecord, LOCAL } from './zip-records.ts'

export type SlotCarrier = 'gguf' | 'safetensors' | 'zip'

export interface Slot {
  readonly carrier: SlotCarrier
  /** ASCII, lines that end with LF, each a JSON object: a Sigstore bundle or a proof. */
  readonly payload: Uint8Array
  /** The file without it. */
  readonly stripped: Pieces
}

const MAGIC = utf8('TLSLOT1\n')
const DIGITS = 16
const TAIL = DIGITS + MAGIC.length
const HEAD = 16

/** Null: there is none that we can tell, and the file is what it is. */
export async function findSlot(source: ByteSource): Promise<Slot | null> {
  try {
    return await slotIn(source)
  } catch (error) {
    if (error instanceof TlogError && error.code === 'MODEL_MALFORMED') return null
    throw error
  }
}

async function slotIn(source: ByteSource): Promise<Slot | null> {
  const head = await source.read(0, Math.min(HEAD, source.size))
  if (isSafetensors(head, source.size)) {
    const found = await findInHeader(source)
    return found === null ? null : { carrier: 'safetensors', ...found }
  }
  const payload = await readTrailer(source)
  if (payload === null) return null
  const end = source.size - payload.length - TAIL
  if (isGguf(head)) {
    const isBehind = (await dataEnd(source)) <= end
    return isBehind ? { carrier: 'gguf', payload, stripped: [{ from: 0, to: end }] } : null
  }
  if (!carriesArchive(head)) return null
  const { at, comment } = await readArchiveEnd(source, new Findings())
  const stripped = [{ from: 0, to: at + END.length - 2 }, new Uint8Array(2)]
  return comment.length === payload.length + TAIL ? { carrier: 'zip', payload, stripped } : null
}

/**
 * The file with a slot in it, whose `stripped` is the file.
 * @throws TlogError SLOT_REFUSED where it has no place, or there is one already; SLOT_MALFORMED, MODEL_MALFORMED
 */
export async function addSlot(
  source: ByteSource,
  payload: Uint8Array,
): Promise<{ readonly carrier: SlotCarrier; readonly pieces: Pieces }> {
  parsePayload(payload)
  if ((await findSlot(source)) !== null) throw refused('there is one already: strip it first')
  const head = await source.read(0, Math.min(HEAD, source.size))
  if (isSafetensors(head, source.size)) return { carrier: 'safetensors', pieces: await putInHeader(source, payload) }
  const trailer = concat(payload, utf8(payload.length.toString(16).padStart(DIGITS, '0')), MAGIC)
  if (isGguf(head)) return { carrier: 'gguf', pieces: [{ from: 0, to: await wholeGguf(source) }, trailer] }
  if (!carriesArchive(head)) throw refused(NO_CARRIER)
  return { carrier: 'zip', pieces: [{ from: 0, to: await emptyComment(source) }, u16(trailer.length), trailer] }
}

/** Not a script, which goes on to be read behind its archive, and what else ends in one by chance. */
function carriesArchive(head: Uint8Array): boolean {
  return isApe(head) || isAssimilated(head) || hasRecord(LOCAL, concat(head, new Uint8Array(LOCAL.length)), 0)
}

const NO_CARRIER = 'neither GGUF nor safetensors, nor an archive as a llamafile is one'

async function readTrailer(source: ByteSource): Promise<Uint8Array | null> {
  if (source.size < TAIL) return null
  const tail = String.fromCharCode(...(await source.read(source.size - TAIL, TAIL)))
  const [, digits] = /^([0-9a-f]{16})TLSLOT1\n$/.exec(tail) ?? []
  const length = Number(`0x${digits}`)
  if (digits === undefined || length > MAX_PAYLOAD || length + TAIL > source.size) return null
  const payload = await source.read(source.size - TAIL - length, length)
  return isPayload(payload) ? payload : null
}

/** Infinite where it is not known. */
async function dataEnd(source: ByteSource): Promise<number> {
  const { tensors, data } = await readGguf(source)
  return tensors.some(({ length }) => length === null) ? Number.POSITIVE_INFINITY : data.end
}

async function wholeGguf(source: ByteSource): Promise<number> {
  const end = await dataEnd(source)
  if (end > source.size) throw refused('the last tensor is not whole with its padding, or of a type that nobody knows')
  return source.size
}

/** Where the length of the comment stands. */
async function emptyComment(source: ByteSource): Promise<number> {
  const start = Math.max(0, source.size - 65_535 - END.length)
  if (!hasArchiveEnd(await source.read(start, source.size - start))) throw refused(NO_CARRIER)
  const findings = new Findings()
  const { comment } = await readArchiveEnd(source, findings)
  if (comment.length > 0 || findings.count > 0) throw refused('the archive has a comment already, or more than one end')
  return source.size - 2
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8)
}
