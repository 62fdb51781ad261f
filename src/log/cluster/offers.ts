/** Entries on their way into the intake, in groups: while one is being written, the next one gathers. */

import type { LeafHash } from '../../kernel/brand.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Patience } from '../patience.ts'
import type { PoolLimits } from '../pool.ts'
import type { Entry, LogReader, Place } from '../ports.ts'
import type { Intake, Ticket } from './ports.ts'

/** What became of an offer. At least one of the two is there. */
export interface Offered {
  /** Where the entry was before it was offered: this one is a repeat. */
  readonly known: Place | null
  /** Null for a repeat that brings nothing new. */
  readonly ticket: Ticket | null
}

interface Offer {
  readonly entry: Entry
  readonly hash: LeafHash
  isLeft: boolean
  resolve(offered: Offered): void
  reject(error: unknown): void
}

interface OffersParts {
  readonly reader: Pick<LogReader, 'find'>
  readonly intake: Pick<Intake, 'offer'>
  readonly limits: PoolLimits
  /** Of one group. */
  readonly batch: number
}

export class Offers {
  readonly #parts: OffersParts
  #gathered: Offer[] = []
  #isWriting = false
  #entries = 0
  #bytes = 0

  constructor(parts: OffersParts) {
    this.#parts = parts
  }

  /** Gathered, or being written. */
  get size(): number {
    return this.#entries
  }

  /**
   * Resolves once the entry is durable. One whose caller has given up before its group is written is dropped.
   * @throws TlogError LOG_BUSY when too many are on their way here, or wait for all nodes; as Intake.offer.
   */
  add(entry: Entry, hash: LeafHash, patience: Patience): Promise<Offered> {
    const bytes = bytesOf(entry)
    const { limits } = this.#parts
    if (this.#entries >= limits.entries || this.#bytes + bytes > limits.bytes)
      throw new TlogError('LOG_BUSY', 'too many entries are waiting to be kept; try again shortly')
    this.#entries += 1
    this.#bytes += bytes
    const offered = new Promise<Offered>((resolve, reject) => {
      const offer: Offer = { entry, hash, isLeft: false, resolve, reject }
      patience.giveUp = () => {
        offer.isLeft = true
      }
      this.#gathered.push(offer)
    })
    void this.#write()
    return offered.finally(() => {
      this.#entries -= 1
      this.#bytes -= bytes
    })
  }

  async #write(): Promise<void> {
    if (this.#isWriting) return
    this.#isWriting = true
    while (this.#gathered.length > 0) await this.#group(this.#gathered.splice(0, this.#parts.batch))
    this.#isWriting = false
  }

  async #group(offers: readonly Offer[]): Promise<void> {
    try {
      const { reader, intake } = this.#parts
      const places = await reader.find(offers.map(({ hash }) => hash))
      const kept = offers.filter(
        ({ entry, isLeft }, i) => !isLeft && (places[i] == null || entry.attachments.length > 0),
      )
      const tickets = kept.length === 0 ? [] : await intake.offer(kept)
      const ticketOf = new Map(kept.map((offer, i) => [offer, tickets[i] ?? null]))
      offers.forEach((offer, i) => {
        offer.resolve({ known: places[i] ?? null, ticket: ticketOf.get(offer) ?? null })
      })
    } catch (error) {
      for (const { reject } of offers) reject(error)
    }
  }
}

function bytesOf({ leaf, attachments }: Entry): number {
  return attachments.reduce((sum, { content }) => sum + content.length, leaf.length)
}
