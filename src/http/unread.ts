/** Large answers that readers have not taken yet: slow ones would fill the memory otherwise. */

import type { FastifyReply } from 'fastify'
import { TlogError } from '../kernel/error.ts'
import type { Clock } from '../log/ports.ts'

/** Of bundles, each up to 16 MiB, and of entries in answers of Rekor v1, ten in each with what was attested. */
const UNREAD_BYTES = 128 * 2 ** 20
/** For one answer to be taken; whoever drips holds it no longer. */
const TAKE_MS = 60_000

/** What all readers of one server hold of it. */
export class Unread {
  readonly #after: Clock['after']
  readonly #held = new Map<FastifyReply, number>()
  #bytes = 0

  constructor(after: Clock['after']) {
    this.#after = after
  }

  /** Before the read. @throws TlogError LOG_BUSY */
  checkRoom(): void {
    if (this.#bytes >= UNREAD_BYTES)
      throw new TlogError('LOG_BUSY', 'too many large answers are being sent; try again shortly')
  }

  /** Until the answer is taken, or cut. An answer may hold several things. */
  hold(bytes: number, reply: FastifyReply): void {
    if (reply.raw.destroyed) return // it would never say that it is closed
    const before = this.#held.get(reply)
    this.#held.set(reply, bytes + (before ?? 0))
    this.#bytes += bytes
    if (before !== undefined) return
    const cancel = this.#after(TAKE_MS, () => reply.raw.destroy())
    reply.raw.once('close', () => {
      this.#bytes -= this.#held.get(reply) ?? 0
      this.#held.delete(reply)
      cancel()
    })
  }
}
