/** What the log needs from the world. The log owns these contracts; storage and main.ts fulfil them. */

import type { Checkpoint } from '../formats/c2sp/checkpoint.ts'
import type { Promised } from '../formats/sigstore/promise.ts'
import type { Hash, LeafHash, LeafIndex, TreeSize, UnixMillis } from '../kernel/brand.ts'

/** The tree at one moment. One is stored per sealed batch, and one of size 0 when the log is created. */
export interface Head {
  readonly size: TreeSize
  readonly root: Hash
  /** When it was sealed; never less than the head before. */
  readonly time: UnixMillis
}

export type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512'

/** By what content is asked for. */
export interface ContentName {
  readonly algorithm: DigestAlgorithm
  readonly digest: Uint8Array
}

/** Content kept beside the log because a leaf contains its digest. */
export interface Attachment extends ContentName {
  readonly content: Uint8Array
}

/** A row by which an entry is found: SHA-256 of `<type>:<value>`, 32 bytes. */
export interface LookupKey {
  readonly key: Uint8Array
  /** What it was derived from, and so can be rebuilt from; a key of an attachment comes with that attachment. */
  readonly source: 'leaf' | 'attachment'
}

/** One as it is stored: an entry under a key. */
export interface LookupRow extends LookupKey {
  readonly index: LeafIndex
}

/** What a dialect makes of a request. Plain data: it survives structured clone. */
export interface Entry {
  /** The bytes whose hash is in the tree, at most 65,535. */
  readonly leaf: Uint8Array
  readonly keys: readonly LookupKey[]
  readonly attachments: readonly Attachment[]
  /** Content that its operator takes back by this entry, in the log's own name. */
  readonly withdraws?: ContentName
}

export interface SealedEntry extends Entry {
  readonly hash: LeafHash
}

/** What a repeat brings that its stored entry may not have: see LogStore.attach. */
export interface Supplement {
  readonly index: LeafIndex
  /** Lookup keys derived from the attachments. */
  readonly keys: readonly LookupKey['key'][]
  readonly attachments: readonly Attachment[]
}

/** The lookup keys that an entry has from its attachments. */
export type DerivedRows = Omit<Supplement, 'attachments'>

/** A full tile of level 1 or above that a batch completed: 256 hashes, 8192 bytes. */
export interface FullTile {
  readonly level: number
  readonly index: number
  readonly bytes: Uint8Array
}

export interface SealedBatch {
  /** At indexes expected.size, expected.size + 1, … */
  readonly entries: readonly SealedEntry[]
  readonly tiles: readonly FullTile[]
  readonly head: Head
}

/** Where an entry is, and when the head that first covered it was sealed. Neither ever changes. */
export interface Place {
  readonly index: LeafIndex
  readonly time: UnixMillis
}

/** A checkpoint that was signed and made public, as the bytes that went out. */
export interface Published {
  readonly size: TreeSize
  readonly root: Hash
  readonly time: UnixMillis
  readonly note: Uint8Array
}

/** Reads of one log. Speaks tiles and parts of one, so that an object store can answer too: it reads the whole. */
export interface LogReader {
  /** The newest durable head, or null before the log was created. */
  head(): Promise<Head | null>
  /** The heads of size above `after` (null: from the first), ascending, at most `limit`. */
  heads(after: TreeSize | null, limit: number): Promise<readonly Head[]>
  /** The first `width` (1…256) hashes of a tile, 32 bytes each, or null when the durable tree does not fill them. */
  tile(level: number, index: number, width: number): Promise<Uint8Array | null>
  /** The first `width` entries of a bundle in the encoding of c2sp.org/tlog-tiles, or null when they are not durable. */
  bundle(index: number, width: number): Promise<Uint8Array | null>
  /** One entry, or null when it is not durable. */
  entry(index: LeafIndex): Promise<Uint8Array | null>
  /** The hashes of `count` leaves of one tile, 32 bytes each, or null when they are not durable. */
  leafHashes(first: LeafIndex, count: number): Promise<Uint8Array | null>
  /** For each hash its place, or null. Exact: all 256 bits are compared. */
  find(hashes: readonly LeafHash[]): Promise<readonly (Place | null)[]>
  /** Entries under a lookup key, ascending, above `after`, at most `limit`. */
  lookup(key: Uint8Array, after: LeafIndex | null, limit: number): Promise<readonly LeafIndex[]>
  /** For each key the first entry under it, or null. */
  firstUnder(keys: readonly Uint8Array[]): Promise<readonly (LeafIndex | null)[]>
  /** For each whether the entry is found under the key. */
  hasLookups(rows: readonly Pick<LookupRow, 'key' | 'index'>[]): Promise<readonly boolean[]>
  /** The rows above `after` (null: from the first), by key and then index, at most `limit`. */
  lookups(after: LookupRow | null, limit: number): Promise<readonly LookupRow[]>
  /** Which of `count` entries from `first` on brought content from which lookup rows followed. They stay so, whatever becomes of the rows. */
  brought(first: LeafIndex, count: number): Promise<readonly LeafIndex[]>
  attachment(algorithm: DigestAlgorithm, digest: Uint8Array): Promise<Uint8Array | null>
  /** Of the names, in order, each one's content or null: of one at least, of fewer than all where they are large. */
  contents(names: readonly ContentName[]): Promise<readonly (Uint8Array | null)[]>
  /** Those above `after`, by algorithm and then digest, at most `limit`; fewer where they are large, and none at the end alone. */
  attachments(after: ContentName | null, limit: number): Promise<readonly Attachment[]>
  /** The entry of this log by which content was taken back; null: it was not, or by another log's. */
  withdrawn(name: ContentName): Promise<Place | null>
  /** What was taken back, by whichever log of the store, in the order in which it was, without the first `skip`. */
  withdrawals(skip: number, limit: number): Promise<readonly ContentName[]>
  /** The newest published checkpoint, or null before the first. */
  published(): Promise<Published | null>
  /** The kept history: about one a minute, of size above `after`, ascending, at most `limit`. */
  history(after: TreeSize | null, limit: number): Promise<readonly Published[]>
  /** How much is kept beside the tree. For a full check: it counts row by row. */
  totals(): Promise<Totals>
}

export interface Totals {
  /** Lookup rows that follow from a leaf: an entry under a key, each once. Those of attachments are not counted. */
  readonly lookups: number
  readonly attachments: number
  /** By entries of this log. */
  readonly withdrawals: number
}

/** The log's durable memory. Trusted: whoever can edit it can stop the log, and only the ratchet keeps it from forking. */
export interface LogStore extends LogReader {
  /**
   * Entries, lookup rows, attachments, tiles and head in one transaction: fsynced once it returns, absent if it throws
   * HEAD_MOVED, STORE_FULL or LOG_FROZEN; after any other error the outcome is unknown and the caller must stop.
   *
   * What an entry withdraws goes in the same transaction, out of every log of the store, frozen ones too. From then on no
   * log keeps that content: an entry that brings it is kept without it, and without the lookup rows derived from it.
   *
   * @throws TlogError HEAD_MOVED when the stored head is not `expected`: another process is writing.
   * @throws TlogError STORE_FULL when the disk is full; nothing was kept.
   * @throws TlogError LOG_FROZEN when the log is frozen; nothing was kept.
   * @throws TlogError STORE_REPLACED when the file under the store is no longer the one that was opened.
   */
  append(expected: Head | null, batch: SealedBatch): Promise<void>
  /**
   * Keeps attachments and their lookup rows for entries that are stored, all in one transaction; what is there already
   * stays as it is, and costs no write; what was withdrawn is passed over. The tree does not change. A frozen log takes none: it grows no more, not even
   * beside its tree. Throws as append does, but for HEAD_MOVED.
   *
   * @throws TlogError LOG_FROZEN when the log is frozen, INDEX_OUT_OF_RANGE when an entry is not stored; nothing was kept.
   */
  attach(supplements: readonly Supplement[]): Promise<void>
  /**
   * Lookup rows that follow from attachments that are kept, all in one transaction. Of a frozen log too: it holds no more than
   * it did, and is found by all of it. Throws as attach does, but for LOG_FROZEN.
   */
  index(rows: readonly DerivedRows[]): Promise<void>
  /** Makes a checkpoint the newest published one, durably. Never a smaller one than before. Throws as append does. */
  publish(published: Published): Promise<void>
}

/** Size and root that the log's key last signed, or was about to. */
export interface Mark {
  readonly size: TreeSize
  readonly root: Hash
}

/** The signer's own memory, apart from the store. Whoever controls it as well as the store can make the log fork. */
export interface Ratchet {
  read(): Promise<Mark>
  /**
   * Durable once it returns. The same mark again is allowed, and free.
   * @throws TlogError RATCHET_REFUSED on a smaller size, or another root at the same size.
   */
  advance(to: Mark): Promise<void>
}

/** Signs checkpoints with the log's own keys. */
export interface Signer {
  /**
   * The whole note; the line that `open` looks for is the first. A line with a time says that the log has signed no larger
   * tree until then: sign nothing but the newest head, and never with an earlier time.
   *
   * @param time in seconds since 1970, at least 1
   */
  sign(checkpoint: Checkpoint, time: number): Promise<Uint8Array>
  /** The time in a note that this signer once made; 0 where none of its lines has one. Nothing is verified. */
  signedAt(note: Uint8Array): number
  /** After so long what was signed is to be signed anew, while it is still the newest; null: it does not age. */
  readonly renewMs: number | null
  /**
   * The text of a note that this signer once made.
   * @throws TlogError SIGNATURE_INVALID or SIGNATURE_UNKNOWN_KEY when it did not.
   */
  open(note: Uint8Array): Promise<Uint8Array>
  /** Of a Rekor v1 log whose key is at hand: signs that an entry is in the log, and since when. */
  readonly promise?: (entry: Promised) => Promise<Uint8Array>
}

/** A signed head that nobody has seen yet. */
export interface UnshownHead extends Mark {
  /** Its checkpoint, with the log's own lines. */
  readonly note: Uint8Array
  /** That it grew out of an earlier head, of a size from 0 to its own. */
  growth(from: TreeSize): Promise<readonly Hash[]>
}

/** Asks for the cosignatures that the policy wants before a checkpoint may be shown to anyone. */
export interface Witnesses {
  /** How many heads they may be given at a time, each of which grew out of the one before. */
  readonly atOnce: number
  /**
   * The note with the witnesses' lines after the log's own. Ends by itself, in bounded time: close() waits for it.
   * @throws TlogError QUORUM_MISSED when too few cosigned, WITNESS_REFUSED when one has seen another history: nothing is
   *   published, and the next round asks anew.
   */
  cosign(head: UnshownHead): Promise<Uint8Array>
  /** After so long a head that is still the newest is to be cosigned anew; null: never. */
  readonly renewMs: number | null
}

export interface Clock {
  now(): UnixMillis
  /** Calls `run` once after `ms`, unless cancelled before. */
  after(ms: number, run: () => void): () => void
}
