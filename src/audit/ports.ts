/** What an auditor needs from the world: a log as its server shows it, a memory, and a place for evidence. */

import type { Evidence } from '../formats/evidence.ts'
import type { Hash, LeafHash, LeafIndex, TreeSize } from '../kernel/brand.ts'

/** Not trusted in anything. */
export type AuditedLog = TiledLog | EntryLog

/** c2sp.org/tlog-tiles. */
export interface TiledLog {
  readonly kind: 'tiles'
  /** The newest checkpoint, in one request. @throws TlogError SERVICE_UNREACHABLE, SERVICE_REFUSED */
  checkpoint(): Promise<Uint8Array>
  /** The file at a path such as tile/entries/x001/067, or null when there is none. @throws as `checkpoint` */
  file(path: string): Promise<Uint8Array | null>
}

/** A tree of Rekor v1, which shows entries and proofs. */
export interface EntryLog {
  readonly kind: 'entries'
  checkpoint(): Promise<Uint8Array>
  /** Those from `start` on, in order; fewer than `count` when it does not show all of them. @throws as `checkpoint` */
  entries(start: LeafIndex, count: number): Promise<readonly ShownEntry[]>
  /** What it gives as the proof. @throws as `checkpoint` */
  consistency(first: TreeSize, last: TreeSize): Promise<readonly Hash[]>
}

/** All of it as the log says. */
export interface ShownEntry {
  readonly body: Uint8Array
  /** By which it names the entry. */
  readonly leaf: LeafHash
  readonly proof: {
    readonly index: LeafIndex
    readonly path: readonly Hash[]
    /** Of the tree that the path leads to; null: it shows none. */
    readonly checkpoint: string | null
  }
}

/** The auditor's memory of one log: whole or not at all, durable once written. Trusted. */
export interface AuditMemory {
  /** What was last kept, or null. */
  read(): Uint8Array | null
  write(bytes: Uint8Array): void
}

/** Returns the name of the file, which is the same for the same evidence: it is kept once, as it was first seen. */
export type KeepEvidence = (evidence: Evidence) => string

/** The checkpoint that a witness shows of a log, or null when it shows none. @throws TlogError SERVICE_UNREACHABLE, SERVICE_REFUSED */
export interface WitnessView {
  /** Its monitoring prefix. */
  readonly url: string
  checkpoint(origin: string): Promise<Uint8Array | null>
}
