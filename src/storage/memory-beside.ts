/** What the store in memory keeps beside a tree. */

import type { LeafIndex } from '../kernel/brand.ts'
import { equal, hex } from '../kernel/bytes.ts'
import type { Attachment, ContentName, LogReader, LookupRow } from '../log/ports.ts'

export interface Beside {
  /** By key, in the order of the indexes. */
  readonly keys: Map<string, LookupRow[]>
  /** Entries with rows of attachments. */
  readonly brought: Set<LeafIndex>
  /** By name. */
  readonly attachments: Map<string, Attachment>
}

export function nameOf({ algorithm, digest }: ContentName): string {
  return `${algorithm}:${hex(digest)}`
}

/** What is there already stays as it is. */
export function keepRow({ keys, brought }: Pick<Beside, 'keys' | 'brought'>, row: LookupRow): void {
  const under = keys.get(hex(row.key)) ?? []
  if (under.some(({ index }) => index === row.index)) return
  if (row.source === 'attachment') brought.add(row.index)
  keys.set(
    hex(row.key),
    [...under, row].sort((a, b) => a.index - b.index),
  )
}

type BesideReader = Pick<
  LogReader,
  'lookup' | 'firstUnder' | 'hasLookups' | 'lookups' | 'brought' | 'attachment' | 'contents' | 'attachments'
>

/** Readers get copies: what they do to them is not done to the log. */
export function createBesideReader({ keys, brought, attachments }: Beside): BesideReader {
  const under = (key: Uint8Array) => keys.get(hex(key)) ?? []
  return {
    lookup: async (key, after, limit) =>
      under(key)
        .map(({ index }) => index)
        .filter((index) => index > (after ?? -1))
        .slice(0, limit),
    firstUnder: async (wanted) => wanted.map((key) => under(key)[0]?.index ?? null),
    hasLookups: async (rows) => rows.map(({ key, index }) => under(key).some((row) => row.index === index)),
    lookups: async (after, limit) => {
      const rows = [...keys].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, under]) => under)
      const above = after === null ? rows : rows.filter((row) => isAbove(row, after))
      return structuredClone(above.slice(0, limit))
    },
    brought: async (first, count) =>
      [...brought].filter((index) => index >= first && index < first + count).sort((a, b) => a - b),
    attachment: async (algorithm, digest) =>
      structuredClone(attachments.get(nameOf({ algorithm, digest }))?.content ?? null),
    contents: async (names) => names.map((name) => structuredClone(attachments.get(nameOf(name))?.content ?? null)),
    attachments: async (after, limit) => {
      const names = [...attachments.keys()].filter((name) => after === null || name > nameOf(after)).sort()
      return structuredClone(names.slice(0, limit).flatMap((name) => attachments.get(name) ?? []))
    },
  }
}

function isAbove(row: LookupRow, after: LookupRow): boolean {
  return hex(row.key) > hex(after.key) || (equal(row.key, after.key) && row.index > after.index)
}
