/**
 * What zipalign of the llamafile project appends to a file (Mozilla-Ocho/llamafile, llamafile/zipalign.c): the same file,
 * members, order, times and modes always give the same bytes, so that anybody can fuse a llamafile once more and compare.
 */

import { concat, utf8 } from '../../kernel/bytes.ts'
import type { ByteSource } from './byte-source.ts'
import { joined, type Piece } from './pieces.ts'
import { readEntries } from './zip.ts'
import { hasArchive } from './zip-end.ts'
import { CENTRAL, END, END64, IN_ZIP64, LOCAL, LOCATOR, writeRecord } from './zip-records.ts'

export interface NewMember {
  readonly name: string
  readonly content: ByteSource
  readonly crc32: number
  /** As DOS has them, of the local time of whoever fused it. */
  readonly time: number
  readonly date: number
  /** Of Unix, with the file's type. */
  readonly mode: number
}

const VERSION = 45
const UNIX = 3 * 256
const UTF8_NAMES = 0x0800
const ZIP64_EXTRA = 1
/** It steps over a member as if its header were that of the directory, which is longer. */
const BEHIND = 24

/**
 * @param file that is appended to; its archive is read, where it has one
 * @param alignment of contents in bytes: a power of two
 * @throws TlogError MODEL_MALFORMED when there is an archive that cannot be read
 */
export async function zipalign(
  file: ByteSource,
  members: readonly NewMember[],
  alignment: number,
): Promise<ByteSource> {
  const pieces: Piece[] = [{ source: file, from: 0, to: file.size }]
  const names = new Set(members.map(({ name }) => name))
  const old = (await hasArchive(file)) ? await readEntries(file) : []
  const directory = old.filter(({ name }) => !names.has(name)).map(({ raw }) => raw)
  let at = file.size
  for (const member of members) {
    const header = localHeader(member)
    const padding = (alignment - ((at + header.length) % alignment)) % alignment
    directory.push(centralEntry(member, at + padding))
    const { content } = member
    pieces.push(new Uint8Array(padding), header, { source: content, from: 0, to: content.size }, new Uint8Array(BEHIND))
    at += padding + header.length + content.size + BEHIND
  }
  return joined([...pieces, ...directory, endRecords(directory, at)])
}

function localHeader({ name, content, crc32, time, date }: NewMember): Uint8Array {
  const nameBytes = utf8(name)
  const record = writeRecord(LOCAL, {
    needed: VERSION,
    flags: UTF8_NAMES,
    method: 0,
    time,
    date,
    crc32,
    packed: IN_ZIP64.u32,
    size: IN_ZIP64.u32,
    nameLength: nameBytes.length,
    extraLength: 20,
  })
  return concat(record, nameBytes, wide([content.size, content.size]))
}

function centralEntry({ name, content, crc32, time, date, mode }: NewMember, at: number): Uint8Array {
  const nameBytes = utf8(name)
  const record = writeRecord(CENTRAL, {
    madeBy: UNIX + VERSION,
    needed: VERSION,
    flags: UTF8_NAMES,
    method: 0,
    time,
    date,
    crc32,
    packed: IN_ZIP64.u32,
    size: IN_ZIP64.u32,
    nameLength: nameBytes.length,
    extraLength: 28,
    commentLength: 0,
    disk: 0,
    internal: 0,
    external: mode * 65_536,
    at: IN_ZIP64.u32,
  })
  return concat(record, nameBytes, wide([content.size, content.size, at]))
}

function wide(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 + 8 * values.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, ZIP64_EXTRA, true)
  view.setUint16(2, 8 * values.length, true)
  for (const [i, value] of values.entries()) view.setBigUint64(4 + 8 * i, BigInt(value), true)
  return bytes
}

function endRecords(directory: readonly Uint8Array[], at: number): Uint8Array {
  const count = directory.length
  const size = directory.reduce((sum, { length }) => sum + length, 0)
  const counts = { disk: 0, startDisk: 0, hereCount: count, count, size }
  return concat(
    writeRecord(END64, { recordSize: END64.length - 12, madeBy: UNIX + VERSION, needed: VERSION, ...counts, at }),
    writeRecord(LOCATOR, { disk: 0, end64At: at + size, disks: 1 }),
    writeRecord(END, { ...counts, at: IN_ZIP64.u32, commentLength: 0 }),
  )
}
