/** One log: takes entries, answers with receipts, serves tiles. Plain data in and out; see docs/design.md for the order of steps. */

import type { Promised } from '../formats/sigstore/promise.ts'
import type { Hash, LeafHash, LeafIndex, TreeSize, UnixMillis } from '../kernel/brand.ts'
import type { Edge } from '../kernel/edge.ts'
import type { TlogError } from '../kernel/error.ts'
import type { NodeId } from '../kernel/range.ts'
import type { PoolLimits } from './pool.ts'
import type {
  Attachment,
  Clock,
  ContentName,
  DigestAlgorithm,
  Entry,
  Head,
  LogStore,
  Place,
  Published,
  Ratchet,
  Signer,
  Witnesses,
} from './ports.ts'
import type { Receipt } from './prover.ts'
import { RunningLog } from './running.ts'
import type { OnStep } from './steps.ts'

export type { Receipt } from './prover.ts'

export interface LogLimits {
  readonly pool: PoolLimits
  /** Entries in one sealed batch. */
  readonly batch: number
  /** Durable entries that no checkpoint covers yet, before sealing pauses. */
  readonly unpublished: number
  /** Their bytes, with attachments, before sealing pauses; both bounds may be passed by one batch. */
  readonly unpublishedBytes: number
  /** How long a caller of `add` waits for its receipt. */
  readonly waitMs: number
  /** How long an end may hold writers up before it is given up. */
  readonly drainMs: number
  /** The least time between two rounds of the same loop under load. */
  readonly intervalMs: number
}

export const DEFAULT_LIMITS: LogLimits = {
  pool: { entries: 4096, bytes: 64 * 2 ** 20 },
  batch: 1024,
  unpublished: 65_536,
  unpublishedBytes: 256 * 2 ** 20,
  waitMs: 4000, // sigstore-js gives up at 5 s
  drainMs: 10_000,
  intervalMs: 5,
}

export interface LogIdentity {
  readonly slug: string
  readonly dialect: string
  readonly origin: string
  /** The C2SP verifier key of the log's first signature line. */
  readonly vkey: string
  /** Of a Rekor v1 log, the key of the second line: DER SubjectPublicKeyInfo in base64. */
  readonly ecdsaKey?: string | null
  /** The verifier key of its ML-DSA-44 line, where it has one. */
  readonly mlDsaVkey?: string | null
}

export interface LogParts {
  readonly identity: LogIdentity
  /**
   * A frozen log takes no entries. What it has is served and, where it is not yet, published. A compromised one is frozen,
   * and its key counts for nothing: `signer` must not sign for it.
   */
  readonly state: 'active' | 'frozen' | 'compromised'
  readonly store: LogStore
  /** Resolves with the reason when the store will never write again: the log then stops at once, busy or idle. */
  readonly storeLost: Promise<unknown>
  readonly ratchet: Ratchet
  readonly signer: Signer
  readonly witnesses: Witnesses
  readonly clock: Clock
  readonly limits: LogLimits
  readonly onStep: OnStep
  /** A round of publication was put off, by witnesses or a full disk: nothing was shown, and it is tried again. */
  readonly onPublishDelayed: (error: TlogError) => void
  /** The log has stopped for good; `error` says why. Called once. */
  readonly onFailure: (error: unknown) => void
}

/** What the start found: verified, and the place to go on from. */
export interface LogState {
  readonly head: Head
  readonly edge: Edge
  readonly published: Published | null
}

export interface LogStatus {
  readonly durable: TreeSize
  readonly published: TreeSize
  readonly pooled: number
  readonly waiting: number
  readonly state: 'running' | 'closing' | 'failed'
  readonly frozen: boolean
  readonly compromised: boolean
  /** This process sequences it; of several nodes, one does. */
  readonly leads: boolean
  /** Since when publication has been put off, round after round, and the newest reason; null while it goes well. */
  readonly delayed: { readonly since: UnixMillis; readonly reason: string } | null
}

export interface Log {
  readonly identity: LogIdentity
  /**
   * Resolves with a receipt once a published checkpoint covers the entry, and its attachments are durable: also those
   * of a repeat whose entry was logged without them.
   * @throws TlogError ENTRY_TOO_LARGE; LOG_BUSY when the pool is full or the wait is over (the entry may still be
   *   logged: offering it again gives its receipt); STORE_FULL; STORE_CORRUPT when no valid proof comes out of the
   *   store; LOG_FROZEN; LOG_CLOSED when it is shutting down or about to be frozen; LOG_FAILED.
   */
  add(entry: Entry): Promise<Receipt>
  /** The newest published checkpoint; null until the first round after the log's creation. */
  published(): Published | null
  /** The first `width` hashes of a tile inside the published tree, or null. */
  tile(level: number, index: number, width: number): Promise<Uint8Array | null>
  /** The first `width` entries of a bundle inside the published tree, or null. */
  bundle(index: number, width: number): Promise<Uint8Array | null>
  /** An entry of the published tree, or null. */
  entry(index: LeafIndex): Promise<Uint8Array | null>
  /**
   * Nodes that are complete in the published tree, in the order of `ids`; not authenticated, as kernel/proof.ts wants them.
   * @throws TlogError RANGE_INVALID for one that is not complete; TILE_MALFORMED, PROOF_INVALID by a corrupt store.
   */
  nodes(ids: readonly NodeId[]): Promise<readonly Hash[]>
  /** Where an entry of the published tree is; null when it is not stored or not published yet. */
  find(hash: LeafHash): Promise<Place | null>
  /** Entries of the published tree under a lookup key, ascending, above `after`, at most `limit`. */
  lookup(key: Uint8Array, after: LeafIndex | null, limit: number): Promise<readonly LeafIndex[]>
  attachment(algorithm: DigestAlgorithm, digest: Uint8Array): Promise<Attachment['content'] | null>
  /** The entry of this log by which content was taken back; perhaps not published yet. Null: it was not, or by another log's. */
  withdrawn(name: ContentName): Promise<Place | null>
  /** The kept checkpoints, about one a minute, of size above `after` (null: from the first), ascending, at most `limit`. */
  history(after: TreeSize | null, limit: number): Promise<readonly Published[]>
  /**
   * Rekor v1's signed entry timestamp, made anew. Which entry and time it is about is for the caller to get right.
   * Null when the log has no key for it, or signs nothing any more.
   */
  promise(entry: Promised): Promise<Uint8Array | null>
  status(): LogStatus
  /** Sees all that any node had answered before this call, unless the store does not say so in time. Where no other answers: at once. */
  catchUp(): Promise<void>
  /** Once what was durable at the start is published, or could not be: from then on there is a checkpoint to read. */
  started(): Promise<void>
  /**
   * Ends it in good order, and resolves with its final checkpoint. Callers of `add` are put off meanwhile, refused afterwards.
   * @param record makes the end durable. When it throws, or before it is called, the log goes on as before.
   * @throws TlogError LOG_BUSY when what was taken is not published in time; LOG_FROZEN, LOG_CLOSED, LOG_FAILED; what
   *   `record` throws.
   */
  freeze(record: (last: Published) => Promise<void>): Promise<Published>
  /** Takes nothing new, sequences and publishes what it has, answers every waiter. */
  close(): Promise<void>
}

/** For who answers callers in another way than by `add`. */
export interface SequencedLog extends Log {
  /** Resolves once the entry is durable at its place, with its attachments; waits for no checkpoint. Throws as `add` does. */
  sequence(entry: Entry): Promise<Place>
}

/** Starts both loops. `state` must come from `loadState`, which verified it. */
export function createLog(parts: LogParts, state: LogState): SequencedLog {
  return new RunningLog(parts, state)
}
