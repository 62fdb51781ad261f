/** What a store checks before it keeps something, whichever store. Each of these is a bug, or memory gone bad. */

import { createHash, hash as digestOf } from 'node:crypto'
import { MAX_ENTRY_BYTES } from '../formats/c2sp/bundle.ts'
import { equal, hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { filledBetween, TILE_WIDTH } from '../kernel/tile.ts'
import type { Attachment, ContentName, DerivedRows, Head, Published, SealedEntry, Supplement } from '../log/ports.ts'
import type { TreeBatch } from '../log/transfer/ports.ts'
import { MAX_LEAVES } from './database.ts'

// One buffer and one call: twice as fast as three calls for each of a million entries. Its first byte stays 0.
const prefixed = new Uint8Array(1 + MAX_ENTRY_BYTES)

/**
 * Everything of a batch but its hashes: it follows `expected`, and brings the tiles that fill up on the way, in order.
 * @throws TlogError SIZE_OUT_OF_RANGE, TIME_OUT_OF_RANGE, ENTRY_TOO_LARGE or TILE_MALFORMED; nothing was kept.
 */
export function checkBatch(expected: Head, batch: TreeBatch): void {
  const { entries, head } = batch
  if (entries.length === 0 || expected.size + entries.length !== head.size || head.size > MAX_LEAVES)
    throw new TlogError(
      'SIZE_OUT_OF_RANGE',
      `${entries.length} entries after ${expected.size} do not make ${head.size}`,
    )
  if (head.time < expected.time)
    throw new TlogError('TIME_OUT_OF_RANGE', `head ${head.size}: time goes back from ${expected.time} to ${head.time}`)
  entries.forEach(({ leaf }, at) => {
    if (leaf.length > MAX_ENTRY_BYTES)
      throw new TlogError(
        'ENTRY_TOO_LARGE',
        `leaf ${expected.size + at}: ${leaf.length} bytes, at most ${MAX_ENTRY_BYTES}`,
      )
  })
  const given = batch.tiles.map(({ level, index }) => `${level}/${index}`)
  const due = filledBetween(expected.size, head.size).map(({ level, index }) => `${level}/${index}`)
  if (given.join() !== due.join() || batch.tiles.some(({ bytes }) => bytes.length !== TILE_WIDTH * 32))
    throw new TlogError('TILE_MALFORMED', `head ${head.size}: brings tiles [${given}], due are [${due}]`)
}

/**
 * Native: it runs once more for every entry, right before the write, so that a bit flipped in memory since the hash
 * went into the root is not made durable.
 * @throws TlogError STORE_CORRUPT
 */
export function checkLeaf(index: number, leaf: Uint8Array, hash: Uint8Array): void {
  prefixed.set(leaf, 1)
  const found = digestOf('sha256', prefixed.subarray(0, 1 + leaf.length), 'hex')
  if (found !== hex(hash))
    throw new TlogError('STORE_CORRUPT', `leaf ${index}: its bytes hash to ${found}, in the tree is ${hex(hash)}`)
}

/** @throws TlogError STORE_CORRUPT unless the content hashes to the digest it is filed under. */
export function checkAttachment({ algorithm, digest, content }: Attachment): void {
  if (!equal(createHash(algorithm).update(content).digest(), digest))
    throw new TlogError('STORE_CORRUPT', `attachment ${algorithm}:${hex(digest)}: its content does not hash to that`)
}

/** Of a page of attachments; one is read whatever its size. */
export const ATTACHMENT_PAGE_BYTES = 8 * 2 ** 20

/** @throws TlogError INDEX_OUT_OF_RANGE unless every entry is in the stored tree. */
export function checkStored(supplements: readonly DerivedRows[], stored: Head | null): void {
  const size = stored?.size ?? 0
  for (const { index } of supplements)
    if (index >= size)
      throw new TlogError(
        'INDEX_OUT_OF_RANGE',
        `leaf ${index}: attachments for it, but the stored tree ends at ${size}`,
      )
}

/** The writer looks every entry up before it seals: one that is there all the same was looked up in a bad index. */
export function entryExists(index: number): TlogError {
  return new TlogError('ENTRY_EXISTS', `leaf ${index}: an entry of this log has the same hash`)
}

/** The keys of one entry, each once; one that the leaf yields is not marked as an attachment's. */
export function distinctKeys(entry: SealedEntry): SealedEntry['keys'] {
  const keys = [...entry.keys].sort((a, b) => Number(a.source === 'attachment') - Number(b.source === 'attachment'))
  const seen = new Set<string>()
  return keys.filter(({ key }) => seen.size < seen.add(hex(key)).size) // a statement has thousands
}

/** The same without content that was withdrawn, nor the rows that follow from it. */
export function keptEntry(entry: SealedEntry, isWithdrawn: (name: ContentName) => boolean): SealedEntry {
  const attachments = entry.attachments.filter((one) => !isWithdrawn(one))
  if (attachments.length === entry.attachments.length) return entry
  return { ...entry, attachments, keys: entry.keys.filter(({ source }) => source === 'leaf') }
}

/** As keptEntry. */
export function keptSupplement(supplement: Supplement, isWithdrawn: (name: ContentName) => boolean): Supplement {
  const attachments = supplement.attachments.filter((one) => !isWithdrawn(one))
  return attachments.length === supplement.attachments.length ? supplement : { ...supplement, attachments, keys: [] }
}

/** @throws TlogError HEAD_MOVED unless `stored` is what the caller's batch follows. */
export function checkExpected(stored: Head | null, expected: Head | null): asserts expected is Head {
  const same =
    stored !== null && expected !== null && stored.size === expected.size && equal(stored.root, expected.root)
  if (!same)
    throw new TlogError(
      'HEAD_MOVED',
      `the stored head has size ${stored?.size ?? 'none'}, not ${expected?.size ?? 'none'}: another process is writing`,
    )
}

/** @throws TlogError HEAD_MOVED unless `next` is a stored head, and not behind the newest checkpoint. */
export function checkPublished(next: Published, newest: Published | null, rootThere: Uint8Array | null): void {
  if (newest !== null && next.size < newest.size)
    throw new TlogError('HEAD_MOVED', `a checkpoint of size ${newest.size} is published, ${next.size} would go back`)
  if (rootThere === null || !equal(rootThere, next.root))
    throw new TlogError('HEAD_MOVED', `no stored head has size ${next.size} and the root ${hex(next.root)}`)
}

/** Between two kept checkpoints, by their own times. */
export const HISTORY_STEP_MS = 60_000

export function isKept(next: Published, last: Published | null): boolean {
  return last === null || (next.size > last.size && next.time - last.time >= HISTORY_STEP_MS)
}
