/** What the functions in the database take. One buffer of each kind goes over the wire as it is; an array would be text. */

import { hex } from '../../kernel/bytes.ts'
import type { Attachment, ContentName, SealedBatch, Supplement } from '../../log/ports.ts'
import { distinctKeys, keptEntry } from '../sealed.ts'

export function contentKey({ algorithm, digest }: ContentName): string {
  return `${algorithm}:${hex(digest)}`
}

/** The arguments of `append` behind the head that the batch follows. */
export function packBatch(
  { entries, tiles, head }: SealedBatch,
  isWithdrawn: (name: ContentName) => boolean,
): readonly unknown[] {
  const gone = new Set<string>()
  const kept = entries.map((entry) => {
    const found = keptEntry(entry, (name) => gone.has(contentKey(name)) || isWithdrawn(name))
    if (found.withdraws !== undefined) gone.add(contentKey(found.withdraws))
    return found
  })
  const keys = kept.flatMap((entry, at) => distinctKeys(entry).map((key) => ({ ...key, at })))
  const attachments = kept.flatMap((entry) => entry.attachments).filter((one) => !gone.has(contentKey(one)))
  const before = head.size - entries.length
  const withdrawn = kept.flatMap(({ withdraws }, at) =>
    withdraws === undefined ? [] : [{ ...withdraws, at: before + at }],
  )
  return [
    head.size,
    head.root,
    head.time,
    Buffer.concat(entries.map(({ hash }) => hash)),
    Buffer.concat(entries.map(({ leaf }) => leaf)),
    entries.map(({ leaf }) => leaf.length),
    Buffer.concat(keys.map(({ key }) => key)),
    keys.map(({ at }) => at),
    keys.map(({ source }) => (source === 'leaf' ? 0 : 1)),
    ...packAttachments(attachments),
    withdrawn.map(({ at }) => at),
    withdrawn.map(({ algorithm }) => algorithm),
    withdrawn.map(({ digest }) => digest),
    tiles.map(({ level }) => level),
    tiles.map(({ index }) => index),
    Buffer.concat(tiles.map(({ bytes }) => bytes)),
  ]
}

/** The arguments of `attach` behind whether the log grows by it. */
export function packSupplements(supplements: readonly Supplement[]): readonly unknown[] {
  const keys = supplements.flatMap(({ index, keys }) => keys.map((key) => ({ key, index })))
  return [
    supplements.length === 0 ? null : Math.max(...supplements.map(({ index }) => index)),
    Buffer.concat(keys.map(({ key }) => key)),
    keys.map(({ index }) => index),
    ...packAttachments(supplements.flatMap(({ attachments }) => attachments)),
  ]
}

/** Each once, though many entries have it. */
export function packAttachments(attachments: readonly Attachment[]): readonly unknown[] {
  const distinct = [...new Map(attachments.map((each) => [contentKey(each), each])).values()]
  return [
    distinct.map(({ algorithm }) => algorithm),
    distinct.map(({ digest }) => digest),
    distinct.map(({ content }) => content.length),
    Buffer.concat(distinct.map(({ content }) => content)),
  ]
}
