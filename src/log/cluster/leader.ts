/**
 * One node's tries to be the one that sequences. It leads while it holds the lease: opens the log under the lease's fence,
 * which checks all that a start checks, and lets go on any doubt. Another node, or this one anew, goes on from what is durable.
 */

import { type ErrorCode, TlogError } from '../../kernel/error.ts'
import type { SequencedLog } from '../log.ts'
import { wakeOrAge } from '../pace.ts'
import type { PoolLimits } from '../pool.ts'
import type { Clock } from '../ports.ts'
import { createSignal } from '../signal.ts'
import type { Fence, Intake, Lease } from './ports.ts'
import { Pump } from './pump.ts'

/** What ends a lead and not the node: the truth is read anew by whoever leads next. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['LEASE_LOST', 'STORE_UNAVAILABLE'])

/** For so many renewals a log may be on its way to being opened: then a node that reaches all it needs is to have its try. */
const OPENING_TURNS = 10

interface Tenure {
  isOver: boolean
}

export interface LeadHooks {
  /** The log has stopped for good. */
  readonly onFailure: (error: unknown) => void
  /** A checkpoint was put off. */
  readonly onPublishDelayed: (error: TlogError) => void
  /** There is a newer checkpoint. */
  readonly onPublished: () => void
}

export interface LeaderParts extends Pick<LeadHooks, 'onPublished'> {
  readonly lease: Lease
  readonly intake: Intake
  readonly clock: Clock
  readonly pool: PoolLimits
  /** How often the lease is kept: a third of its time, or less. */
  readonly claimMs: number
  /** How often it is asked for while another node holds it: what writes wait for when that one is dead. */
  readonly askMs: number
  readonly pollMs: number
  /**
   * The log, loaded and started, every write of which the store compares with the fence.
   * @throws TlogError as loadState does.
   */
  readonly open: (fence: Fence, hooks: LeadHooks) => Promise<SequencedLog>
  /** It has begun to lead; null: it has ended. */
  readonly onLead: (log: SequencedLog | null) => void
  /** A lead was given up, or could not begin, for a reason that passes. */
  readonly onDelayed: (error: TlogError) => void
}

export class Leader {
  readonly #parts: LeaderParts
  readonly #moved = createSignal()
  #pump: Pump | null = null
  #log: SequencedLog | null = null
  #isClosing = false

  constructor(parts: LeaderParts) {
    this.#parts = parts
  }

  /** The log, while this node sequences it. */
  get log(): SequencedLog | null {
    return this.#log
  }

  /** Something was offered on this node. */
  wake(): void {
    this.#pump?.wake()
  }

  /** Ends a lead in good order: what was taken is sequenced and published, and the lease given up. */
  close(): void {
    this.#isClosing = true
    this.#pump?.stop()
    this.#moved.wake()
  }

  /** Until `close`. @throws whatever must stop the node: a store or a ratchet that contradicts the other. */
  async run(): Promise<void> {
    const { lease, clock, claimMs, askMs } = this.#parts
    while (!this.#isClosing) {
      const claimed = await this.#passing(async () => ({ fence: await lease.claim() }))
      const fence = claimed?.fence ?? null
      if (fence !== null && !this.#isClosing) await this.#passing(() => this.#lead(fence))
      const isHeld = claimed !== null && fence === null
      if (!this.#isClosing) await wakeOrAge(this.#moved, clock, isHeld ? askMs : claimMs)
    }
  }

  async #passing<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof TlogError && PASSING.has(error.code))) throw error
      this.#parts.onDelayed(error)
      return null
    }
  }

  /** @throws TlogError LEASE_LOST when another node leads by now, whatever it was that failed here. */
  async #lead(fence: Fence): Promise<void> {
    const { lease, open, onPublished, onDelayed } = this.#parts
    const failed = Promise.withResolvers<never>()
    failed.promise.catch(() => undefined) // heard of in the race below, or too late to matter
    const onPublishDelayed = (error: TlogError) => {
      if (error.code !== 'STORE_UNAVAILABLE') return onDelayed(error)
      failed.reject(error) // the database or the ratchet may be out of this node's reach alone
    }
    const tenure = { isOver: false }
    const kept = this.#keep(fence, tenure)
    kept.catch(() => undefined) // heard of once the log is open
    try {
      const log = await open(fence, { onFailure: failed.reject, onPublishDelayed, onPublished })
      await this.#sequence(log, kept, failed.promise, tenure).catch(readAnew)
    } catch (error) {
      if (error instanceof TlogError && PASSING.has(error.code)) throw error
      if ((await lease.claim()) === fence) throw error
      throw new TlogError('LEASE_LOST', 'another node leads by now', { cause: error })
    } finally {
      this.#end(tenure)
      await kept.catch(() => undefined)
      await this.#passing(() => lease.release(fence))
    }
  }

  async #sequence(log: SequencedLog, kept: Promise<void>, failed: Promise<never>, tenure: Tenure): Promise<void> {
    const { intake, clock, pool, pollMs, onLead } = this.#parts
    const pump = new Pump({ intake, log, clock, limits: pool, pollMs })
    this.#pump = pump
    this.#log = log
    onLead(log)
    const running = Promise.all([pump.run(), kept])
    if (this.#isClosing) this.close()
    try {
      await Promise.race([running, failed])
    } finally {
      this.#end(tenure)
      pump.stop()
      await log.close()
      await running.catch(() => undefined) // the first failure is the one that tells
      await this.#passing(() => pump.leave())
      this.#pump = null
      this.#log = null
      onLead(null)
    }
  }

  #end(tenure: Tenure): void {
    if (!tenure.isOver) this.#moved.wake()
    tenure.isOver = true
  }

  /** Renews the lease from the moment it is taken: to open a log may take longer than it lasts. @throws TlogError LEASE_LOST */
  async #keep(fence: Fence, tenure: Readonly<Tenure>): Promise<void> {
    const { lease, clock, claimMs } = this.#parts
    for (let turn = 0; ; turn++) {
      await wakeOrAge(this.#moved, clock, claimMs)
      if (this.#isClosing || tenure.isOver) return
      if (this.#log === null && turn >= OPENING_TURNS) throw new TlogError('LEASE_LOST', 'it took too long to begin')
      if ((await lease.claim()) !== fence) throw new TlogError('LEASE_LOST', 'another node took the lease')
    }
  }
}

/**
 * A ratchet that moved meanwhile may have been moved by what a former leader had under way: the next lead reads it, and
 * what it then holds decides.
 */
function readAnew(error: unknown): never {
  if (!(error instanceof TlogError && error.code === 'RATCHET_REFUSED')) throw error
  throw new TlogError('LEASE_LOST', `the lead is given up: ${error.message}`, { cause: error })
}
