/** Distinguished names (RFC 5280 §4.1.2.4), for people to read. Two names are never compared by this: their DER is. */

import { hex, parseUtf8 } from '../../kernel/bytes.ts'
import { DerReader, TAG } from './der.ts'

export interface NamePart {
  /** Its usual abbreviation, or the object identifier. */
  readonly type: string
  readonly value: string
}

const TYPES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'email',
}

/** UTF8String, PrintableString, IA5String. */
const TEXT_TAGS = [TAG.utf8String, 0x13, 0x16]
const SET = 0x31
const MAX_PARTS = 64

/** In the name's order. A value in another alphabet is given as `#` and its hex. @throws TlogError CERTIFICATE_MALFORMED, UTF8_MALFORMED */
export function parseName(name: Uint8Array): NamePart[] {
  const outer = new DerReader(name, 'CERTIFICATE_MALFORMED')
  const sets = outer.enter(TAG.sequence, 'the name')
  outer.end('the name')
  const parts: NamePart[] = []
  while (sets.tag !== undefined) {
    const set = sets.enter(SET, 'a part of the name')
    while (set.tag !== undefined) {
      if (parts.length === MAX_PARTS) set.fail(`more than ${MAX_PARTS} parts of a name`)
      parts.push(readPart(set.enter(TAG.sequence, 'a part of the name')))
    }
  }
  return parts
}

function readPart(part: DerReader): NamePart {
  const oid = part.oid('a part of the name')
  const { tag, value } = part.next('a part of the name')
  part.end('a part of the name')
  return { type: TYPES[oid] ?? oid, value: TEXT_TAGS.includes(tag) ? parseUtf8(value) : `#${hex(value)}` }
}
