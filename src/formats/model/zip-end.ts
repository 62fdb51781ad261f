/** The end of a ZIP archive: where its directory is. Readers look for it in different ways, and must not find two. */

import type { ByteSource, Range } from './byte-source.ts'
import { malformedAt } from './cursor.ts'
import type { Findings } from './finding.ts'
import { END, END64, hasRecord, IN_ZIP64, LOCATOR, type RecordOf, readRecord } from './zip-records.ts'

export interface ArchiveEnd {
  readonly count: number
  readonly directory: Range
  /** Of the last record: 22 bytes, and the comment. */
  readonly at: number
  readonly comment: Uint8Array
  readonly isZip64: boolean
}

const MAX_COMMENT = 65_535
/** llamafile and zipalign look in the last 64 KiB alone: behind a longer comment they find no archive. */
const LONGEST_SEEN = 65_536 - LOCATOR.length - END.length

/** The last bytes of a file, and where they begin in it. */
interface Tail {
  readonly bytes: Uint8Array
  readonly start: number
  readonly findings: Findings
}

/** @throws TlogError MODEL_MALFORMED when no end record ends the file, or it leads nowhere. */
export async function readArchiveEnd(source: ByteSource, findings: Findings): Promise<ArchiveEnd> {
  const start = Math.max(0, source.size - MAX_COMMENT - END.length - LOCATOR.length - END64.length)
  const bytes = await source.read(start, source.size - start)
  const tail = { bytes, start, findings }
  const at = findEnd(tail)
  const comment = bytes.slice(at + END.length)
  if (comment.length > LONGEST_SEEN)
    findings.add(
      'COMMENT_TOO_LONG',
      start + at,
      `a comment of ${comment.length} bytes: behind more than ${LONGEST_SEEN} llamafile finds no archive`,
    )
  const record = readRecord(END, bytes, at, start)
  const isZip64 = hasRecord(LOCATOR, bytes, at - LOCATOR.length)
  const { count, directory } = isZip64 ? readWideEnd(tail, at, record) : directoryOf(record, start + at, findings)
  return { count, directory, at: start + at, comment, isZip64 }
}

/** Whether any end record is where readers look for it. */
export async function hasArchive(source: ByteSource): Promise<boolean> {
  const start = Math.max(0, source.size - MAX_COMMENT - END.length)
  return hasArchiveEnd(await source.read(start, source.size - start))
}

export function hasArchiveEnd(tail: Uint8Array): boolean {
  return placesOf(END.signature, tail).length > 0
}

/** The last record whose comment ends with the file, as Python and Info-ZIP take it. */
function findEnd({ bytes, start, findings }: Tail): number {
  const places = placesOf(END.signature, bytes).filter((at) => hasRecord(END, bytes, at))
  const reaches = (at: number) => at + END.length + readRecord(END, bytes, at, start).commentLength === bytes.length
  const whole = places.filter(reaches)
  const last = whole.pop()
  if (last === undefined) {
    const near = places.at(-1)
    throw near === undefined
      ? malformedAt(start + bytes.length, 'no end record of an archive')
      : malformedAt(start + near, 'the comment of this end record does not end where the file ends')
  }
  const behind = [END, END64, LOCATOR].flatMap(({ signature }) => placesOf(signature, bytes).filter((at) => at > last))
  for (const at of [...whole, ...behind])
    findings.add('ARCHIVE_AMBIGUOUS', start + at, 'another end record: which archive this is depends on the reader')
  return last
}

function placesOf(signature: number, bytes: Uint8Array): number[] {
  const places: number[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = bytes.indexOf(signature & 0xff); at >= 0 && at + 4 <= bytes.length; ) {
    if (view.getUint32(at, true) === signature) places.push(at)
    at = bytes.indexOf(signature & 0xff, at + 1)
  }
  return places
}

type Listed = Pick<ArchiveEnd, 'count' | 'directory'>
type Counted = Pick<RecordOf<typeof END64>, 'disk' | 'startDisk' | 'hereCount' | 'count' | 'size' | 'at'>

/** The 64-bit record, which the locator names; nothing is between the three. */
function readWideEnd({ bytes, start, findings }: Tail, at: number, narrow: RecordOf<typeof END>): Listed {
  const wideAt = at - LOCATOR.length - END64.length
  const { end64At, disk, disks } = readRecord(LOCATOR, bytes, at - LOCATOR.length, start)
  const wide = readRecord(END64, bytes, wideAt, start)
  if (end64At !== start + wideAt || disk !== 0 || disks !== 1 || wide.recordSize !== END64.length - 12)
    throw malformedAt(start + wideAt, 'the locator names another place than the one in front of it')
  const isSame = (field: 'count' | 'hereCount' | 'size' | 'at', unknown: number) =>
    narrow[field] === unknown || narrow[field] === wide[field]
  const { u16, u32 } = IN_ZIP64
  if (!isSame('count', u16) || !isSame('hereCount', u16) || !isSame('size', u32) || !isSame('at', u32))
    findings.add('ARCHIVE_AMBIGUOUS', start + at, 'the two end records say different things')
  return directoryOf(wide, start + wideAt, findings)
}

/** @param behind where the directory has to end */
function directoryOf(record: Counted, behind: number, findings: Findings): Listed {
  const { disk, startDisk, hereCount, count, size, at } = record
  if (disk !== 0 || startDisk !== 0 || hereCount !== count)
    throw malformedAt(behind, 'an archive of several parts, or of two counts')
  if (at + size > behind)
    throw malformedAt(behind, `a directory of ${size} bytes at ${at} would end behind its end record`)
  const directory = { from: at, to: at + size }
  if (directory.to < behind)
    findings.add(
      'HIDDEN_BYTES',
      directory.to,
      `${behind - directory.to} bytes between the directory and its end record`,
    )
  return { count, directory }
}
