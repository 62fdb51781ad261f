/** What a witness needs from the world. */

import type { ListedLog } from '../formats/c2sp/log-list.ts'
import type { Vkey } from '../formats/c2sp/vkey.ts'
import type { TreeHead } from '../kernel/proof.ts'

/** The newest head of a log that this witness cosigned. */
export interface CosignedHead extends TreeHead {
  /** Of the cosignatures, in seconds since 1970: never less than that of the head before. */
  readonly time: number
  /** The checkpoint with the log's lines that were verified, and ours. No other line is in it. */
  readonly note: Uint8Array
}

/** As much of it as a metric shows. */
export interface CosignedSize extends Pick<CosignedHead, 'size' | 'time'> {
  readonly origin: string
}

/**
 * The witness's durable memory. Trusted: whoever can edit it, or put back an older one, can make the witness cosign a
 * second history.
 */
export interface WitnessStore {
  /** Of the log with this ID (logIdOf), or null when nothing of it was ever cosigned. */
  head(logId: Uint8Array): Promise<CosignedHead | null>
  /**
   * Replaces the head of a log: durable once it returns, absent if it throws HEAD_MOVED, RATCHET_REFUSED, STORE_FULL or
   * STORE_LOCKED; after any other error the outcome is unknown, and the caller must stop.
   *
   * @param expected what is replaced; null: nothing was cosigned before
   * @throws TlogError HEAD_MOVED when the stored head is not `expected`; RATCHET_REFUSED when `next` goes back in size or
   *   time, or has another root at the same size
   */
  advance(origin: string, expected: CosignedHead | null, next: CosignedHead): Promise<void>
  /** Of every log of which something was cosigned, without its note, in no order. */
  heads(): Promise<readonly CosignedSize[]>
  /** Logs that lists brought, in the order of their coming. */
  listed(): Promise<readonly ListedLog[]>
  /** Adds those whose origin is not there yet, all in one transaction. What is there stays as it is. Throws as advance does. */
  addListed(logs: readonly ListedLog[]): Promise<void>
  close(): void
}

/** One of the witness's own keys: what others verify by, and its signature over a message. */
export interface WitnessKey {
  readonly vkey: Vkey
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** Of one name. */
export interface WitnessKeys {
  /** Of type 0x04. */
  readonly ed25519: WitnessKey
  /** Of type 0x06. */
  readonly mlDsa44: WitnessKey
}
