/** What a database of logs is, whichever way it is kept. */

import type { UnixMillis } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import type { LogStore } from '../log/ports.ts'

/** A frozen log takes no more entries, and never thaws. */
export type LogState = 'active' | 'frozen'

export interface LogRecord {
  /** 0 … 8191, given in the order of creation. */
  readonly number: number
  /** `[a-z0-9][a-z0-9-]{0,31}`: `{log}` in paths, metrics and commands. */
  readonly slug: string
  readonly dialect: string
  readonly origin: string
  /** The log's own verifier key (c2sp.org/signed-note). */
  readonly vkey: string
  /** Of a Rekor v1 log, the ECDSA key that signs beside it: DER SubjectPublicKeyInfo in base64. */
  readonly ecdsaKey: string | null
  /** The ML-DSA-44 verifier key that signs beside it (type 0x06); null for a log from before there were any. */
  readonly mlDsaVkey: string | null
  readonly createdAt: UnixMillis
  readonly state: LogState
  /** When it was frozen. */
  readonly retiredAt: UnixMillis | null
  /** Since when its key may have been in other hands, by the word of its operator; null: no reason to think so. */
  readonly compromisedSince: UnixMillis | null
}

export type NewLog = Pick<LogRecord, 'slug' | 'dialect' | 'origin' | 'vkey' | 'createdAt'> &
  Partial<Pick<LogRecord, 'ecdsaKey' | 'mlDsaVkey'>>

export interface LogDatabase {
  /** All logs, by number. */
  logs(): Promise<LogRecord[]>
  /**
   * A new active log and its head of size 0, in one transaction.
   * @throws TlogError LOG_EXISTS when its slug or its vkey is taken, FIELD_INVALID on a slug of another form.
   */
  createLog(record: NewLog): Promise<LogRecord>
  /** No entry after this, for ever. A frozen log stays as it was frozen. @throws TlogError LOG_UNKNOWN */
  freezeLog(number: number, at: UnixMillis): Promise<LogRecord>
  /** Freezes it, and says of its key that nothing it signs counts any more. What was said once stays. @throws TlogError LOG_UNKNOWN */
  compromiseLog(number: number, at: UnixMillis, since: UnixMillis): Promise<LogRecord>
  /** The store of one log; the same object at every call. @throws TlogError LOG_UNKNOWN */
  store(number: number): LogStore
  /** Reads the whole file: seconds for each million leaves. @throws TlogError STORE_CORRUPT */
  checkFile(): Promise<void>
  close(): Promise<void>
}

/** Logs in one database. Leaf rows stand at number·2^40 + index, below 2^53. */
export const MAX_LOGS = 8192
/** Leaves in one log. */
export const MAX_LEAVES = 2 ** 40

/** @throws TlogError FIELD_INVALID */
export function checkSlug(slug: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(slug))
    throw new TlogError('FIELD_INVALID', `slug: ${JSON.stringify(slug.slice(0, 40))} is not [a-z0-9][a-z0-9-]{0,31}`)
  if (slug === 'tuf') throw new TlogError('FIELD_INVALID', 'slug: tuf is what the key of the trust files is named')
}
