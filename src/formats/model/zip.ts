/**
 * ZIP archives as model files are made of them (PKWARE APPNOTE): everything by its directory, nothing unpacked. Readers
 * of ZIP disagree on what is odd, so what is odd is a finding, and what leaves no one reading is an error.
 */

import { equal } from '../../kernel/bytes.ts'
import type { ByteSource, Range } from './byte-source.ts'
import { malformedAt } from './cursor.ts'
import { Findings } from './finding.ts'
import { readDirectory, type ZipEntry } from './zip-directory.ts'
import { type ArchiveEnd, readArchiveEnd } from './zip-end.ts'
import { checkExtra, readWide } from './zip-extra.ts'
import { LOCAL, readRecord } from './zip-records.ts'

export interface ZipMember extends ZipEntry {
  /** Its local header, with name and extra fields. */
  readonly header: Range
  /** As it is stored. */
  readonly content: Range
}

export interface Zip {
  /** In the order in which they lie in the file. */
  readonly members: readonly ZipMember[]
  readonly end: ArchiveEnd
  readonly findings: Findings
}

/** @throws TlogError MODEL_MALFORMED with the place, in bytes */
export async function readZip(source: ByteSource): Promise<Zip> {
  const findings = new Findings()
  const end = await readArchiveEnd(source, findings)
  const entries = await readDirectory(source, end, findings)
  const members: ZipMember[] = []
  for (const entry of entries) members.push(await readLocal(source, entry, findings))
  members.sort((a, b) => a.header.from - b.header.from)
  checkOverlap(members, end, findings)
  return { members, end, findings }
}

/** In the directory's order. @throws TlogError MODEL_MALFORMED */
export async function readEntries(source: ByteSource): Promise<readonly ZipEntry[]> {
  const findings = new Findings()
  return await readDirectory(source, await readArchiveEnd(source, findings), findings)
}

/** The directory and the header in front of the content must say the same: which of them is believed depends on the reader. */
async function readLocal(source: ByteSource, entry: ZipEntry, findings: Findings): Promise<ZipMember> {
  const { at, name } = entry
  if (at + LOCAL.length > source.size) throw malformedAt(at, `${name}: its header would end behind the file`)
  const local = readRecord(LOCAL, await source.read(at, LOCAL.length), 0, at)
  const from = at + LOCAL.length + local.nameLength + local.extraLength
  const to = from + entry.packed
  if (to > source.size) throw malformedAt(at, `${name}: its content would end behind the file`)
  const behind = await source.read(at + LOCAL.length, local.nameLength + local.extraLength)
  const wide = readWide(behind.subarray(local.nameLength), local, ['size', 'packed'], at + LOCAL.length)
  checkExtra(behind.subarray(local.nameLength), at + LOCAL.length + local.nameLength, name, findings)
  const said = { ...local, ...wide }
  const isSame = (['method', 'flags', 'time', 'date', 'crc32', 'packed', 'size'] as const).every(
    (field) => said[field] === entry[field],
  )
  if (!isSame || !equal(behind.subarray(0, local.nameLength), entry.nameBytes))
    findings.add('HEADERS_DIFFER', at, `${name}: its own header says something else than the directory`)
  return { ...entry, header: { from: at, to: from }, content: { from, to } }
}

function checkOverlap(members: readonly ZipMember[], { directory }: ArchiveEnd, findings: Findings): void {
  let end = 0
  for (const { name, header, content } of members) {
    if (header.from < end)
      findings.add('MEMBERS_OVERLAP', header.from, `${name}: begins before the one in front of it ends`)
    end = Math.max(end, content.to)
  }
  if (end > directory.from)
    findings.add('MEMBERS_OVERLAP', directory.from, 'the directory begins before the last member ends')
}
