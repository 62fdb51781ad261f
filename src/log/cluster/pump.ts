/** Brings what waits in the intake into the log that this node sequences. An entry leaves the intake when it is in the tree. */

import { TlogError } from '../../kernel/error.ts'
import type { SequencedLog } from '../log.ts'
import { sleep, wakeOrAge } from '../pace.ts'
import type { PoolLimits } from '../pool.ts'
import type { Clock } from '../ports.ts'
import { createSignal } from '../signal.ts'
import type { Intake, Ticket, Waiting } from './ports.ts'

const RETRY_MS = 1000

export interface PumpParts {
  readonly intake: Intake
  readonly log: Pick<SequencedLog, 'sequence'>
  readonly clock: Clock
  /** Of what is taken and not settled: what the log's own pool holds. */
  readonly limits: PoolLimits
  /** How often an intake that seemed empty is asked again: another node may have written. */
  readonly pollMs: number
}

export class Pump {
  readonly #parts: PumpParts
  readonly #moved = createSignal()
  /** With their bytes. */
  readonly #taken = new Map<Ticket, number>()
  #settled: Ticket[] = []
  #bytes = 0
  #isPaused = false
  #isStopped = false

  constructor(parts: PumpParts) {
    this.#parts = parts
  }

  /** Something was offered on this node. */
  wake(): void {
    this.#moved.wake()
  }

  /** Takes nothing more. What was taken stays in the intake unless it is settled. */
  stop(): void {
    this.#isStopped = true
    this.#moved.wake()
  }

  /** Until `stop`. @throws TlogError STORE_UNAVAILABLE */
  async run(): Promise<void> {
    const { clock, pollMs } = this.#parts
    while (!this.#isStopped) {
      const left = await this.leave()
      const taken = this.#isPaused ? 0 : await this.#take()
      if (this.#isPaused) await this.#pause()
      else if (left + taken === 0) await wakeOrAge(this.#moved, clock, pollMs)
    }
  }

  /** What is in the tree, out of the intake. Returns how many. @throws TlogError STORE_UNAVAILABLE */
  async leave(): Promise<number> {
    const settled = this.#settled.splice(0)
    if (settled.length > 0) await this.#parts.intake.done(settled)
    for (const ticket of settled) this.#forget(ticket)
    return settled.length
  }

  async #take(): Promise<number> {
    const { intake, limits } = this.#parts
    const room = { entries: limits.entries - this.#taken.size, bytes: limits.bytes - this.#bytes }
    if (room.entries <= 0 || room.bytes <= 0) return 0
    const taken = await intake.take(room, [...this.#taken.keys()])
    for (const waiting of taken) void this.#sequence(waiting)
    return taken.length
  }

  async #sequence({ ticket, entry }: Waiting): Promise<void> {
    const bytes = entry.attachments.reduce((sum, { content }) => sum + content.length, entry.leaf.length)
    this.#taken.set(ticket, bytes)
    this.#bytes += bytes
    try {
      await this.#parts.log.sequence(entry)
      this.#settled.push(ticket)
    } catch (error) {
      if (error instanceof TlogError && error.code === 'LOG_FROZEN')
        this.#settled.push(ticket) // refused for good
      else this.#putOff(ticket)
    }
    this.#moved.wake()
  }

  /** It waits on, in the intake; the log is full, or has ended and another will take it. */
  #putOff(ticket: Ticket): void {
    this.#forget(ticket)
    this.#isPaused = true
  }

  async #pause(): Promise<void> {
    if (this.#isStopped) return
    await sleep(this.#parts.clock, RETRY_MS)
    this.#isPaused = false
  }

  #forget(ticket: Ticket): void {
    this.#bytes -= this.#taken.get(ticket) ?? 0
    this.#taken.delete(ticket)
  }
}
