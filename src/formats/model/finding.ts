/** What a reader of models noticed: nothing that stopped it, but something that others read differently or never show. */

export const FINDING_CODES = [
  'ALIGNMENT_UNUSUAL',
  'BOOL_UNUSUAL',
  'DIMENSIONS_UNUSUAL',
  'FIELD_UNKNOWN',
  'HIDDEN_BYTES',
  'KEY_REPEATED',
  'NAME_UNUSUAL',
  'NESTED_ARRAY',
  'PADDING_MISSING',
  'PADDING_UNUSUAL',
  'STRING_NOT_UTF8',
  'TENSORS_NOT_IN_ORDER',
  'TENSORS_OVERLAP',
  'TENSOR_REPEATED',
  'TENSOR_TYPE_UNKNOWN',
  'TENSOR_UNALIGNED',
  'TRAILING_BYTES',
  'TRUNCATED',
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
}

/** Bytes that should be nothing but zeros are read in steps of so many. */
const STEP = 65_536

/** Adds HIDDEN_BYTES when any byte of a stretch that holds nothing is not zero. */
export async function requireZeros(
  source: { read(at: number, length: number): Promise<Uint8Array> },
  { from, to }: { readonly from: number; readonly to: number },
  tell: (at: number) => void,
): Promise<void> {
  for (let at = from; at < to; at += STEP) {
    const bytes = await source.read(at, Math.min(STEP, to - at))
    const first = bytes.findIndex((byte) => byte !== 0)
    if (first >= 0) return tell(at + first)
  }
}
