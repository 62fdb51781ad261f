/** What a log needs to start, also when it is frozen and can never sign again. */

import { type ErrorCode, TlogError } from '../kernel/error.ts'
import { loadRetired } from '../log/load.ts'
import type { LogState } from '../log/log.ts'
import type { LogReader, Ratchet, Signer } from '../log/ports.ts'
import { openerOf } from '../log/signer.ts'
import type { LogRecord } from '../storage/database.ts'

export interface Startable {
  readonly signer: Signer
  readonly ratchet: Ratchet
  readonly state: LogState
}

/** Of key, ratchet and tail, one is gone, not to be believed, or away. */
const LOST: readonly ErrorCode[] = ['RATCHET_REFUSED', 'STORE_UNAVAILABLE', 'KEY_FILE_REFUSED', 'IDENTITY_CHANGED']

/**
 * A frozen log: whole, when `whole` finds it so and its key is its own; else as far as its newest checkpoint, with hands
 * that cannot sign. It must not keep the other logs from starting. Null: it never published anything, and there is
 * nothing to serve.
 */
export async function openFrozen(
  record: LogRecord,
  store: LogReader,
  whole: () => Promise<Startable>,
): Promise<Startable | null> {
  const found = record.compromisedSince === null ? await unlessLost(whole()) : null
  if (found !== null) return found
  const never = async (): Promise<never> => {
    throw new TlogError('LOG_FROZEN', `log ${record.slug} is retired: it signs nothing any more`)
  }
  const signer: Signer = { sign: never, signedAt: () => 0, renewMs: null, open: openerOf(record.vkey) }
  const state = await loadRetired({ origin: record.origin, store, signer })
  return state === null ? null : { signer, ratchet: { read: never, advance: never }, state }
}

/** Null when key or ratchet is gone, not to be believed, or away. */
export async function unlessLost<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (error instanceof TlogError && LOST.includes(error.code)) return null
    throw error
  }
}
