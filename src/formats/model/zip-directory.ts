/** The central directory of a ZIP archive: what is in it, by the only list that all readers have. */

import type { ByteSource } from './byte-source.ts'
import { malformedAt } from './cursor.ts'
import type { Findings } from './finding.ts'
import { isPlain, readable } from './name.ts'
import type { ArchiveEnd } from './zip-end.ts'
import { checkExtra, readWide } from './zip-extra.ts'
import { CENTRAL, type RecordOf, readRecord } from './zip-records.ts'

export interface ZipEntry extends RecordOf<typeof CENTRAL> {
  readonly name: string
  readonly nameBytes: Uint8Array
  /** As it stands in the directory. */
  readonly raw: Uint8Array
}

const MAX_ENTRIES = 10_000
const MAX_BYTES = 64 * 2 ** 20
const STORED = 0
const DEFLATED = 8
/** Of the flags: the content is encrypted; its sizes stand behind it; the name is UTF-8. */
const FLAGS = { encrypted: 1, sizesBehind: 8, utf8: 0x0800 } as const

/** In the directory's order. @throws TlogError MODEL_MALFORMED */
export async function readDirectory(source: ByteSource, end: ArchiveEnd, findings: Findings): Promise<ZipEntry[]> {
  const { from, to } = end.directory
  if (end.count > MAX_ENTRIES) throw malformedAt(from, `${end.count} entries, of at most ${MAX_ENTRIES}`)
  if (to - from > MAX_BYTES) throw malformedAt(from, `a directory of ${to - from} bytes, of at most ${MAX_BYTES}`)
  const bytes = await source.read(from, to - from)
  const entries: ZipEntry[] = []
  const seen = new Set<string>()
  let next = 0
  while (entries.length < end.count) {
    const { entry, length } = readEntry(bytes, next, from)
    if (seen.has(entry.name))
      findings.add('MEMBER_REPEATED', from + next, `${entry.name}: which of them counts depends on the reader`)
    seen.add(entry.name)
    checkEntry(entry, from + next, findings)
    entries.push(entry)
    next += length
  }
  if (next !== bytes.length)
    findings.add('HIDDEN_BYTES', from + next, `${bytes.length - next} bytes of the directory belong to no entry`)
  return entries
}

function readEntry(
  bytes: Uint8Array,
  at: number,
  place: number,
): { readonly entry: ZipEntry; readonly length: number } {
  const record = readRecord(CENTRAL, bytes, at, place)
  const { nameLength, extraLength, commentLength } = record
  const start = at + CENTRAL.length
  const length = CENTRAL.length + nameLength + extraLength + commentLength
  if (at + length > bytes.length) throw malformedAt(place + at, 'an entry that ends behind the directory')
  const nameBytes = bytes.slice(start, start + nameLength)
  const extra = bytes.subarray(start + nameLength, start + nameLength + extraLength)
  const wide = readWide(extra, record, ['size', 'packed', 'at'], place + start + nameLength)
  return {
    entry: { ...record, ...wide, name: readable(nameBytes), nameBytes, raw: bytes.slice(at, at + length) },
    length,
  }
}

function checkEntry(entry: ZipEntry, at: number, findings: Findings): void {
  const { name, nameBytes, flags, method, packed, size, extraLength, commentLength, raw } = entry
  const extraAt = CENTRAL.length + nameBytes.length
  checkExtra(raw.subarray(extraAt, extraAt + extraLength), at + extraAt, name, findings)
  if (commentLength > 0)
    findings.add('HIDDEN_BYTES', at + extraAt + extraLength, `${name}: a comment of ${commentLength} bytes`)
  const parts = name.split('/')
  if (!isPlain(nameBytes) || name.startsWith('/') || name.includes('\\') || parts.includes('..') || parts.includes('.'))
    findings.add(
      'NAME_UNUSUAL',
      at,
      `the name of a member is empty, leads elsewhere or is not of printable ASCII: ${name}`,
    )
  const isKnown = method === STORED ? packed === size : method === DEFLATED
  if (!isKnown || (flags & ~FLAGS.utf8) !== 0)
    findings.add('MEMBER_UNUSUAL', at, `${name}: method ${method}, flags ${flags}, ${packed} bytes of ${size}`)
}

/** As it is, byte for byte: it can be hashed, and run. */
export function isStored({ method, flags, packed, size }: ZipEntry): boolean {
  return method === STORED && (flags & FLAGS.encrypted) === 0 && packed === size
}
