/** Whether two stores have the same of one log, as far as its entries do not imply it: that is what `fsck` finds. */

import { equal, hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Attachment, Head, LogReader, LookupRow, Published } from '../ports.ts'
import { rowsOf } from './pages.ts'

const ROWS = 8192
const FEW = 256

/** @throws TlogError STORE_CORRUPT naming the first difference */
export async function compareLogs(source: LogReader, target: LogReader): Promise<void> {
  await same('head', showHead, (store: LogReader, after: Head | null) => store.heads(after?.size ?? null, ROWS))
  await same('checkpoint', showNote, (store, after: Published | null) => store.history(after?.size ?? null, FEW))
  await same('newest checkpoint', showNote, async (store, after: Published | null) => {
    const newest = after === null ? await store.published() : null
    return newest === null ? [] : [newest]
  })
  await same('lookup row', showRow, (store, after: LookupRow | null) => store.lookups(after, ROWS))
  await same('attachment', showAttachment, (store, after: Attachment | null) => store.attachments(after, FEW))

  async function same<T>(
    what: string,
    show: (row: T) => string,
    read: (store: LogReader, after: T | null) => Promise<readonly T[]>,
  ): Promise<void> {
    const theirs = rowsOf<T>((after) => read(target, after))
    for await (const row of rowsOf<T>((after) => read(source, after))) {
      const other = (await theirs.next()).value as T | undefined
      if (other === undefined || !isSame(row, other))
        throw differs(`${what} ${show(row)} of the source is ${other === undefined ? 'missing' : show(other)}`)
    }
    const more = (await theirs.next()).value as T | undefined
    if (more !== undefined) throw differs(`${what} ${show(more)} is not in the source`)
  }
}

function differs(what: string): TlogError {
  return new TlogError('STORE_CORRUPT', `the copy is not the same: ${what}`)
}

/** Rows are numbers, words and bytes. */
function isSame(a: unknown, b: unknown): boolean {
  const [one, other] = [Object.entries(a as object), b as Readonly<Record<string, unknown>>]
  return one.every(([name, value]) =>
    value instanceof Uint8Array ? equal(value, other[name] as Uint8Array) : value === other[name],
  )
}

function showHead({ size, root, time }: Head): string {
  return `${size} (root ${hex(root)}, at ${time})`
}

function showNote(published: Published): string {
  return `${showHead(published)} with a note of ${published.note.length} bytes`
}

function showRow({ key, index, source }: LookupRow): string {
  return `${hex(key)} of entry ${index} (from its ${source})`
}

function showAttachment({ algorithm, digest }: Attachment): string {
  return `${algorithm}:${hex(digest)}`
}
