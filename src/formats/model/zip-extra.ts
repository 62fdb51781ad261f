/** Extra fields of a ZIP archive (PKWARE APPNOTE 4.5): wide numbers, times and owners; whatever else is there no reader shows. */

import { malformedAt } from './cursor.ts'
import type { Findings } from './finding.ts'
import { IN_ZIP64, readNumber, viewOf } from './zip-records.ts'

const ZIP64 = 0x0001
/** At most so many bytes: zip64; times of NTFS, of Unix; two generations of Info-ZIP's owners. */
const KNOWN: ReadonlyMap<number, number> = new Map([
  [ZIP64, 28],
  [0x000a, 32],
  [0x5455, 13],
  [0x5855, 12],
  [0x7855, 4],
  [0x7875, 11],
])

/**
 * What stands in the zip64 extra field because a record has no place for it (APPNOTE 4.5.3): only those, in this order.
 * @throws TlogError MODEL_MALFORMED
 */
export function readWide<F extends string>(
  extra: Uint8Array,
  record: Readonly<Record<F, number>>,
  fields: readonly F[],
  place: number,
): Partial<Record<F, number>> {
  const wanted = fields.filter((field) => record[field] === IN_ZIP64.u32)
  const found = wanted.length === 0 ? null : findWide(extra, place)
  if (found === null && wanted.length > 0)
    throw malformedAt(place, `no zip64 field, and ${wanted.join(' and ')} stand there`)
  if (found !== null && found.length < 8 * wanted.length) throw malformedAt(place, 'a zip64 field that is too short')
  const values = wanted.map((field, i) => [field, readNumber(viewOf(found as Uint8Array), 8 * i, 8)] as const)
  return Object.fromEntries(values) as Partial<Record<F, number>>
}

/** Adds HIDDEN_BYTES for what is no known field, or a known one twice or too long. @param at of `extra` in the file */
export function checkExtra(extra: Uint8Array, at: number, name: string, findings: Findings): void {
  const seen = new Set<number>()
  let next = 0
  for (const { id, content } of fieldsIn(extra)) {
    if (seen.has(id) || content.length > (KNOWN.get(id) ?? -1)) break
    seen.add(id)
    next += 4 + content.length
  }
  if (next < extra.length)
    findings.add('HIDDEN_BYTES', at + next, `${name}: ${extra.length - next} bytes in extra fields that nobody reads`)
}

interface Field {
  readonly id: number
  readonly content: Uint8Array
}

/** Up to the first that would end behind its place. */
function* fieldsIn(extra: Uint8Array): Iterable<Field> {
  const view = viewOf(extra)
  for (let at = 0; at + 4 <= extra.length; ) {
    const [id, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)]
    if (at + 4 + length > extra.length) return
    yield { id, content: extra.subarray(at + 4, at + 4 + length) }
    at += 4 + length
  }
}

function findWide(extra: Uint8Array, place: number): Uint8Array | null {
  let read = 0
  for (const { id, content } of fieldsIn(extra)) {
    if (id === ZIP64) return content
    read += 4 + content.length
  }
  if (read + 4 <= extra.length) throw malformedAt(place + read, 'an extra field that ends behind its place')
  return null
}
