/** Where the tensors of a model lie in its file, and what lies between them. */

import type { ByteSource } from './byte-source.ts'
import { type Findings, requireZeros } from './finding.ts'

export interface Tensor {
  readonly name: string
  /** By its format's name, or the number that nobody knows. */
  readonly type: string
  /** As the format orders them. */
  readonly shape: readonly number[]
  /** In bytes from the file's beginning. */
  readonly at: number
  /** In bytes, without padding; null where the type is unknown. */
  readonly length: number | null
}

export interface Layout {
  readonly source: ByteSource
  readonly findings: Findings
  /** Where tensors begin. */
  readonly start: number
  /** Each tensor is padded to a multiple of so many bytes. */
  readonly alignment: number
}

/**
 * Tells of every byte behind `start` that is in no tensor or in two, and of padding that is not zeros.
 * Returns where the tensors end, padded.
 */
export async function checkLayout(tensors: readonly Tensor[], layout: Layout): Promise<number> {
  const { source, findings, start, alignment } = layout
  const sorted = tensors.toSorted((a, b) => a.at - b.at || (a.length ?? 0) - (b.length ?? 0))
  const moved = sorted.findIndex((tensor, i) => tensors[i] !== tensor)
  if (moved >= 0)
    findings.add('TENSORS_NOT_IN_ORDER', start, `${sorted[moved]?.name}: not where its place in the list would have it`)
  let end = start
  let used = start
  for (const [i, tensor] of sorted.entries()) {
    const { name, at, length } = tensor
    if ((at - start) % alignment !== 0)
      findings.add('TENSOR_UNALIGNED', at, `${name}: not at a multiple of ${alignment}`)
    if (at < end)
      findings.add('TENSORS_OVERLAP', at, `${name}: begins ${end - at} bytes before the one in front of it ends`)
    if (at > end) findings.add('HIDDEN_BYTES', end, `${at - end} bytes before ${name} belong to no tensor`)
    // Of a type that nobody knows the end is not known either: what follows it is believed.
    const last = length === null ? (sorted[i + 1]?.at ?? at) : at + length
    const next = start + padded(last - start, alignment)
    await checkPadding(name, { from: Math.max(last, end), to: next }, layout)
    end = Math.max(end, next)
    used = Math.max(used, last)
  }
  if (sorted.length > 0 || source.size > end) checkEnd({ used, end }, layout)
  return end
}

export function padded(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment
}

/** Once only, however many tensors claim to end there. */
async function checkPadding(
  name: string,
  { from, to }: { readonly from: number; readonly to: number },
  { source, findings }: Layout,
): Promise<void> {
  await requireZeros(source, { from, to: Math.min(to, source.size) }, (at) =>
    findings.add('HIDDEN_BYTES', at, `the padding after ${name} is not all zeros`),
  )
}

function checkEnd(
  { used, end }: { readonly used: number; readonly end: number },
  { source: { size }, alignment, findings }: Layout,
): void {
  if (size > end) findings.add('TRAILING_BYTES', end, `${size - end} bytes after the last tensor`)
  else if (size < used) findings.add('TRUNCATED', size, `${used - size} bytes are missing at the end`)
  else if (size < end) findings.add('PADDING_MISSING', size, `the last tensor is not padded to ${alignment} bytes`)
}
