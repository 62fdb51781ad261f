/**
 * Fuses a llamafile once more, of parts that come from elsewhere. What has to be chosen (order, names, times, modes,
 * alignment) is read from the file that is to be explained; all else is forced, so that equal bytes mean equal parts.
 */

import { TlogError } from '../../kernel/error.ts'
import type { ByteSource } from './byte-source.ts'
import type { Zip, ZipMember } from './zip.ts'
import { isStored } from './zip-directory.ts'
import { zipalign } from './zipalign.ts'

export interface Part {
  readonly content: ByteSource
  readonly crc32: number
}

const MAX_ALIGNMENT_BITS = 20
/** Of the mode of a file in the directory: the upper half. */
const MODE = 65_536
/** What zipalign leaves free behind each content. */
const BEHIND = 24

/** What was appended to the runtime, in order. */
export function appended({ members }: Zip, runtime: ByteSource): readonly ZipMember[] {
  return members.filter(({ header }) => header.from >= runtime.size)
}

/**
 * @param parts by name: one for each member that was appended
 * @throws TlogError FUSE_MISMATCH where no alignment puts the members where they are, or one is packed
 */
export async function fuse(zip: Zip, runtime: ByteSource, parts: ReadonlyMap<string, Part>): Promise<ByteSource> {
  const members = appended(zip, runtime)
  const alignment = alignmentOf(members, runtime.size)
  const added = members.map(({ name, time, date, external }) => {
    const part = parts.get(name)
    if (part === undefined) throw mismatch(`no part is given for its member ${name}`)
    return { name, time, date, mode: Math.floor(external / MODE), ...part }
  })
  return await zipalign(runtime, added, alignment)
}

/** The largest with which every content is behind the least padding. @throws TlogError FUSE_MISMATCH as fuse does */
export function alignmentOf(members: readonly ZipMember[], start: number): number {
  const packed = members.find((member) => !isStored(member))
  if (packed !== undefined) throw mismatch(`${packed.name} is packed: its bytes are not those of a part`)
  for (let bits = MAX_ALIGNMENT_BITS; bits >= 0; bits--) if (isAlignedBy(members, start, 2 ** bits)) return 2 ** bits
  throw mismatch('its members do not lie where zipalign puts them: it was fused by another tool, or in several steps')
}

function isAlignedBy(members: readonly ZipMember[], start: number, alignment: number): boolean {
  let end = start
  return members.every(({ header, content }) => {
    const least = Math.ceil((end + content.from - header.from) / alignment) * alignment
    end = content.to + BEHIND
    return content.from === least
  })
}

export function mismatch(why: string): TlogError {
  return new TlogError('FUSE_MISMATCH', why)
}

/** Bytes a step. */
const STEP = 1024 * 1024

/** Where the first byte is that differs, or null. Of two lengths, the end of the shorter. */
export async function firstDifference(
  a: ByteSource,
  b: ByteSource,
  onBytes: (done: number, total: number) => void = () => undefined,
): Promise<number | null> {
  const shorter = Math.min(a.size, b.size)
  for (let at = 0; at < shorter; at += STEP) {
    const length = Math.min(STEP, shorter - at)
    const [left, right] = await Promise.all([a.read(at, length), b.read(at, length)])
    const differs = left.findIndex((byte, i) => byte !== right[i])
    if (differs >= 0) return at + differs
    onBytes(at + length, shorter)
  }
  return a.size === b.size ? null : shorter
}
