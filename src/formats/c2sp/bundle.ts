/** Entry bundles: up to 256 log entries in one file (c2sp.org/tlog-tiles, "Log entries"). */

import { TlogError } from '../../kernel/error.ts'

/** The largest entry that a bundle, and so a log, can hold. */
export const MAX_ENTRY_BYTES = 65_535
const MAX_WIDTH = 256

/**
 * Shape: `width` times { uint16 big-endian length, that many bytes }, nothing after. `width` is 1…256.
 * Views into `bytes`, not copies: do not keep one longer than the bundle.
 *
 * @throws TlogError BUNDLE_MALFORMED on a short read, trailing bytes, or another count than `width`.
 */
export function parseBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  checkWidth(width)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const entries: Uint8Array[] = []
  let at = 0
  while (entries.length < width) {
    if (at + 2 > bytes.length) throw malformed(`${entries.length} entries, not ${width}`)
    const start = at + 2
    at = start + view.getUint16(at)
    if (at > bytes.length) throw malformed(`entry ${entries.length} ends ${at - bytes.length} bytes past the end`)
    entries.push(bytes.subarray(start, at))
  }
  if (at !== bytes.length) throw malformed(`${bytes.length - at} bytes after entry ${width - 1}`)
  return entries
}

/**
 * The bundle of 1…256 entries.
 *
 * @throws TlogError ENTRY_TOO_LARGE above 65,535 bytes, BUNDLE_MALFORMED on another count.
 */
export function formatBundle(entries: readonly Uint8Array[]): Uint8Array {
  checkWidth(entries.length)
  entries.forEach((entry, i) => {
    if (entry.length > MAX_ENTRY_BYTES)
      throw new TlogError('ENTRY_TOO_LARGE', `entry ${i} has ${entry.length} bytes, at most ${MAX_ENTRY_BYTES}`)
  })
  const bytes = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const entry of entries) {
    view.setUint16(at, entry.length)
    bytes.set(entry, at + 2)
    at += 2 + entry.length
  }
  return bytes
}

function checkWidth(width: number): void {
  if (!Number.isInteger(width) || width < 1 || width > MAX_WIDTH)
    throw malformed(`a bundle holds 1 to ${MAX_WIDTH} entries, not ${width}`)
}

function malformed(why: string): TlogError {
  return new TlogError('BUNDLE_MALFORMED', `not an entry bundle: ${why}`)
}
