/** What a database of logs is, whichever way it is kept. */

import type { TreeSize, UnixMillis } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import type { Fence } from '../log/cluster/ports.ts'
import type { LogStore } from '../log/ports.ts'
import type { LogTarget } from '../log/transfer/ports.ts'

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

/** A copy from one database to another. */
export interface Copy {
  /** The same in both. */
  readonly name: string
  /** The other database, in words without a password. */
  readonly place: string
}

/** What a database is to a copy of it: one comes in, none does, or its logs went elsewhere and go on there. */
export interface Standing {
  readonly state: 'arriving' | 'open' | 'left'
  /** The last one; null: there never was any. */
  readonly copy: Copy | null
}

/** What was copied of a log. */
export interface Copied {
  readonly record: LogRecord
  readonly size: TreeSize
  /** Of the lease under which it was, where several nodes share the database. */
  readonly fence?: Fence | undefined
}

/** A database whose logs can be copied to another, or come from one. */
export interface MovableDatabase extends LogDatabase {
  standing(): Promise<Standing>
  /** From now on it takes in a copy, and is not served. @throws TlogError COPY_REFUSED when there are logs already */
  arrive(copy: Copy): Promise<void>
  /** The copy is whole. @throws TlogError COPY_REFUSED when it was not coming in */
  arrived(copy: Copy): Promise<void>
  /**
   * From now on nothing is written: the logs go on elsewhere.
   * @throws TlogError COPY_REFUSED when a log is not what was copied, LOG_BUSY when entries wait; nothing is changed.
   */
  leave(copy: Copy, copied: readonly Copied[]): Promise<void>
  /** Where a log of a copy comes in. @throws TlogError LOG_UNKNOWN */
  target(number: number): LogTarget
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
