/** What holds of every ratchet, wherever it is kept. */

import { hash } from '../kernel/brand.ts'
import { equal, hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Mark, Ratchet } from '../log/ports.ts'
import { parseSlot, type RatchetIdentity, type Slot } from './ratchet-slot.ts'

/** Advances that are asked for at once are taken in turn, whatever becomes of each. */
export abstract class RatchetInTurn implements Ratchet {
  #last: Promise<void> = Promise.resolve()

  abstract read(): Promise<Mark>

  advance(to: Mark): Promise<void> {
    const turn = this.#last.then(() => this.step(to))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** One advance. @throws TlogError as Ratchet.advance does */
  protected abstract step(to: Mark): Promise<void>
}

/** Size and root alone, whatever else the caller's object carries or becomes. */
export function copyMark({ size, root }: Mark): Mark {
  return { size, root: hash(Uint8Array.from(root)) }
}

/** @throws TlogError RATCHET_REFUSED when `to` is smaller, or of the same size and another root */
export function checkForward(name: string, held: Mark, to: Mark): void {
  if (to.size < held.size) throw refused(name, `holds size ${held.size}, and never goes back to ${to.size}`)
  if (to.size === held.size && !equal(to.root, held.root))
    throw refused(name, `holds another root at size ${held.size}: ${hex(held.root)}, not ${hex(to.root)}`)
}

export const EXISTS = 'exists already: this key has signed before'
export const REPLACED = 'was changed by someone else: is another server signing with this key?'
export const REMEDY =
  'It is the memory of the last head this key signed, and without it an old copy of the database cannot be told from the ' +
  'newest one. Mount or restore the directory it was in; without it the log cannot sign again'

export function refused(name: string, why: string, cause?: unknown): TlogError {
  return new TlogError('RATCHET_REFUSED', `ratchet ${name}: ${why}`, { cause })
}

/** Null: torn or corrupt. @throws TlogError RATCHET_REFUSED when it is another log's, or of another version */
export function readSlot(name: string, identity: RatchetIdentity, bytes: Uint8Array): Slot | null {
  try {
    return parseSlot(identity, bytes)
  } catch (error) {
    throw refused(name, error instanceof Error ? error.message : String(error), error)
  }
}
