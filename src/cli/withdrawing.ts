/** Taking content back: in one transaction with the entry that says so, so that a crash leaves both or neither. */

import { type OwnKeys, withdrawalEntry, withdrawalsOf } from '../dialects/withdrawals.ts'
import { digestKey } from '../formats/lookup-key.ts'
import { hex, parseHex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Log } from '../log/log.ts'
import type { Clock, ContentName, LogReader } from '../log/ports.ts'
import type { DataDirectory } from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'
import { readLogKeys } from '../storage/log-keys.ts'
import { recordOf } from './data.ts'

export interface WithdrawRequest extends ContentName {
  /** Of the log that says so: it takes entries. */
  readonly slug: string
  readonly reason: string
  /** Under which the identifiers of the statement stand. */
  readonly base: string
}

const NAME = /^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/

/** @throws Error */
export function parseName(text: string): ContentName {
  if (!NAME.test(text)) throw new Error('must be sha256:, sha384: or sha512: and lowercase hex')
  return { algorithm: text.slice(0, 6) as ContentName['algorithm'], digest: parseHex(text.slice(7)) }
}

/** By which entry it was taken back. */
export interface Withdrawn {
  readonly log: string
  readonly index: number
  /** Before this was asked. */
  readonly wasGone: boolean
}

/**
 * Out of every log of the directory; what was taken back before stays as it was.
 * @throws TlogError NOT_FOUND when no log keeps it; FIELD_INVALID for what says itself that other content was taken back;
 *   LOG_UNKNOWN, KEY_FILE_REFUSED, IDENTITY_CHANGED; as Log.add does
 */
export async function withdrawContent(
  data: DataDirectory,
  log: Log,
  request: WithdrawRequest,
  clock: Pick<Clock, 'now'>,
): Promise<Withdrawn> {
  const { slug, algorithm, digest, reason, base } = request
  const records = await data.database.logs()
  const gone = await placeOf(data, records, request)
  if (gone !== null) return { ...gone, wasGone: true }
  await requireKept(data, records, request)
  const record = recordOf(records, slug)
  const keys: OwnKeys = readLogKeys(data.place, record)
  const effectiveFrom = new Date(clock.now()).toISOString()
  const { index } = await log.add(
    await withdrawalEntry(record, keys, { base, algorithm, digest, reason, effectiveFrom }),
  )
  return { log: slug, index, wasGone: false }
}

async function placeOf(data: DataDirectory, records: readonly LogRecord[], name: ContentName) {
  for (const { number, slug } of records) {
    const place = await data.database.store(number).withdrawn(name)
    if (place !== null) return { log: slug, index: place.index }
  }
  return null
}

async function requireKept(data: DataDirectory, records: readonly LogRecord[], name: ContentName): Promise<void> {
  let isKept = false
  for (const record of records) {
    const store = data.database.store(record.number)
    const content = await store.attachment(name.algorithm, name.digest)
    if (content === null) continue
    isKept = true
    if (await isOwnWithdrawal(store, record, name, content))
      throw new TlogError('FIELD_INVALID', 'that is the statement by which other content was taken back: it stays')
  }
  if (!isKept) throw new TlogError('NOT_FOUND', `no log here keeps ${name.algorithm}:${hex(name.digest)}`)
}

/** It is the first that was found by its digest, which nobody knew before. */
async function isOwnWithdrawal(
  store: LogReader,
  record: LogRecord,
  { algorithm, digest }: ContentName,
  content: Uint8Array,
): Promise<boolean> {
  const [first] = await store.lookup(digestKey(algorithm, digest), null, 1)
  const leaf = first === undefined ? null : await store.entry(first)
  return leaf !== null && withdrawalsOf(record)(leaf, content) !== null
}
