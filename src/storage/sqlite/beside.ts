/** Reads of what is kept beside a tree: lookup rows and attachments. */

import type { Database } from 'better-sqlite3'
import { leafIndex } from '../../kernel/brand.ts'
import type { Attachment, ContentName, DigestAlgorithm, LogReader, LookupRow } from '../../log/ports.ts'
import { MAX_LEAVES } from '../database.ts'
import { ATTACHMENT_PAGE_BYTES, checkAttachment } from '../sealed.ts'
import { orNull, plain, reading } from './reading.ts'

interface Row {
  readonly key: Uint8Array
  readonly idx: number
  readonly source: number
}

type LookupReads = 'lookup' | 'firstUnder' | 'hasLookups' | 'lookups' | 'brought'
type BesideReader = Pick<LogReader, LookupReads | 'attachment' | 'contents' | 'attachments'>

export function createBesideReader(db: Database, log: number): BesideReader {
  return { ...createLookupReader(db, log), ...createAttachmentReader(db, log) }
}

function createLookupReader(db: Database, log: number): Pick<BesideReader, LookupReads> {
  const under = db
    .prepare<[number, Uint8Array, number, number], number>(
      'SELECT idx FROM lookup WHERE log = ? AND key = ? AND idx > ? ORDER BY idx LIMIT ?',
    )
    .pluck()
  const one = db.prepare<[number, Uint8Array, number], number>(
    'SELECT 1 FROM lookup WHERE log = ? AND key = ? AND idx = ?',
  )
  const above = db.prepare<[number, Uint8Array, number, number], Row>(
    'SELECT key, idx, source FROM lookup WHERE log = ? AND (key, idx) > (?, ?) ORDER BY key, idx LIMIT ?',
  )
  const brought = db
    .prepare<[number, number], number>('SELECT at FROM brought WHERE at >= ? AND at < ? ORDER BY at')
    .pluck()
  const base = log * MAX_LEAVES
  // Many in one transaction: by itself each statement takes and drops the file's locks.
  const has = db.transaction((rows: Parameters<LogReader['hasLookups']>[0]) =>
    rows.map(({ key, index }) => one.get(log, key, index) !== undefined),
  )
  const first = db
    .prepare<[number, Uint8Array], number>('SELECT idx FROM lookup WHERE log = ? AND key = ? ORDER BY idx LIMIT 1')
    .pluck()
  const firsts = db.transaction((keys: readonly Uint8Array[]) => keys.map((key) => first.get(log, key)))
  const toRow = ({ key, idx, source }: Row): LookupRow => ({
    key: plain(key),
    source: source === 0 ? 'leaf' : 'attachment',
    index: leafIndex(idx),
  })
  return {
    lookup: reading(db, (key, after, limit) => under.all(log, key, after ?? -1, limit).map((at) => leafIndex(at))),
    firstUnder: reading(db, (keys) => firsts(keys).map((at) => orNull(at, leafIndex))),
    hasLookups: reading(db, (rows) => has(rows)),
    lookups: reading(db, (after, limit) =>
      above.all(log, after?.key ?? new Uint8Array(), after?.index ?? -1, limit).map(toRow),
    ),
    brought: reading(db, (first, count) =>
      brought.all(base + first, base + first + count).map((at) => leafIndex(at - base)),
    ),
  }
}

function createAttachmentReader(
  db: Database,
  log: number,
): Pick<BesideReader, 'attachment' | 'contents' | 'attachments'> {
  const content = db
    .prepare<[number, string, Uint8Array], Uint8Array>(
      'SELECT content FROM attachment WHERE log = ? AND algorithm = ? AND digest = ?',
    )
    .pluck()
  const above = db.prepare<[number, string, Uint8Array, number], Attachment>(
    `SELECT algorithm, digest, content FROM attachment
     WHERE log = ? AND (algorithm, digest) > (?, ?) ORDER BY algorithm, digest LIMIT ?`,
  )
  const read = (algorithm: DigestAlgorithm, digest: Uint8Array) => {
    const found = content.get(log, algorithm, digest)
    if (found !== undefined) checkAttachment({ algorithm, digest, content: found })
    return orNull(found, plain)
  }
  const many = db.transaction((names: readonly ContentName[]) => {
    const page: (Uint8Array | null)[] = []
    for (let [i, bytes] = [0, 0]; i < names.length && bytes < ATTACHMENT_PAGE_BYTES; i++) {
      const { algorithm, digest } = names[i] as ContentName
      const found = read(algorithm, digest)
      page.push(found)
      bytes += found?.length ?? 0
    }
    return page
  })
  return {
    attachment: reading(db, read),
    contents: reading(db, (names) => many(names)),
    attachments: reading(db, (after, limit) => {
      const page: Attachment[] = []
      let bytes = 0
      for (const row of above.iterate(log, after?.algorithm ?? '', after?.digest ?? new Uint8Array(), limit)) {
        bytes += row.content.length
        if (page.length > 0 && bytes > ATTACHMENT_PAGE_BYTES) break
        checkAttachment(row)
        page.push({ algorithm: row.algorithm, digest: plain(row.digest), content: plain(row.content) })
      }
      return page
    }),
  }
}
