/** What a reader of models noticed: nothing that stopped it, but something that others read differently or never show. */

import type { ByteSource, Range } from './byte-source.ts'

export const FINDING_CODES = [
  'ALIGNMENT_UNUSUAL',
  'APESIG_MALFORMED',
  'APESIG_METADATA',
  'ARCHIVE_AMBIGUOUS',
  'ARGS_MALFORMED',
  'ARGS_OPENING',
  'ARGS_VARIABLE',
  'BOOL_UNUSUAL',
  'COMMENT_TOO_LONG',
  'DIMENSIONS_UNUSUAL',
  'FIELD_UNKNOWN',
  'FILE_MALFORMED',
  'HEADERS_DIFFER',
  'HEADER_REWRITTEN',
  'HIDDEN_BYTES',
  'KEY_REPEATED',
  'LAYERS_UNKNOWN',
  'LOADER_FROM_OUTSIDE',
  'MEMBERS_OVERLAP',
  'MEMBER_REPEATED',
  'MEMBER_UNUSUAL',
  'NAME_UNUSUAL',
  'NESTED_ARRAY',
  'PADDING_MISSING',
  'PADDING_UNUSUAL',
  'PICKLE',
  'SHARDS_DIFFER',
  'SHARD_MISSING',
  'STRING_NOT_UTF8',
  'TENSORS_NOT_IN_ORDER',
  'TENSORS_OVERLAP',
  'TENSOR_REPEATED',
  'TENSOR_TYPE_UNKNOWN',
  'TENSOR_UNALIGNED',
  'TRAILING_BYTES',
  'TRUNCATED',
  'UNEXPLAINED_BYTES',
  'WEIGHTS_SEVERAL',
  'WEIGHTS_SHADOWED',
] as const

export type FindingCode = (typeof FINDING_CODES)[number]

export interface Finding {
  /** Stable, documented in docs/inspect.md. */
  readonly code: FindingCode
  /** Names from the file stand in it as they are. */
  readonly what: string
  /** Where, in bytes from the beginning. */
  readonly at: number
}

/** Findings are many in a file that is made for it: the first are told, and how many there are. */
export class Findings {
  static readonly TOLD = 1000
  readonly list: Finding[] = []
  count = 0

  add(code: FindingCode, at: number, what: string): void {
    this.count++
    if (this.list.length < Findings.TOLD) this.list.push({ code, what, at })
  }

  /** Of a part that was read by itself; of a file among others, with its name in front. */
  addAll({ list, count }: Findings, name?: string): void {
    const told = list.slice(0, Findings.TOLD - this.list.length)
    this.list.push(...told.map((one) => (name === undefined ? one : { ...one, what: `${name}: ${one.what}` })))
    this.count += count
  }
}

/** Bytes that should be nothing but zeros are read in steps of so many. */
const STEP = 65_536

type Read = Pick<ByteSource, 'read'>

/** Adds HIDDEN_BYTES when any byte of a stretch that holds nothing is not zero. */
export async function requireZeros(source: Read, range: Range, tell: (at: number) => void): Promise<void> {
  const at = await firstNonZero(source, range)
  if (at < range.to) tell(at)
}

/** Where it is; `to` when there is none. */
export async function firstNonZero(source: Read, { from, to }: Range): Promise<number> {
  for (let at = from; at < to; at += STEP) {
    const bytes = await source.read(at, Math.min(STEP, to - at))
    const first = bytes.findIndex((byte) => byte !== 0)
    if (first >= 0) return at + first
  }
  return to
}

/** Where the zeros at the end of a stretch begin; `from` when there is nothing else. */
export async function zerosBefore(source: Read, { from, to }: Range): Promise<number> {
  for (let end = to; end > from; end -= STEP) {
    const start = Math.max(from, end - STEP)
    const last = (await source.read(start, end - start)).findLastIndex((byte) => byte !== 0)
    if (last >= 0) return start + last + 1
  }
  return from
}
