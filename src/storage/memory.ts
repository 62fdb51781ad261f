/** The same contract without a disk, and failures on command. For tests; nothing of it outlives the process. */

import { formatBundle } from '../formats/c2sp/bundle.ts'
import { leafIndex, treeSize, type UnixMillis, unixMillis } from '../kernel/brand.ts'
import { concat, hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { EMPTY_ROOT } from '../kernel/hash.ts'
import type {
  Attachment,
  ContentName,
  DerivedRows,
  FullTile,
  Head,
  LogReader,
  LogStore,
  Place,
  Published,
  SealedBatch,
  SealedEntry,
  Supplement,
} from '../log/ports.ts'
import { checkSlug, type LogDatabase, type LogRecord, type NewLog } from './database.ts'
import { type Beside, createBesideReader, keepRow, nameOf } from './memory-beside.ts'
import {
  checkAttachment,
  checkBatch,
  checkExpected,
  checkLeaf,
  checkPublished,
  checkStored,
  distinctKeys,
  entryExists,
  isKept,
  keptEntry,
  keptSupplement,
} from './sealed.ts'
import { checkLeaves, checkTile, tileReader } from './tiles.ts'

/** `before` fails with nothing kept, `after` with everything kept; the caller cannot tell which. */
export type Failure = 'before' | 'after'

type Step = 'append' | 'attach' | 'index' | 'publish'
type Fail = (step: Step) => Failure | undefined

export interface MemoryOptions {
  readonly fail?: Fail
}

interface Withdrawal {
  readonly name: ContentName
  readonly log: MemoryLog
  readonly index: number
}

/** What the logs of a database share. */
interface Shared {
  readonly logs: MemoryLog[]
  /** By name. */
  readonly withdrawals: Map<string, Withdrawal>
}

interface MemoryLog extends Shared, Beside {
  record: LogRecord
  readonly heads: Head[]
  readonly entries: SealedEntry[]
  readonly places: Map<string, number>
  readonly tiles: Map<string, FullTile>
  readonly history: Published[]
  newest: Published | null
}

export function memoryDatabase({ fail = () => undefined }: MemoryOptions = {}): LogDatabase {
  const shared: Shared = { logs: [], withdrawals: new Map() }
  const { logs } = shared
  const stores: LogStore[] = []
  const known = <T>(list: readonly T[], number: number): T => {
    const found = list[number]
    if (found === undefined) throw new TlogError('LOG_UNKNOWN', `there is no log number ${number}`)
    return found
  }
  return {
    logs: async () => logs.map(({ record }) => record),
    createLog: async (record) => {
      checkSlug(record.slug)
      const other = logs.find((log) => log.record.slug === record.slug || log.record.vkey === record.vkey)
      if (other !== undefined)
        throw new TlogError('LOG_EXISTS', `log ${other.record.slug} has that name or verifier key`)
      const log = createMemoryLog(shared, record)
      logs.push(log)
      stores.push(createMemoryStore(log, fail))
      return log.record
    },
    freezeLog: async (number, at) => freeze(known(logs, number), at),
    compromiseLog: async (number, at, since) => {
      const log = known(logs, number)
      const frozen = freeze(log, at)
      log.record = { ...frozen, compromisedSince: frozen.compromisedSince ?? since }
      return log.record
    },
    store: (number) => known(stores, number),
    checkFile: async () => undefined,
    close: async () => undefined,
  }
}

function createMemoryLog(
  shared: Shared,
  { slug, dialect, origin, vkey, createdAt, ecdsaKey = null, mlDsaVkey = null }: NewLog,
): MemoryLog {
  return {
    ...shared,
    record: {
      number: shared.logs.length,
      slug,
      dialect,
      origin,
      vkey,
      ecdsaKey,
      mlDsaVkey,
      createdAt,
      state: 'active',
      retiredAt: null,
      compromisedSince: null,
    },
    heads: [{ size: treeSize(0), root: EMPTY_ROOT, time: createdAt }],
    entries: [],
    places: new Map(),
    keys: new Map(),
    brought: new Set(),
    tiles: new Map(),
    attachments: new Map(),
    history: [],
    newest: null,
  }
}

function createMemoryStore(log: MemoryLog, fail: Fail): LogStore {
  const write = (step: Step, work: () => void): void => {
    const failure = fail(step)
    if (failure !== 'before') work()
    if (failure !== undefined) throw new Error(`memory store: ${step} failed on command`)
  }
  return {
    ...createReader(log),
    append: async (expected, batch) => write('append', () => append(log, expected, batch)),
    attach: async (supplements) => write('attach', () => attach(log, supplements)),
    index: async (rows) => write('index', () => index(log, rows)),
    publish: async (published) => write('publish', () => publish(log, published)),
  }
}

function freeze(log: MemoryLog, at: UnixMillis): LogRecord {
  if (log.record.state === 'active') log.record = { ...log.record, state: 'frozen', retiredAt: at }
  return log.record
}

function checkActive({ record }: MemoryLog): void {
  if (record.state === 'frozen') throw new TlogError('LOG_FROZEN', `log ${record.number} is frozen`)
}

/** Every check stands before the first change, so that a batch is kept whole or not at all. */
function append(log: MemoryLog, expected: Head | null, batch: SealedBatch): void {
  checkActive(log)
  checkExpected(log.heads.at(-1) ?? null, expected)
  checkBatch(expected, batch)
  const entries = structuredClone(batch.entries)
  const fresh = new Set<string>()
  entries.forEach(({ leaf, hash, attachments }, at) => {
    checkLeaf(expected.size + at, leaf, hash)
    attachments.forEach(checkAttachment)
    if (log.places.has(hex(hash)) || fresh.has(hex(hash))) throw entryExists(expected.size + at)
    fresh.add(hex(hash))
  })
  for (const entry of entries) keep(log, entry)
  for (const tile of structuredClone(batch.tiles)) log.tiles.set(`${tile.level}/${tile.index}`, tile)
  log.heads.push(structuredClone(batch.head))
}

function keep(log: MemoryLog, given: SealedEntry): void {
  const index = leafIndex(log.entries.length)
  const entry = keptEntry(given, (name) => log.withdrawals.has(nameOf(name)))
  log.entries.push(entry)
  log.places.set(hex(entry.hash), index)
  for (const key of distinctKeys(entry)) keepRow(log, { ...key, index })
  for (const attachment of entry.attachments) keepAttachment(log, attachment)
  if (entry.withdraws !== undefined) withdraw(log, entry.withdraws, index)
}

function withdraw(log: MemoryLog, name: ContentName, index: number): void {
  if (!log.withdrawals.has(nameOf(name))) log.withdrawals.set(nameOf(name), { name, log, index })
  for (const each of log.logs) each.attachments.delete(nameOf(name))
}

function attach(log: MemoryLog, supplements: readonly Supplement[]): void {
  checkActive(log)
  checkStored(supplements, log.heads.at(-1) ?? null)
  for (const { attachments } of supplements) attachments.forEach(checkAttachment)
  for (const supplement of structuredClone(supplements)) {
    const isWithdrawn = (name: ContentName) => log.withdrawals.has(nameOf(name))
    const { index, keys, attachments } = keptSupplement(supplement, isWithdrawn)
    for (const key of keys) keepRow(log, { key, source: 'attachment', index: leafIndex(index) })
    for (const attachment of attachments) keepAttachment(log, attachment)
  }
}

function index(log: MemoryLog, rows: readonly DerivedRows[]): void {
  checkStored(rows, log.heads.at(-1) ?? null)
  for (const { index, keys } of structuredClone(rows))
    for (const key of keys) keepRow(log, { key, source: 'attachment', index: leafIndex(index) })
}

function keepAttachment(log: MemoryLog, attachment: Attachment): void {
  log.attachments.set(nameOf(attachment), attachment)
}

function publish(log: MemoryLog, published: Published): void {
  const there = log.heads.find(({ size }) => size === published.size)
  checkPublished(published, log.newest, there?.root ?? null)
  const copy = structuredClone(published)
  if (isKept(copy, log.history.at(-1) ?? null)) log.history.push(copy)
  log.newest = copy
}

function createReader(log: MemoryLog): LogReader {
  const size = () => log.heads.at(-1)?.size ?? treeSize(0)
  const leafHashes = (first: number, count: number) =>
    concat(...log.entries.slice(first, first + count).map(({ hash }) => hash))
  const fullTile = (level: number, index: number) => log.tiles.get(`${level}/${index}`)?.bytes ?? null
  const tile = tileReader({ size, leafHashes, fullTile })
  const place = (index: number | undefined): Place | null => {
    const head = index === undefined ? undefined : log.heads.find(({ size }) => size > index)
    return index === undefined || head === undefined ? null : { index: leafIndex(index), time: unixMillis(head.time) }
  }
  // Readers get copies: what they do to them is not done to the log.
  return {
    head: async () => structuredClone(log.heads.at(-1) ?? null),
    heads: async (after, limit) => page(log.heads, after, limit),
    tile: async (level, index, width) => tile(level, index, width),
    bundle: async (index, width) => {
      checkTile(0, index, width)
      const entries = log.entries.slice(index * 256, index * 256 + width)
      return entries.length < width ? null : formatBundle(entries.map(({ leaf }) => leaf))
    },
    entry: async (index) => structuredClone(log.entries[index]?.leaf ?? null),
    leafHashes: async (first, count) => {
      checkLeaves(first, count)
      return first + count > size() ? null : leafHashes(first, count)
    },
    find: async (hashes) => hashes.map((hash) => place(log.places.get(hex(hash)))),
    ...createBesideReader(log),
    withdrawn: async (name) => {
      const found = log.withdrawals.get(nameOf(name))
      return found?.log === log ? place(found.index) : null
    },
    withdrawals: async (skip, limit) =>
      structuredClone([...log.withdrawals.values()].slice(skip, skip + limit).map(({ name }) => name)),
    published: async () => structuredClone(log.newest),
    history: async (after, limit) => page(log.history, after, limit),
    totals: async () => ({
      lookups: [...log.keys.values()].flat().filter(({ source }) => source === 'leaf').length,
      attachments: log.attachments.size,
      withdrawals: [...log.withdrawals.values()].filter((one) => one.log === log).length,
    }),
  }
}

function page<T extends Head>(rows: readonly T[], after: number | null, limit: number): T[] {
  return structuredClone(rows.filter(({ size }) => size > (after ?? -1)).slice(0, limit))
}
