/** Callers whose entries are durable and not yet public: first each learns its place, then waits for a checkpoint that covers it. */

import type { LeafHash, LeafIndex } from '../../kernel/brand.ts'
import type { TlogError } from '../../kernel/error.ts'
import type { Patience } from '../patience.ts'
import type { LogReader, Place, Published } from '../ports.ts'
import type { Intake, Ticket } from './ports.ts'

interface Unplaced {
  readonly hash: LeafHash
  resolve(place: Place): void
  reject(error: unknown): void
}

interface Uncovered {
  readonly index: LeafIndex
  resolve(published: Published): void
  reject(error: unknown): void
}

interface SettlementsParts {
  readonly reader: Pick<LogReader, 'find'>
  readonly intake: Pick<Intake, 'waiting'>
  /** Why an entry that waits no more is not in the tree. */
  readonly refusal: () => TlogError
}

export class Settlements {
  readonly #parts: SettlementsParts
  readonly #unplaced = new Map<Ticket, Unplaced>()
  readonly #uncovered = new Set<Uncovered>()

  constructor(parts: SettlementsParts) {
    this.#parts = parts
  }

  get waiting(): number {
    return this.#unplaced.size + this.#uncovered.size
  }

  /** Resolves once the entry, with its attachments, is durable in the tree. */
  placed(ticket: Ticket, hash: LeafHash, patience: Patience): Promise<Place> {
    return new Promise((resolve, reject) => {
      this.#unplaced.set(ticket, { hash, resolve, reject })
      patience.giveUp = () => this.#unplaced.delete(ticket)
    })
  }

  /** Resolves with a checkpoint that covers `index`: `published`, at once, when it does. */
  async covered(index: LeafIndex, published: Published | null, patience: Patience): Promise<Published> {
    if (published !== null && index < published.size) return published
    return await new Promise((resolve, reject) => {
      const waiter = { index, resolve, reject }
      this.#uncovered.add(waiter)
      patience.giveUp = () => this.#uncovered.delete(waiter)
    })
  }

  /** Asks the store what became of those without a place. */
  async place(): Promise<void> {
    const asked = [...this.#unplaced]
    if (asked.length === 0) return
    const { reader, intake } = this.#parts
    const still = new Set(await intake.waiting(asked.map(([ticket]) => ticket)))
    const gone = asked.filter(([ticket]) => !still.has(ticket))
    const places = await reader.find(gone.map(([, { hash }]) => hash))
    gone.forEach(([ticket, waiter], i) => {
      this.#unplaced.delete(ticket)
      const place = places[i] ?? null
      if (place === null) waiter.reject(this.#parts.refusal())
      else waiter.resolve(place)
    })
  }

  /** Answers whom the checkpoint covers. */
  answer(published: Published): void {
    for (const waiter of this.#uncovered) {
      if (waiter.index >= published.size) continue
      this.#uncovered.delete(waiter)
      waiter.resolve(published)
    }
  }

  /** Nobody gets an answer any more. */
  fail(error: unknown): void {
    for (const { reject } of [...this.#unplaced.values(), ...this.#uncovered]) reject(error)
    this.#unplaced.clear()
    this.#uncovered.clear()
  }
}
